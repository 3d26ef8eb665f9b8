"""Falling out of equilibrium of simulated melts: densities at decreasing temperatures, compared with experiment.

Cells of preset `quick` are melted at 1000 K, expanded at 1 atm and held for 160 ps at several temperatures above the measured glass
transition: once from 450 to 250 K above it, once from 300 to 150 K. A correction for the cooling rate extrapolates the melt line and
therefore needs the temperatures at which the melt is in equilibrium, and its slope. Both follow from the common temperatures of the two
runs, 300 and 250 K above the transition, and from experiment. Experiment: the Tait equations
of `density_causes.py`, extrapolated above 520 K.

    python -m benchmarks.density_melts [--json] [--quick] [--smirnoff openff-2.3.0.offxml] [--work runs/melts]
"""

import math
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.common import answer, command_line, figure
from mdcore.chem import RepeatUnit
from mdcore.chem.constants import ZERO_CELSIUS_K
from mdcore.dynamics import DynamicsStage, mean_and_stderr, read_record, run
from mdcore.measure import build_bundle
from mdcore.settings import SimulationSettings
from mdcore.settings.execution import ExecutionSettings

POLYMERS = {
    "PS": ("*CC(*)c1ccccc1", 373.0, lambda t: 0.9287 * math.exp(5.131e-4 * t)),
    "PMMA": ("*CC(*)(C)C(=O)OC", 378.0, lambda t: 0.8254 + 2.8383e-4 * t + 7.792e-7 * t**2),
}
"""Repeat unit, glass transition in K, and specific volume in cm3/g as a function of t in C."""
STAIRCASES = {"hot": (450.0, 400.0, 350.0, 300.0, 250.0), "cool": (300.0, 250.0, 200.0, 150.0)}
"""Temperatures above the glass transition in K."""
HOLD_PS, SETTLE_PS, COOL_PS, MELT_K = 160.0, 60.0, 20.0, 1000.0
QUICK_HOLD_PS = 20.0
FORGOTTEN = 8
"""Number of parts of a hold, of which the first is discarded."""


def stages_of(bundle, transition_k, staircase, hold_ps):
    """Return the stages of a bundle up to its melt, then the holds."""

    def dynamics(name, ensemble, duration_ps, temperature_k):
        return DynamicsStage(
            name=name,
            ensemble=ensemble,
            duration_ps=duration_ps,
            temperature_K=temperature_k,
            pressure_atm=(1.0, 1.0),
            timestep_fs=4.0,
            friction_per_ps=1.0,
            record_interval_ps=0.5,
        )

    hottest = transition_k + staircase[0]
    head = [stage for stage in bundle.stages if stage.name not in ("cool", "settle", "sample")]
    head += [dynamics("cool", "nvt", COOL_PS, (MELT_K, hottest)), dynamics("settle", "npt", SETTLE_PS, (hottest,) * 2)]
    return tuple(head + [dynamics(f"hold {k:g}", "npt", hold_ps, (transition_k + k,) * 2) for k in staircase])


def held(name, label, options):
    """Run one staircase of one polymer and return a row for each of its holds."""
    psmiles, transition_k, volume = POLYMERS[name]
    settings = SimulationSettings.model_validate({"preset": "quick", "force_field": {"smirnoff": options.smirnoff}})
    folder = options.work / options.smirnoff / f"{name}-{label}{'-short' if options.quick else ''}"
    hold_ps = QUICK_HOLD_PS if options.quick else HOLD_PS
    built = build_bundle(RepeatUnit.from_psmiles(psmiles), settings, seed=1, out=folder / "bundle")
    bundle = replace(built, stages=stages_of(built, transition_k, STAIRCASES[label], hold_ps))
    run(bundle, folder / "run", ExecutionSettings(platform="CPU", threads=1))
    record = read_record(folder / "run", bundle)
    rows = []
    for k in STAIRCASES[label]:
        held_g_cm3 = record.stage(f"hold {k:g}").array("density_g_cm3")
        density, stderr = mean_and_stderr(held_g_cm3[len(held_g_cm3) // FORGOTTEN :])
        rows.append(
            {
                "polymer": name,
                "staircase": label,
                "above_transition_K": k,
                "temperature_K": transition_k + k,
                "simulated_g_cm3": round(density, 4),
                "stderr_g_cm3": round(stderr, 4),
                "experiment_g_cm3": round(1.0 / volume(transition_k + k - ZERO_CELSIUS_K), 4),
            }
        )
    return rows


def main():
    parser = command_line(__doc__, "one staircase of one polymer with short holds; the result is not saved")
    parser.add_argument("--smirnoff", default="openff-2.3.0.offxml")
    parser.add_argument("--work", type=Path, default=Path("runs/melts"))
    options = parser.parse_args()
    rows = []
    for name in list(POLYMERS)[: 1 if options.quick else None]:
        for label in list(STAIRCASES)[: 1 if options.quick else None]:
            rows += held(name, label, options)
            print(name, label, rows[-1], file=sys.stderr, flush=True)
    figures = {}
    for name in POLYMERS:
        own = {(r["staircase"], r["above_transition_K"]): r for r in rows if r["polymer"] == name}
        for (label, k), row in own.items():
            error = row["simulated_g_cm3"] / row["experiment_g_cm3"] - 1.0
            figures[f"{name}_{label}_{k:g}_K_above_relative_error"] = figure(round(error, 4), "1")
        for k in (300.0, 250.0):
            if ("hot", k) in own and ("cool", k) in own:
                between = own["cool", k]["simulated_g_cm3"] - own["hot", k]["simulated_g_cm3"]
                figures[f"{name}_{k:g}_K_above_difference_of_runs"] = figure(round(between, 4), "g/cm3")
    answer("density_melts", figures, keep=not options.quick, force_field=options.smirnoff, holds=rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
