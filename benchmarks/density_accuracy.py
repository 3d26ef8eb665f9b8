"""Simulated density at 300 K against experiment, compared with RadonPy's for the same polymers.

Experiment: PolyArena (doi:10.48550/arXiv.2510.13696) and, for polymers not in it, reference polymers with a reliable density of
the amorphous phase; read from ../shared/data, which is not part of the repository. Simulations are kept under --work, so that an
interrupted run can be resumed; the script stops after --minutes and reports the finished polymers. Polymers that are not under
--work keep their row of the committed result. Only polymers with elements of the force field are included.

Besides the presets and the first edition of `quick` (Sage 2.2.1) there are three protocols with that force field unless another is
given. `quench` is `quick` with five times longer melt and cooling. The others use one long
chain instead of three short ones. `ramp`: a melt at 700 K and cooling at constant pressure within 0.5 ns; its ramp also gives
`ramp_corrected_density`, with the measured glass transition. `cycles`: six cycles of compression at 300 K and decompression without
a subsequent melt, the scheme of RadonPy.

`quick` melts and cools at constant volume, at a density estimated from the unit's van der Waals volume, and is too short to relax
fully from it; `starting_estimate_*` is the accuracy of this estimate alone. `slowly_cooled_*` are densities corrected for the cooling
rate with universal constants and, if known, the measured glass transition; `estimated_transition_*` use the estimated transition for all,
as for unknown polymers. The correction was fixed after 28 polymers had been simulated; `first_28_*` and `later_*` are separate figures
for these and the others.

    python -m benchmarks.density_accuracy [--json] [--quick] [--protocol quick] [--smirnoff FILE]
        [--minutes 60] [--only ID ...] [--jobs 1] [--work runs/density]
"""

import copy
import csv
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import resumable
from benchmarks.common import DATA, answer, command_line, figure
from benchmarks.resumable import result_name
from mdcore.cell.estimates import density_estimate_g_cm3
from mdcore.chem import Failure, InvalidRepeatUnit, RepeatUnit
from mdcore.estimate import Estimate, slowly_cooled_density
from mdcore.forcefield.accuracy import density_error
from mdcore.measure import simulate
from mdcore.protocols import Conditions, Equilibrated
from mdcore.protocols.cooling import glass_forming_cooling
from mdcore.settings import PRESETS, SimulationSettings
from mdcore.substances import Homopolymer

ROOM_TEMPERATURE_K = 300.0
# Common polymers of every class first, so that short runs are representative.
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

FIRST = frozenset(
    (*ORDER, "P3P1P", "P4MP", "PBCA", "PCEMA", "PCHCA", "PP", "PMA", "PES", "COP", "PPhMA", "PDPPS", "PIDPS")
)
"""Polymers simulated before the correction for the cooling rate was fixed."""

ONE_CHAIN = {"n_chains": 1, "atoms_per_chain": 600}
PROTOCOLS = {
    "quench": {
        "preset": "quick-1",
        "protocol": {
            "melt_ps": 150.0,
            "cool_ps": 300.0,
            "settle_ps": 30.0,
            "sample_ps": 60.0,
            "record_interval_ps": 0.5,
        },
    },
    "ramp": {
        "preset": "quick-1",
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
        "preset": "quick-1",
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
"""Protocols that take 5 to 15 minutes on one core; presets are referred to by name."""


def polymers():
    """Yield (id, unit, density, Tg or None), the common ones first, then the reference polymers, then the rest."""
    with (DATA / "experimental/polyarena_density_tg.csv").open(encoding="utf-8") as lines:
        rows = [(r["id"], r["smiles"], r["density"], r["tg"]) for r in csv.DictReader(lines) if r["density"]]
    first = [row for row in rows if row[0] in ORDER]
    first.sort(key=lambda row: ORDER.index(row[0]))
    with (DATA / "experimental/reference_polymers.csv").open(encoding="utf-8") as lines:
        reference = [
            (r["abbr"], r["psmiles"], r["density_g_cm3"], r["Tg_K"])
            for r in csv.DictReader(lines)
            if r["density_g_cm3"] and {"density", "all"} & set(r["trust_for_amorphous_MD"].split(","))
        ]
    seen = {RepeatUnit.from_psmiles(smiles, elements=None).key for _, smiles, _, _ in rows}
    rest = sorted(row for row in rows if row[0] not in ORDER)
    for name, smiles, density, tg in [*first, *reference, *rest]:
        try:
            unit = RepeatUnit.from_psmiles(smiles)
        except InvalidRepeatUnit:
            continue
        if (name, smiles, density, tg) in reference:
            if unit.key in seen:
                continue
            seen.add(unit.key)
        yield name, unit, float(density), float(tg) if tg else None


def peer_densities():
    """Return RadonPy's densities by key."""
    with (DATA / "radonpy_pi1070/PI1070.csv").open(encoding="utf-8") as lines:
        return {
            RepeatUnit.from_psmiles(row["smiles"], elements=None).key: float(row["density"])
            for row in csv.DictReader(lines)
            if row["density"]
        }


def summary(rows, column):
    """Return bias and mean absolute error of a column against experiment, for all polymers, glasses and rubbers."""
    figures = {}
    for kind, chosen in (
        ("overall", rows),
        ("glasses", [r for r in rows if r["tg_K"] and r["tg_K"] > ROOM_TEMPERATURE_K]),
        ("rubbers", [r for r in rows if r["tg_K"] and r["tg_K"] <= ROOM_TEMPERATURE_K]),
    ):
        errors = np.array([r[column] - r["experiment_g_cm3"] for r in chosen if r.get(column) is not None])
        if len(errors):
            figures[kind] = (float(errors.mean()), float(np.abs(errors).mean()), len(errors))
    return figures


def corrected(row, settings):
    """Return a row with its density corrected for the cooling rate, with the measured and the estimated glass transition."""
    polymer = Homopolymer(RepeatUnit.from_psmiles(row["key"]))
    stages = Equilibrated.of(settings).plan(polymer, Conditions.of(polymer, settings))
    accuracy = density_error([polymer.unit], (), settings.force_field.smirnoff).rmse_g_cm3
    density, temperature = Estimate(row["simulated_g_cm3"], row["stderr_g_cm3"]), settings.protocol.temperature_K
    found = {}
    for name, known in (("slowly_cooled", row["tg_K"]), ("estimated_transition", None)):
        transition = polymer.glass_transition_k(known)
        cooling = glass_forming_cooling(stages, transition[0])
        slow = slowly_cooled_density(density, temperature, cooling, *transition, force_field_error_g_cm3=accuracy)
        found |= {f"{name}_g_cm3": round(slow.value, 4), f"{name}_stderr_g_cm3": round(slow.stderr, 4)}
    return row | found


def chosen(options, tg):
    """Return the settings of one polymer and the properties to measure; a ramp at constant pressure adds `ramp_corrected_density`."""
    document = copy.deepcopy(PROTOCOLS.get(options.protocol, {"preset": options.protocol, "protocol": {}}))
    document["execution"] = {"threads": options.threads}
    if options.smirnoff:
        document["force_field"] = {"smirnoff": options.smirnoff}
    stages = SimulationSettings.model_validate(document).protocol
    ramped = stages.cool_at == "pressure" and stages.cool_ps > 0
    if ramped and tg:
        document["protocol"]["glass_transition_K"] = tg
    properties = ("density", "ramp_corrected_density") if ramped and tg else ("density",)
    return SimulationSettings.model_validate(document), properties


def measure(task):
    """Simulate one polymer, or read its finished simulation; return its row or its failure."""
    options, (name, unit, experiment, tg), peer = task
    out = work_folder(options) / name
    started = time.monotonic()
    settings, properties = chosen(options, tg)
    result = simulate(unit, settings, seed=1, out=out, properties=properties)
    if isinstance(result, Failure):
        return {"id": name, "key": unit.key, "kind": result.kind, "message": result.message}
    wall = max(time.monotonic() - started, result.diagnostics["build_s"] + result.diagnostics["run_s"])
    density, *along_ramp = result.measurements
    print(f"{name} {density.value:.3f} (experiment {experiment:.3f}), {wall:.0f} s", file=sys.stderr, flush=True)
    return {
        "id": name,
        "key": unit.key,
        "tg_K": tg,
        "experiment_g_cm3": experiment,
        "simulated_g_cm3": round(density.value, 4),
        "stderr_g_cm3": round(density.stderr, 4),
        "ramp_corrected_g_cm3": round(along_ramp[0].value, 4) if along_ramp else None,
        "starting_estimate_g_cm3": round(density_estimate_g_cm3(unit), 4),
        "radonpy_g_cm3": peer,
        "converged": result.diagnostics["converged"],
        "n_atoms": result.diagnostics["n_atoms"],
        "wall_s": round(wall, 1),
    }


def label_of(options):
    """Return the name of protocol and force field."""
    return options.protocol + (f"_{Path(options.smirnoff).stem}" if options.smirnoff else "")


def work_folder(options):
    """Return the folder of the simulations of a protocol and a force field."""
    return options.work / label_of(options)


def gather(options):
    """Return the rows of all polymers that are finished within the time limit, in order."""
    peers, known = peer_densities(), list(polymers())
    name = result_name("density_accuracy", label_of(options))
    found = resumable.gather(
        [(options, polymer, peers.get(polymer[1].key)) for polymer in known],
        measure,
        name_of=lambda task: task[1][0],
        kept=[] if options.quick else resumable.committed(name, "polymers", "failures"),
        options=options,
        minutes=8.0 if options.quick else options.minutes,
        is_finished=lambda task: (work_folder(options) / task[1][0] / "result.json").exists(),
        seconds_of=lambda row: row.get("wall_s"),
    )
    every = [(found[name], tg) for name, _, _, tg in known if name in found]
    rows = [corrected(row, chosen(options, tg)[0]) for row, tg in every if "kind" not in row]
    return rows, [row for row, _ in every if "kind" in row]


def main():
    parser = command_line(__doc__, "at most ten minutes; the result is not saved")
    parser.add_argument("--protocol", default="quick", choices=(*PRESETS, "quick-1", *PROTOCOLS))
    parser.add_argument("--smirnoff", help="force field instead of the default, for example openff-2.3.0.offxml")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--only", nargs="+", metavar="ID", help="simulate only these; others are included if finished")
    parser.add_argument("--jobs", type=int, default=1, help="number of concurrent simulations")
    parser.add_argument("--threads", type=int, help="threads per simulation")
    parser.add_argument("--work", type=Path, default=Path("runs/density"))
    options = parser.parse_args()
    if not DATA.exists():
        print(f"{DATA} not found; put the experimental data there to run this benchmark", file=sys.stderr)
        return 2
    rows, failures = gather(options)
    label, walls = label_of(options), [row["wall_s"] for row in rows if "wall_s" in row]
    ours, theirs = summary(rows, "simulated_g_cm3"), summary(rows, "radonpy_g_cm3")
    start, along_ramp = summary(rows, "starting_estimate_g_cm3"), summary(rows, "ramp_corrected_g_cm3")
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
        for name in ("slowly_cooled", "estimated_transition"):
            bias, error, _ = summary(rows, f"{name}_g_cm3")[kind]
            figures[f"{name}_bias_{kind}"] = figure(
                round(bias, 4), "g/cm3", bias_goal or None, peer and round(peer[0], 4)
            )
            figures[f"{name}_mae_{kind}"] = figure(
                round(error, 4), "g/cm3", error_goal or None, peer and round(peer[1], 4)
            )
        if kind in along_ramp:
            figures[f"ramp_corrected_bias_{kind}"] = figure(round(along_ramp[kind][0], 4), "g/cm3")
            figures[f"ramp_corrected_mae_{kind}"] = figure(round(along_ramp[kind][1], 4), "g/cm3")
    for label_of_set, own in (
        ("first_28", [row for row in rows if row["id"] in FIRST]),
        ("later", [row for row in rows if row["id"] not in FIRST]),
    ):
        for column, name in (("simulated_g_cm3", "density"), ("slowly_cooled_g_cm3", "slowly_cooled")):
            for kind, (bias, error, number) in summary(own, column).items():
                figures[f"{label_of_set}_{name}_bias_{kind}"] = figure(round(bias, 4), "g/cm3")
                figures[f"{label_of_set}_{name}_mae_{kind}"] = figure(round(error, 4), "g/cm3")
                figures[f"{label_of_set}_polymers_{kind}"] = figure(number, "1")
    inside = [
        abs(row["slowly_cooled_g_cm3"] - row["experiment_g_cm3"]) < 1.96 * row["slowly_cooled_stderr_g_cm3"]
        for row in rows
    ]
    if inside:
        figures["slowly_cooled_inside_95_percent_interval"] = figure(round(float(np.mean(inside)), 3), "1")
    if walls:
        figures["wall_time_median"] = figure(round(float(np.median(walls)), 1), "s")
    answer(
        result_name("density_accuracy", label),
        figures,
        keep=not options.quick and bool(rows),
        protocol=label,
        polymers=rows,
        failures=failures,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
