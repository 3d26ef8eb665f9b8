"""Simulated density at 300 K against experiment, beside RadonPy's of the same polymers.

Experiment: PolyArena (doi:10.48550/arXiv.2510.13696), read from ../shared/data, not part of the repository. Every polymer's
simulation is kept under --work, so that the script can be stopped and called again; it stops by itself after --minutes
and reports what is finished. Only polymers with elements of the force field take part.

Three protocols stand beside the presets. `quench` is `quick` with five times the time for melt and cooling. The others have
one long chain in place of three short ones. `ramp`: a melt at 700 K and cooling at constant pressure over half a
nanosecond; its ramp also gives `slowly_cooled_density`, for which the measured glass transition is handed over.
`cycles`: six cycles of compression at 300 K and decompression, and no melt after them, the scheme that RadonPy follows.

`quick` melts and cools at constant volume, at a density estimated from the unit's van der Waals volume, and has little time to
leave it; `starting_estimate_*` says what that estimate alone would be worth.

    python benchmarks/density_accuracy.py [--json] [--quick] [--protocol quick] [--smirnoff FILE]
        [--minutes 60] [--only ID ...] [--work runs/density]
"""

import argparse
import copy
import csv
import sys
import time
from pathlib import Path

import numpy as np
from common import DATA, answer, figure

from mdcore.build.estimates import density_estimate_g_cm3
from mdcore.chem import Failure, InvalidRepeatUnit, RepeatUnit
from mdcore.settings import PRESETS, SimulationSettings
from mdcore.simulate import simulate

ROOM_TEMPERATURE_K = 300.0
# Common polymers of every class first, so that a short run already says something.
ORDER = (
    "PS",
    "PMMA",
    "PE",
    "PC",
    "PIB",
    "PVC",
    "PET",
    "PEA",
    "PBMA",
    "PMS",
    "PB1",
    "PBD",
    "PCHMA",
    "PPO",
    "PVDF",
    "POTM",
)

ONE_CHAIN = {"n_chains": 1, "atoms_per_chain": 600}
PROTOCOLS = {
    "quench": {
        "preset": "quick",
        "protocol": {
            "melt_ps": 150.0,
            "cool_ps": 300.0,
            "settle_ps": 30.0,
            "sample_ps": 60.0,
            "record_interval_ps": 0.5,
        },
    },
    "ramp": {
        "preset": "quick",
        "cell": ONE_CHAIN,
        "protocol": {
            "max_temperature_K": 700.0,
            "compress_ps": 10.0,
            "melt_ps": 150.0,
            "cool_ps": 550.0,
            "cool_at": "pressure",
            "settle_ps": 40.0,
            "sample_ps": 160.0,
            "record_interval_ps": 1.0,
        },
    },
    "cycles": {
        "preset": "quick",
        "cell": ONE_CHAIN,
        "protocol": {
            "compress_ps": 10.0,
            "cycle_pressures_atm": (1000.0, 30000.0, 50000.0, 25000.0, 5000.0, 500.0),
            "cycle_ps": 60.0,
            "cool_at": "pressure",
            "melt_ps": 0.0,
            "cool_ps": 0.0,
            "settle_ps": 80.0,
            "sample_ps": 120.0,
            "record_interval_ps": 1.0,
        },
    },
}
"""What a core does in five to fifteen minutes; the presets are known by name."""


def polymers():
    """Yield (id, unit, density, Tg or None), the common ones first."""
    with (DATA / "experimental/polyarena_density_tg.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["density"]]
    rows.sort(key=lambda row: (ORDER.index(row["id"]) if row["id"] in ORDER else len(ORDER), row["id"]))
    for row in rows:
        try:
            unit = RepeatUnit.from_psmiles(row["smiles"])
        except InvalidRepeatUnit:
            continue
        yield row["id"], unit, float(row["density"]), float(row["tg"]) if row["tg"] else None


def peer_densities():
    """RadonPy's densities by key."""
    with (DATA / "radonpy_pi1070/PI1070.csv").open(encoding="utf-8") as lines:
        return {
            RepeatUnit.from_psmiles(row["smiles"], elements=None).key: float(row["density"])
            for row in csv.DictReader(lines)
            if row["density"]
        }


def summary(rows, column):
    """Bias and mean absolute error of a column against experiment, overall, for glasses and for rubbers."""
    figures = {}
    for kind, chosen in (
        ("overall", rows),
        ("glasses", [r for r in rows if r["tg_K"] and r["tg_K"] > ROOM_TEMPERATURE_K]),
        ("rubbers", [r for r in rows if r["tg_K"] and r["tg_K"] <= ROOM_TEMPERATURE_K]),
    ):
        errors = np.array([r[column] - r["experiment_g_cm3"] for r in chosen if r[column] is not None])
        if len(errors):
            figures[kind] = (float(errors.mean()), float(np.abs(errors).mean()), len(errors))
    return figures


def chosen(options, tg):
    """Settings of one polymer, and what to measure; a ramp at constant pressure also tells of slow cooling."""
    document = copy.deepcopy(PROTOCOLS.get(options.protocol, {"preset": options.protocol, "protocol": {}}))
    document["execution"] = {"threads": options.threads}
    if options.smirnoff:
        document["force_field"] = {"smirnoff": options.smirnoff}
    stages = SimulationSettings.model_validate(document).protocol
    ramped = stages.cool_at == "pressure" and stages.cool_ps > 0
    if ramped and tg:
        document["protocol"]["glass_transition_K"] = tg
    properties = ("density", "slowly_cooled_density") if ramped and tg else ("density",)
    return SimulationSettings.model_validate(document), properties


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the answer is always JSON; kept for uniformity")
    parser.add_argument("--quick", action="store_true", help="at most ten minutes, and no result is kept")
    parser.add_argument("--protocol", default="quick", choices=(*PRESETS, *PROTOCOLS))
    parser.add_argument("--smirnoff", help="another force field than the default, as openff-2.3.0.offxml")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument(
        "--only", nargs="+", metavar="ID", help="simulate these; others are taken where they are finished"
    )
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/density"))
    options = parser.parse_args()
    if not DATA.exists():
        print(f"{DATA} is absent; put the experimental data there to run this benchmark", file=sys.stderr)
        return 2
    deadline = time.monotonic() + 60.0 * (8.0 if options.quick else options.minutes)
    label = options.protocol + (f"_{Path(options.smirnoff).stem}" if options.smirnoff else "")
    peers = peer_densities()
    rows, failures, walls = [], [], []
    for name, unit, experiment, tg in polymers():
        out = options.work / label / name
        typical = float(np.median(walls)) if walls else 60.0
        late = time.monotonic() + typical > deadline
        if not (out / "result.json").exists() and (late or (options.only and name not in options.only)):
            continue
        started = time.monotonic()
        settings, properties = chosen(options, tg)
        result = simulate(unit, settings, seed=1, out=out, properties=properties)
        if isinstance(result, Failure):
            failures.append({"id": name, "kind": result.kind, "message": result.message})
            continue
        walls.append(max(time.monotonic() - started, result.diagnostics["build_s"] + result.diagnostics["run_s"]))
        density, *slow = result.measurements
        rows.append(
            {
                "id": name,
                "key": unit.key,
                "tg_K": tg,
                "experiment_g_cm3": experiment,
                "simulated_g_cm3": round(density.value, 4),
                "stderr_g_cm3": round(density.stderr, 4),
                "slowly_cooled_g_cm3": round(slow[0].value, 4) if slow else None,
                "starting_estimate_g_cm3": round(density_estimate_g_cm3(unit), 4),
                "radonpy_g_cm3": peers.get(unit.key),
                "converged": result.diagnostics["converged"],
                "n_atoms": result.diagnostics["n_atoms"],
            }
        )
        print(f"{name} {density.value:.3f} (experiment {experiment:.3f})", file=sys.stderr)
    ours, theirs = summary(rows, "simulated_g_cm3"), summary(rows, "radonpy_g_cm3")
    slow, start = summary(rows, "slowly_cooled_g_cm3"), summary(rows, "starting_estimate_g_cm3")
    goals = {"overall": ({}, {"at_most": 0.04}), "glasses": ({"at_least": -0.03}, {}), "rubbers": ({}, {})}
    figures = {}
    for kind, (bias, error, number) in ours.items():
        peer = theirs.get(kind)
        bias_goal, error_goal = goals[kind]
        figures[f"density_bias_{kind}"] = figure(round(bias, 4), "g/cm3", bias_goal or None, peer and round(peer[0], 4))
        figures[f"density_mae_{kind}"] = figure(
            round(error, 4), "g/cm3", error_goal or None, peer and round(peer[1], 4)
        )
        figures[f"polymers_{kind}"] = figure(number, "1", None, peer and peer[2])
        figures[f"starting_estimate_mae_{kind}"] = figure(round(start[kind][1], 4), "g/cm3")
        if kind in slow:
            figures[f"slowly_cooled_bias_{kind}"] = figure(round(slow[kind][0], 4), "g/cm3")
            figures[f"slowly_cooled_mae_{kind}"] = figure(round(slow[kind][1], 4), "g/cm3")
    if walls:
        figures["wall_time_median"] = figure(round(float(np.median(walls)), 1), "s")
    name = "density_accuracy" if label == "quick" else f"density_accuracy_{label}"
    answer(
        name,
        figures,
        keep=not options.quick and bool(rows),
        protocol=label,
        polymers=rows,
        failures=failures,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
