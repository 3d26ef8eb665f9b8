"""Simulated thermal conductivity at 300 K against experiment, its independent check, and the treatments of bonds to hydrogen.

Experiment: amorphous polymers of the reference table (read from ../shared/data, which is not part of the repository; its sources are
Netzsch, Crawford, Lange and Ehrenstein) and dry films of poly(vinyl alcohol) and poly(acrylic acid) by thermoreflectance (Xie et al.
2016, doi:10.1021/acs.macromol.5b02477). Polyethylene, whose samples are semicrystalline, and poly(phenylene sulfone), whose value is
suspiciously high, are simulated as well and do not enter the errors.

Three figures of merit: the error of the conductivity by non-equilibrium dynamics; the share of polymers whose diffusivity from the
approach to equilibrium agrees with kappa / (rho c_p) within two standard errors, classical with classical; and the conductivity with
hydrogens as equilibrated (constrained, repartitioned masses, 4 fs), with true masses (constrained, 2 fs) and flexible (1 fs, a flow of
210 ps), from the same equilibrated cell.

Simulations are kept in --folder, one folder a polymer. Other benchmarks may share it: each request does only the runs that are missing.
The script begins no simulation after --minutes and reports the finished ones. --quick measures the conductivity of one polymer in a
flow of half the length.

    python -m benchmarks.thermal_conductivity_accuracy [--json] [--quick] [--preset quick] [--smirnoff FILE]
        [--minutes 60] [--only ID ...] [--treatments 0] [--jobs 1] [--threads 1] [--folder runs/heat]
"""

import csv
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import DATA, answer, command_line, figure
from benchmarks.resumable import committed, has_runs, label_of, result_name, run_all
from mdcore.chem import Failure, RepeatUnit
from mdcore.measure import simulate
from mdcore.settings import SimulationSettings

SCORED = ("PS", "PMMA", "PC", "PVC", "PET", "PSU", "PES", "PVA", "PAA")
"""Polymers with a measured conductivity of the amorphous phase."""
BESIDE = ("PE", "PPSU")
COMPARED = ("PE", "PS", "PMMA")
"""Polymers with which the treatments of hydrogens are compared."""
FILMS = {
    "PVA": ("*CC(*)O", 0.31, "Xie et al. 2016, doi:10.1021/acs.macromol.5b02477, dry film"),
    "PAA": ("*CC(*)C(=O)O", 0.37, "Xie et al. 2016, doi:10.1021/acs.macromol.5b02477, dry film"),
}
PROPERTIES = (
    "density",
    "thermal_conductivity",
    "thermal_diffusivity",
    "heat_capacity_cp",
    "derived_thermal_diffusivity",
)
TREATMENTS = ("as_equilibrated", "true_masses", "flexible")
NAME = "thermal_conductivity_accuracy"
SEED = 1
HALF_PS, FLEXIBLE_PS = 150.0, 210.0
"""Half the flow of `quick`, and the flow with flexible bonds, which need a quarter of its time step."""


@dataclass(frozen=True)
class Reference:
    """A polymer with its measured conductivity in W/m/K, and its glass transition in K if it is in the table of heat capacities."""

    name: str
    psmiles: str
    kappa: float
    source: str
    tg: float | None = None


def references() -> list[Reference]:
    """Return the polymers, those that are compared first."""
    with (DATA / "experimental/reference_polymers.csv").open(encoding="utf-8") as lines:
        table = {row["abbr"]: row for row in csv.DictReader(lines)}
    found = {
        name: Reference(
            name,
            table[name]["psmiles"],
            float(table[name]["thermal_conductivity_W_mK"]),
            table[name]["thermal_conductivity_W_mK_source"],
        )
        for name in (*SCORED, *BESIDE)
        if name not in FILMS
    }
    found |= {name: Reference(name, *film) for name, film in FILMS.items()}
    with (Path(__file__).parent / "data" / "heat_capacities.csv").open(encoding="utf-8") as lines:
        transitions = {row["id"]: float(row["tg_K"]) for row in csv.DictReader(lines) if row["tg_K"]}
    found = {name: replace(one, tg=transitions.get(name)) for name, one in found.items()}
    order = [*COMPARED, *(name for name in (*SCORED, *BESIDE) if name not in COMPARED)]
    return [found[name] for name in order]


def peer_conductivities() -> dict[str, float]:
    """Return RadonPy's conductivities by key."""
    with (DATA / "radonpy_pi1070/PI1070.csv").open(encoding="utf-8") as lines:
        return {
            RepeatUnit.from_psmiles(row["smiles"], elements=None).key: float(row["thermal_conductivity"])
            for row in csv.DictReader(lines)
            if row["thermal_conductivity"]
        }


def settings_of(options: Any, reference: Reference, treatment: str) -> SimulationSettings:
    """Return the settings of a simulation; those of the preset, which other benchmarks share, but for the treatment."""
    document: dict[str, Any] = {"preset": options.preset, "execution": {"threads": options.threads}}
    if options.smirnoff:
        document["force_field"] = {"smirnoff": options.smirnoff}
    # The run of the heat capacity is that of its own benchmark, which knows the glass transition.
    document["protocols"] = {
        "heat_flow": {"hydrogens": treatment},
        "heat_capacity": {"glass_transition_K": reference.tg},
    }
    if options.quick:
        document["protocols"]["heat_flow"]["duration_ps"] = HALF_PS
    elif treatment == "flexible":
        document["protocols"]["heat_flow"]["duration_ps"] = FLEXIBLE_PS
    return SimulationSettings.model_validate(document)


def folder_of(options: Any, reference: Reference, treatment: str) -> Path:
    """Return the folder of one simulation; that of the default treatment has the equilibrated cell of all."""
    suffix = "" if treatment == TREATMENTS[0] else f"-{treatment}"
    return Path(options.folder / label_of(options) / f"{reference.name}{suffix}")


def runs_of(options: Any, reference: Reference, treatment: str) -> tuple[str, ...]:
    """Return the protocols whose runs a simulation needs."""
    if treatment != TREATMENTS[0] or options.quick:
        return ("heat_flow",)
    return "heat_flow", "approach_to_equilibrium", "heat_capacity"


def measure(task: tuple[Any, Reference, str]) -> dict[str, Any]:
    """Measure one polymer, or read its finished simulation; return its row."""
    options, reference, treatment = task
    unit, folder = RepeatUnit.from_psmiles(reference.psmiles), folder_of(*task)
    if treatment != TREATMENTS[0]:
        whole = folder_of(options, reference, TREATMENTS[0])
        for part in ("bundle", "run"):  # the same equilibrated cell
            if not (folder / part).exists():
                shutil.copytree(whole / part, folder / part)
    wanted = PROPERTIES if treatment == TREATMENTS[0] and not options.quick else ("thermal_conductivity",)
    row: dict[str, Any] = {
        "id": reference.name, "key": unit.key, "treatment": treatment, "experiment_W_m_K": reference.kappa,
        "source": reference.source, "failures": {},
    }  # fmt: skip
    result = simulate(unit, settings_of(options, reference, treatment), seed=SEED, out=folder, properties=wanted)
    if isinstance(result, Failure):
        row["failures"] = dict.fromkeys(wanted, result.message)
    else:
        row["failures"] = dict(result.not_determined)
        row["run_s"] = {
            name: round(one["run_s"], 1) for name, one in result.diagnostics["runs"].items() if "run_s" in one
        }
        for found in result.measurements:
            row[found.property] = {"value": found.value, "stderr": found.stderr}
            if found.property == "thermal_conductivity":
                kept = (
                    "length_nm", "power_kj_mol_ps", "halves_W_m_K", "r2", "drift_of_power", "relaxation_ps",
                    "hydrogen_mass_amu", "constrained_bonds", "timestep_fs", "used_ps",
                )  # fmt: skip
                row[found.property] |= {key: found.provenance[key] for key in kept}
            if found.property == "derived_thermal_diffusivity":
                row[found.property]["classical"] = found.provenance["with_classical_heat_capacity"]
    print(f"{reference.name} {treatment} {row.get('thermal_conductivity')}", file=sys.stderr, flush=True)
    return row


def tasks(options: Any) -> Iterator[tuple[Any, Reference, str]]:
    """Yield what is wanted, the default treatment of each polymer first."""
    every = [one for one in references() if not options.only or one.name in options.only]
    yield from ((options, one, TREATMENTS[0]) for one in every)
    chosen = [one for one in every if one.name in COMPARED][: options.treatments]
    yield from ((options, one, treatment) for treatment in TREATMENTS[1:] for one in chosen)


def gather(options: Any) -> list[dict[str, Any]]:
    """Return the rows of all simulations that are finished within the time limit, and committed ones of the others."""
    kept = [] if options.quick else committed(result_name(NAME, label_of(options)), "polymers")
    found = {(row["id"], row["treatment"]): row for row in kept}
    rows = run_all(
        list(tasks(options))[: 1 if options.quick else None],
        measure,
        jobs=options.jobs,
        minutes=options.minutes,
        is_finished=lambda task: has_runs(folder_of(*task), *runs_of(*task)),
        seconds_of=lambda row: sum(row.get("run_s", {}).values()) or None,
    )
    return list((found | {(row["id"], row["treatment"]): row for row in rows}).values())


def agreement(row: dict[str, Any]) -> float | None:
    """Return the difference of both classical diffusivities in standard errors, or None if one is missing."""
    direct, derived = row.get("thermal_diffusivity"), row.get("derived_thermal_diffusivity", {}).get("classical")
    if not direct or not derived:
        return None
    return float((direct["value"] - derived["value"]) / np.hypot(direct["stderr"], derived["stderr"]))


def figures_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of merit of the rows that have what they need."""
    figures: dict[str, Any] = {}
    plain = [row for row in rows if row["treatment"] == TREATMENTS[0] and "thermal_conductivity" in row]
    scored = [row for row in plain if row["id"] in SCORED]
    if scored:
        measured = np.array([row["experiment_W_m_K"] for row in scored])
        value = np.array([row["thermal_conductivity"]["value"] for row in scored])
        stderr = np.array([row["thermal_conductivity"]["stderr"] for row in scored])
        error = value - measured
        figures["polymers"] = figure(len(scored), "1", {"at_least": 8})
        both = [row for row in scored if row.get("radonpy_W_m_K")]
        other = np.array([row["radonpy_W_m_K"] - row["experiment_W_m_K"] for row in both] or [np.nan])
        goal = {"at_least": -0.02, "at_most": 0.02}
        figures["bias"] = figure(round(float(error.mean()), 4), "W/m/K", goal, round(float(other.mean()), 4))
        figures["mean_absolute_error"] = figure(
            round(float(np.abs(error).mean()), 4), "W/m/K", {"at_most": 0.04}, round(float(np.abs(other).mean()), 4)
        )
        figures["polymers_of_the_peer"] = figure(len(both), "1")
        figures["mean_ratio_to_experiment"] = figure(round(float((value / measured).mean()), 3), "1")
        if len(scored) > 2:
            peer = [(row["radonpy_W_m_K"], row["experiment_W_m_K"]) for row in both]
            theirs = round(float(np.corrcoef(*zip(*peer, strict=True))[0, 1]), 3) if len(peer) > 2 else None
            figures["correlation"] = figure(round(float(np.corrcoef(value, measured)[0, 1]), 3), "1", None, theirs)
        # Tables give the conductivity to about 10 %.
        inside = np.abs(error) <= 1.96 * np.hypot(stderr, 0.1 * measured)
        goal = {"at_least": 0.85, "at_most": 1.0}
        figures["inside_95_percent_interval"] = figure(round(float(inside.mean()), 3), "1", goal)
        figures["relative_standard_error"] = figure(round(float(np.median(stderr / value)), 3), "1")
    scores = [score for row in plain if (score := agreement(row)) is not None]
    if scores:
        within = float(np.mean(np.abs(scores) <= 2.0))
        figures["diffusivities_agree_within_two_standard_errors"] = figure(round(within, 3), "1", {"at_least": 1.0})
        figures["largest_difference_of_diffusivities"] = figure(
            round(float(np.abs(scores).max()), 2), "standard errors"
        )
    for treatment in TREATMENTS[1:]:
        pairs = [
            (row, other)
            for row in rows
            for other in plain
            if row["treatment"] == treatment and row["id"] == other["id"] and "thermal_conductivity" in row
        ]
        if pairs:
            ratios = [
                a["thermal_conductivity"]["value"] / b["thermal_conductivity"]["value"] for a, b in pairs
            ]  # of the same cell
            figures[f"{treatment}_over_as_equilibrated"] = figure(round(float(np.mean(ratios)), 3), "1")
            figures[f"{treatment}_polymers"] = figure(len(pairs), "1", {"at_least": 3})
    for name, goal in (("heat_flow", 720.0), ("approach_to_equilibrium", 240.0)):
        walls = [row["run_s"][name] for row in plain if name in row.get("run_s", {})]
        if walls:
            figures[f"{name}_time_median"] = figure(round(float(np.median(walls)), 1), "s", {"at_most": goal})
    drifts = [abs(row["thermal_conductivity"]["drift_of_power"]) for row in plain]
    if drifts:
        figures["largest_drift_of_power"] = figure(round(max(drifts), 4), "1", {"at_most": 0.05})
    return figures


def main() -> int:
    """Simulate and report."""
    parser = command_line(__doc__, "one polymer in a flow of half the length, about 8 minutes")
    parser.add_argument("--preset", default="quick", choices=("quick", "standard", "accurate"))
    parser.add_argument("--smirnoff", metavar="FILE", help="another force field than that of the preset")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no simulation after this time")
    parser.add_argument("--only", nargs="*", default=[], metavar="ID")
    parser.add_argument("--treatments", type=int, default=0, help="polymers whose other treatments are simulated")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("runs/heat"))
    options = parser.parse_args()
    rows = gather(options)
    peers = peer_conductivities()
    for row in rows:
        row["radonpy_W_m_K"] = peers.get(row["key"])
    answer(result_name(NAME, label_of(options)), figures_of(rows), keep=not options.quick and bool(rows), polymers=rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
