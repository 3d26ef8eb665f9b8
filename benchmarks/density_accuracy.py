"""Simulated density at 300 K against experiment, beside RadonPy's of the same polymers.

Experiment: PolyArena (doi:10.48550/arXiv.2510.13696), read from ../shared/data, not part of the repository. Every polymer's
simulation is kept under --work, so that the script can be stopped and called again; it stops by itself after --minutes
and reports what is finished. Only polymers with elements of the force field take part.

    python benchmarks/density_accuracy.py [--json] [--quick] [--preset quick] [--minutes 60] [--work runs/density]
"""

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
from common import DATA, answer, figure

from mdcore.chem import Failure, InvalidRepeatUnit, RepeatUnit
from mdcore.settings import SimulationSettings
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the answer is always JSON; kept for uniformity")
    parser.add_argument("--quick", action="store_true", help="at most ten minutes, and no result is kept")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--work", type=Path, default=Path("runs/density"))
    options = parser.parse_args()
    if not DATA.exists():
        print(f"{DATA} is absent; put the experimental data there to run this benchmark", file=sys.stderr)
        return 2
    deadline = time.monotonic() + 60.0 * (8.0 if options.quick else options.minutes)
    settings = SimulationSettings.model_validate({"preset": options.preset, "execution": {"threads": options.threads}})
    peers = peer_densities()
    rows, failures, walls = [], [], []
    for name, unit, experiment, tg in polymers():
        out = options.work / options.preset / name
        typical = float(np.median(walls)) if walls else 60.0
        if not (out / "result.json").exists() and time.monotonic() + typical > deadline:
            continue
        started = time.monotonic()
        result = simulate(unit, settings, seed=1, out=out)
        if isinstance(result, Failure):
            failures.append({"id": name, "kind": result.kind, "message": result.message})
            continue
        walls.append(max(time.monotonic() - started, result.diagnostics["build_s"] + result.diagnostics["run_s"]))
        density = result.measurements[0]
        rows.append(
            {
                "id": name,
                "key": unit.key,
                "tg_K": tg,
                "experiment_g_cm3": experiment,
                "simulated_g_cm3": round(density.value, 4),
                "stderr_g_cm3": round(density.stderr, 4),
                "radonpy_g_cm3": peers.get(unit.key),
                "converged": result.diagnostics["converged"],
                "n_atoms": result.diagnostics["n_atoms"],
            }
        )
        print(f"{name} {density.value:.3f} (experiment {experiment:.3f})", file=sys.stderr)
    ours, theirs = summary(rows, "simulated_g_cm3"), summary(rows, "radonpy_g_cm3")
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
    if walls:
        figures["wall_time_median"] = figure(round(float(np.median(walls)), 1), "s")
    name = "density_accuracy" if options.preset == "quick" else f"density_accuracy_{options.preset}"
    answer(
        name, figures, keep=not options.quick and bool(rows), preset=options.preset, polymers=rows, failures=failures
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
