"""Simulated glass transitions against experiment: from the cooling scan, as simulated and shifted to 10 K/min.

Experiment: PolyArena (doi:10.48550/arXiv.2510.13696), read from ../shared/data, which is not part of the repository; 16 polymers over
the whole range of transitions. Peer: OPLS3e cooling scans of 315 polymers (Afzal et al. 2021, doi:10.1021/acsapm.0c00524), unshifted.
Measured transitions enter neither the range of a scan nor its analysis. Polymers whose scan does not determine a transition are counted
and listed with the reason; the errors are those of the others.

Simulations are kept under --folder, in a folder per preset and polymer that other benchmarks can share: a cell is equilibrated once,
and only missing runs are done. An interrupted run is resumed. The script starts no simulation after --minutes and reports the
finished ones; what is not under --folder keeps its row of the committed result.

    python -m benchmarks.glass_transition_accuracy [--json] [--quick] [--preset quick] [--smirnoff FILE] [--replicates 1]
        [--minutes 60] [--only ID ...] [--jobs 1] [--threads N] [--folder runs/heat]
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import resumable
from benchmarks.common import DATA, answer, command_line, figure
from benchmarks.density_accuracy import polymers
from benchmarks.resumable import has_runs, label_of, result_name
from mdcore.chem import Failure
from mdcore.measure import simulate
from mdcore.settings import PRESETS, SimulationSettings

NAME = "glass_transition_accuracy"
SEED = 1
SHIFTED, RAW = "glass_transition_temperature", "simulated_glass_transition"
BESIDE = (
    "heat_capacity_step",
    "glass_volumetric_expansion",
    "melt_volumetric_expansion",
    "scan_cooled_density",
)
ORDER = (
    "PS", "PE", "PC", "PMMA", "PIB", "PVAc", "PES", "PBD", "PET", "PEA", "PVC", "PMS", "PMA", "PEO", "PBMA", "PPO",
)  # fmt: skip
"""Polymers in the order of simulation, so that short runs are representative; chosen before any was simulated."""
IN_QUICK = ("PS", "PE")
QUICK_HOLD_PS = 10.0
PEER = {"bias": 79.0, "mae": 81.0, "polymers": 315}
"""Unshifted transitions of OPLS3e, errors in K."""
EXPERIMENT_ERROR_K = 10.0
"""Scatter in K of measured transitions of the same polymer."""


def references():
    """Return (name, unit, transition in K) of the polymers in the order of simulation."""
    known = {name: (name, unit, tg) for name, unit, _, tg in polymers() if tg}
    return [known[name] for name in ORDER]


def settings_of(options):
    """Return the settings; cells are those of the preset, so that benchmarks can share them."""
    document = {"preset": options.preset, "execution": {"threads": options.threads}}
    if options.smirnoff:
        document["force_field"] = {"smirnoff": options.smirnoff}
    if options.replicates > 1:
        document["replicates"] = options.replicates
    if options.quick:
        document["protocols"] = {"cooling_scan": {"hold_ps": QUICK_HOLD_PS}}
    return SimulationSettings.model_validate(document)


def folder_of(options, name):
    """Return the folder of one simulation."""
    return options.folder / label_of(options) / name


def measure(task):
    """Simulate one polymer, or read its finished simulation; return its row."""
    options, (name, unit, tg) = task
    started = time.monotonic()
    wanted = (SHIFTED, RAW, *BESIDE)
    result = simulate(unit, settings_of(options), seed=SEED, out=folder_of(options, name), properties=wanted)
    row = {"id": name, "key": unit.key, "experiment_K": tg}
    if isinstance(result, Failure):
        return row | {"kind": result.kind, "message": result.message}
    values = {m.property: m for m in result.measurements}
    row |= {one: [float(f"{m.value:.5g}"), float(f"{m.stderr:.3g}")] for one, m in values.items()}
    runs = result.diagnostics.get("replicates", [result.diagnostics])
    row |= {"n_atoms": runs[0]["n_atoms"], "scan_s": round(sum(r["runs"]["cooling_scan"]["run_s"] for r in runs), 1)}
    if RAW in values:
        row["cooling_scan"] = values[RAW].provenance["cooling_scan"]
        row["shift_K"] = values[SHIFTED].provenance["shift_K"]
        told = f"{values[RAW].value:.0f} K, shifted {values[SHIFTED].value:.0f} +- {values[SHIFTED].stderr:.0f} K"
    else:
        row["not_determined"] = result.not_determined[RAW]
        told = f"not determined ({result.not_determined[RAW]})"
    print(f"{name} {told} (experiment {tg:.0f} K), {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return row


def gather(options):
    """Return the rows of all polymers that are finished within the time limit, in their order."""
    chosen = references()
    if options.quick:
        chosen = [one for one in chosen if one[0] in IN_QUICK]
    found = resumable.gather(
        [(options, one) for one in chosen],
        measure,
        name_of=lambda task: task[1][0],
        kept=[] if options.quick else resumable.committed(result_name(NAME, label_of(options)), "polymers"),
        options=options,
        minutes=4.0 if options.quick else options.minutes,
        is_finished=lambda task: has_runs(
            folder_of(options, task[1][0]), "cooling_scan", replicates=options.replicates
        ),
        seconds_of=lambda row: row.get("scan_s"),
    )
    return [found[name] for name, _, _ in chosen if name in found]


def figures_of(rows):
    """Return the figures of finished polymers."""
    figures = {}
    scanned = [row for row in rows if "kind" not in row]
    known = [row for row in scanned if RAW in row]
    figures["polymers"] = figure(len(rows), "1", {"at_least": 12})
    if scanned:
        share = 1.0 - len(known) / len(scanned)
        figures["share_not_determined"] = figure(round(share, 3), "1")
    if not known:
        return figures
    experiment = np.array([row["experiment_K"] for row in known])
    for name, column in (("raw", RAW), ("shifted", SHIFTED)):
        error = np.array([row[column][0] for row in known]) - experiment
        peer = PEER if name == "raw" else {}
        goal = {"at_most": 60.0 if name == "raw" else 35.0}
        figures[f"{name}_bias"] = figure(round(float(error.mean()), 1), "K", None, peer.get("bias"))
        figures[f"{name}_mae"] = figure(round(float(np.abs(error).mean()), 1), "K", goal, peer.get("mae"))
    bias = figures["shifted_bias"]["value"]
    figures["shifted_absolute_bias"] = figure(abs(bias), "K", {"at_most": 15.0})
    shifted = np.array([row[SHIFTED] for row in known])
    if len(known) > 2:
        correlation = float(np.corrcoef(shifted[:, 0], experiment)[0, 1])
        figures["correlation"] = figure(round(correlation, 3), "1", {"at_least": 0.9})
    inside = np.abs(shifted[:, 0] - experiment) < 1.96 * np.hypot(shifted[:, 1], EXPERIMENT_ERROR_K)
    figures["inside_95_percent_interval"] = figure(round(float(inside.mean()), 3), "1", {"at_least": 0.85})
    agree = [row["cooling_scan"]["agree"] for row in known if "agree" in row["cooling_scan"]]
    if agree:
        figures["volume_and_enthalpy_agree"] = figure(round(float(np.mean(agree)), 3), "1")
    figures["scan_time_median"] = figure(round(statistics.median(row["scan_s"] for row in known), 1), "s")
    return figures


def main():
    parser = command_line(__doc__, "two polymers with short stairs, at most ten minutes; the result is not saved")
    parser.add_argument("--preset", default="quick", choices=PRESETS)
    parser.add_argument("--smirnoff", help="force field instead of the default, for example openff-2.3.0.offxml")
    parser.add_argument("--replicates", type=int, default=1, help="independent cells of each polymer")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", nargs="+", metavar="ID", help="simulate only these; others are included if finished")
    parser.add_argument("--jobs", type=int, default=1, help="number of concurrent simulations")
    parser.add_argument("--threads", type=int, help="threads per simulation")
    parser.add_argument("--folder", type=Path, default=Path("runs/heat"))
    options = parser.parse_args()
    if options.quick:
        options.jobs, options.threads = 2, 1
    if not DATA.exists():
        print(f"{DATA} not found; put the experimental data there to run this benchmark", file=sys.stderr)
        return 2
    rows = gather(options)
    keep = not options.quick and bool(rows)
    answer(result_name(NAME, label_of(options)), figures_of(rows), keep=keep, protocol=label_of(options), polymers=rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
