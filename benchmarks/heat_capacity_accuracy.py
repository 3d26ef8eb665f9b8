"""Simulated heat capacity against experiment: glasses, rubbers and liquids.

References with their sources: benchmarks/data/heat_capacities.csv. Glass transitions are the measured ones, as they decide whether a
polymer is a rubber. Peer: RadonPy's classical heat capacities from the fluctuation of the enthalpy (PI1070), whose bias against 22
polymers of the same sources is +1.79 J/g/K.

Simulations are kept under --folder, in a folder per preset and polymer that other benchmarks can share: a cell is equilibrated once,
and only missing runs are done. An interrupted run is resumed. The script starts no simulation after --minutes and reports the
finished ones; what is not under --folder keeps its row of the committed result.

    python -m benchmarks.heat_capacity_accuracy [--json] [--quick] [--preset quick] [--smirnoff FILE]
        [--minutes 60] [--only ID ...] [--jobs 1] [--threads N] [--folder runs/heat]
"""

import csv
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import resumable
from benchmarks.common import answer, command_line, figure
from benchmarks.resumable import has_runs, label_of, result_name
from mdcore.chem import Failure, RepeatUnit
from mdcore.measure import Homopolymer, Liquid, simulate
from mdcore.settings import PRESETS, SimulationSettings

REFERENCES = Path(__file__).parent / "data" / "heat_capacities.csv"
NAME = "heat_capacity_accuracy"
SEED = 1
PARTS = ("classical", "harmonic_quantum", "quantum_correction", "anharmonic", "cp_minus_cv")
GOALS = {"glass": 0.08, "rubber": 0.20}
PEER = {"bias": 1.79, "polymers": 22}
"""RadonPy (PI1070): bias in J/g/K and number of polymers of the same sources."""
EXPERIMENT_ERROR = 0.03
"""Relative error of tabulated values: calorimeters and samples differ by some per cent."""


def references():
    """Return the rows of the table of references."""
    with REFERENCES.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        for name in ("tg_K", "temperature_K", "cp_J_g_K", "alternative_J_g_K"):
            row[name] = float(row[name]) if row[name] else None
    return rows


def settings_of(options, row):
    """Return the settings of one simulation; cells of polymers are those of the preset, so that benchmarks can share them."""
    document = {"preset": options.preset, "execution": {"threads": options.threads}, "protocols": {"heat_capacity": {}}}
    if options.smirnoff:
        document["force_field"] = {"smirnoff": options.smirnoff}
    if row["kind"] == "liquid":
        document["protocol"] = {"temperature_K": row["temperature_K"]}
    else:
        document["protocols"]["heat_capacity"]["glass_transition_K"] = row["tg_K"]
    if options.quick:
        document["protocols"]["heat_capacity"]["dwell_ps"] = 60.0
    return SimulationSettings.model_validate(document)


def folder_of(options, row):
    """Return the folder of one simulation."""
    return options.folder / label_of(options) / row["id"].replace(" ", "-")


def measure(task):
    """Simulate one substance, or read its finished simulation; return its row."""
    options, row = task
    liquid = row["kind"] == "liquid"
    substance = Liquid(row["smiles"]) if liquid else Homopolymer(RepeatUnit.from_psmiles(row["smiles"]))
    started = time.monotonic()
    out = folder_of(options, row)
    result = simulate(substance, settings_of(options, row), seed=SEED, out=out, properties=("heat_capacity_cp",))
    found = {name: row[name] for name in ("id", "state", "tg_K", "temperature_K", "source")}
    found |= {"key": substance.key, "experiment_J_g_K": row["cp_J_g_K"], "alternative_J_g_K": row["alternative_J_g_K"]}
    if isinstance(result, Failure):
        return found | {"kind": result.kind, "message": result.message}
    (measured,) = result.measurements
    own = result.diagnostics["runs"]["heat_capacity"]
    print(
        f"{row['id']} {measured.value:.3f} +- {measured.stderr:.3f} (experiment {row['cp_J_g_K']:.3f}), "
        f"{time.monotonic() - started:.0f} s",
        file=sys.stderr,
        flush=True,
    )
    return found | {
        "simulated_J_g_K": round(measured.value, 4),
        "stderr_J_g_K": round(measured.stderr, 4),
        "stderr_parts": {name: round(error, 4) for name, error in measured.provenance["stderr_parts"].items()},
        **{
            name: {key: round(number, 4) for key, number in measured.provenance[name].items()}
            for name in PARTS
            if name in measured.provenance
        },
        "enthalpy_temperatures_K": measured.provenance["enthalpy_temperatures_K"],
        "largest_energy_drift": round(measured.provenance["largest_energy_drift"], 5),
        "n_atoms": result.diagnostics["n_atoms"],
        "heat_capacity_run_s": round(own["run_s"], 1),
    }


def gather(options):
    """Return the rows of all substances that are finished within the time limit, in the order of the references."""
    chosen = references()
    if options.quick:
        chosen = [row for row in chosen if row["id"] in ("PS", "PE")]
    found = resumable.gather(
        [(options, row) for row in chosen],
        measure,
        name_of=lambda task: task[1]["id"],
        kept=[] if options.quick else resumable.committed(result_name(NAME, label_of(options)), "substances"),
        options=options,
        minutes=6.0 if options.quick else options.minutes,
        is_finished=lambda task: has_runs(folder_of(options, task[1]), "heat_capacity"),
        seconds_of=lambda row: row.get("heat_capacity_run_s"),
    )
    return [found[row["id"]] for row in chosen if row["id"] in found]


def figures_of(rows):
    """Return the figures of the rows with a value."""
    figures = {}
    for state in ("glass", "rubber", "liquid"):
        own = [row for row in rows if row["state"] == state]
        if not own:
            continue
        errors = np.array([row["simulated_J_g_K"] - row["experiment_J_g_K"] for row in own])
        goal = {"at_most": GOALS[state]} if state in GOALS else None
        figures[f"mae_{state}"] = figure(round(float(np.abs(errors).mean()), 4), "J/g/K", goal)
        figures[f"bias_{state}"] = figure(round(float(errors.mean()), 4), "J/g/K")
        figures[f"substances_{state}"] = figure(len(own), "1")
        figures[f"stderr_median_{state}"] = figure(
            round(float(np.median([r["stderr_J_g_K"] for r in own])), 4), "J/g/K"
        )
    polymers = [row for row in rows if row["state"] != "liquid"]
    if polymers:
        errors = np.array([row["simulated_J_g_K"] - row["experiment_J_g_K"] for row in polymers])
        figures["bias_polymers"] = figure(round(float(errors.mean()), 4), "J/g/K", None, PEER["bias"])
        figures["polymers"] = figure(len(polymers), "1", {"at_least": 12}, PEER["polymers"])
        harmonic = [r["harmonic_quantum"]["value"] - r["experiment_J_g_K"] for r in polymers if r["state"] == "glass"]
        if harmonic:
            figures["mae_glass_without_anharmonic_part"] = figure(round(float(np.abs(harmonic).mean()), 4), "J/g/K")
    if rows:
        own = np.array([row["stderr_J_g_K"] for row in rows])
        experiment = np.array([row["experiment_J_g_K"] for row in rows])
        errors = np.abs(np.array([row["simulated_J_g_K"] for row in rows]) - experiment)
        both = np.hypot(own, EXPERIMENT_ERROR * experiment)
        figures["inside_95_percent_interval"] = figure(
            round(float((errors < 1.96 * own).mean()), 3), "1", {"at_least": 0.85}
        )
        figures["inside_95_percent_interval_of_both_errors"] = figure(
            round(float((errors < 1.96 * both).mean()), 3), "1"
        )
        walls = [row["heat_capacity_run_s"] for row in rows]
        figures["wall_time_of_the_run_median"] = figure(round(float(np.median(walls)), 1), "s")
    return figures


def main():
    parser = command_line(__doc__, "polystyrene and polyethylene with a shorter run; the result is not saved")
    parser.add_argument("--preset", default="quick", choices=PRESETS)
    parser.add_argument("--smirnoff", help="force field instead of the default, for example openff-2.3.0.offxml")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", nargs="+", metavar="ID", help="simulate only these; others are included if finished")
    parser.add_argument(
        "--jobs", type=int, default=None, help="number of concurrent simulations; 2 with --quick, else 1"
    )
    parser.add_argument("--threads", type=int, help="threads per simulation")
    parser.add_argument("--folder", "--store", type=Path, default=Path("runs/heat"))
    options = parser.parse_args()
    options.jobs = options.jobs or (2 if options.quick else 1)
    rows = gather(options)
    good = [row for row in rows if "simulated_J_g_K" in row]
    answer(
        result_name(NAME, label_of(options)),
        figures_of(good),
        keep=not options.quick and bool(good),
        preset=label_of(options),
        substances=good,
        failures=[row for row in rows if "simulated_J_g_K" not in row],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
