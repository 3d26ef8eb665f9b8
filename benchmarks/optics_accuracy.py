"""Refractive index and Abbe number of polymers at experimental density, against experiment.

Reads the reference polymers and the optical calibration set from ../shared/data (facts with their sources, not part of
the repository) and compares the tiers `additive`, `dft` and `auto`. DFT polarizabilities are kept in
`results/optics_units_dft/`; missing ones are only computed with --compute. If results of density_accuracy.py contain densities
simulated by mdcore, n is also compared at these, corrected for the cooling rate as in `designer simulate` by default: `simulated.*` for
preset quick, `simulated_PROTOCOL.*` for others; `*.uncorrected_*` use the densities of the cells.

The two sets have different values for three polymers (PS, PMMA, PC): all values of both are included; `*_one_value_each` uses only
that of the reference set for polymers in both.

The standard error of the slope of the Abbe number follows from the stated errors of model and experiment. One value has the largest
weight: 61 for poly(4-methyl-1-pentene), a saturated hydrocarbon. `hydrocarbons.*` gives the Abbe numbers that measured saturated
hydrocarbon liquids would have at the index of this polymer; figures are given with and without it.

    python -m benchmarks.optics_accuracy [--json] [--quick] [--compute] [--data ../shared/data]
"""

import csv
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rdkit import Chem

from benchmarks.common import DATA, answer, command_line, figure
from mdcore.chem import RepeatUnit
from mdcore.estimate.refraction import (
    abbe_estimate,
    abbe_number,
    index_estimate,
    refraction_from_index,
    refractive_index,
)
from mdcore.optics import FolderCache, OpticsSettings, dft_cache_key, needs_dft, refractions
from mdcore.optics.scheme import scheme_for

HERE = Path(__file__).parent
UNITS = HERE / "results" / "optics_units_dft"
SIMULATED = tuple(
    HERE / "results" / f"density_accuracy{suffix}.json"
    for suffix in ("", "_quick-1", "_quench_openff-2.3.0", "_standard", "_accurate")
)
ADDITIVE = OpticsSettings(kind="additive")
DFT = OpticsSettings(kind="dft", n_conformers=1)
# Typical scatter of the density of these glasses and rubbers between samples and sources; n_D is given to +-0.003.
DENSITY_RELATIVE_ERROR = 0.005
INDEX_ERROR = 0.003
ABBE_RELATIVE_ERROR = 0.03


@dataclass(frozen=True)
class Polymer:
    name: str
    unit: RepeatUnit
    density: float | None
    n_D: float | None
    abbe: float | None
    again: bool = False
    """Whether an earlier set includes this polymer, too."""


def _number(text):
    return float(text) if text else None


def polymers(data):
    """Join the files on the repeat unit.

    Reference polymers are included if the table marks n as reliable for the amorphous phase and gives a density; densities of
    PolyArena are used for calibration polymers that are not reference polymers.
    """
    arena = {}
    with (data / "experimental/polyarena_density_tg.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["density"]:
                arena[RepeatUnit.from_psmiles(row["smiles"], elements=None).key] = float(row["density"])
    found, calibration = {}, []
    with (data / "experimental/reference_polymers.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            trusted = {"n", "all", "V"} & set(row["trust_for_amorphous_MD"].split(","))
            if trusted and row["n_D"]:
                unit = RepeatUnit.from_psmiles(row["psmiles"], elements=None)
                values = (_number(row["density_g_cm3"]), float(row["n_D"]), _number(row["abbe_V_d"]))
                found[unit.key] = Polymer(row["abbr"], unit, *values)
    with (data / "optical_calibration/optical_md_vs_experiment.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            unit = RepeatUnit.from_psmiles(row["smiles"], elements=None)
            values = (float(row["exp_refractive_index"]), float(row["exp_abbe_number"]))
            first = found.get(unit.key)
            density = first.density if first else arena.get(unit.key)
            calibration.append(Polymer(row["monomer_ID"], unit, density, *values, again=first is not None))
    return [*found.values(), *calibration]


def density_for_index(refractions, n_D):
    """Return the density at which the refractions give the measured index; the Abbe number hardly depends on it."""
    return (n_D**2 - 1.0) / (n_D**2 + 2.0) * refractions.molar_mass_g_mol / refractions.r_D


def row_for(polymer, refractions):
    known = polymer.density is not None
    density = polymer.density if known else density_for_index(refractions, polymer.n_D)
    spread = DENSITY_RELATIVE_ERROR * density
    row = {
        "name": polymer.name,
        "key": polymer.unit.key,
        "again": polymer.again,
        "tier": refractions.tier,
        "flags": list(refractions.flags),
        "density": round(density, 4),
    }
    row["density_is_measured"] = known
    if known:
        n = index_estimate(refractions, density, spread)
        row |= {"n": n.value, "n_stderr": float(np.hypot(n.stderr, INDEX_ERROR)), "n_experiment": polymer.n_D}
    if polymer.abbe is not None:
        nu = abbe_estimate(refractions, density, spread)
        stderr = float(np.hypot(nu.stderr, ABBE_RELATIVE_ERROR * polymer.abbe))
        row |= {
            "abbe": nu.value,
            "abbe_stderr": stderr,
            "abbe_experiment": polymer.abbe,
            "abbe_model_stderr": nu.stderr,
        }
    return row


def abbe_slope(rows):
    """Return the least-squares slope of computed against measured Abbe numbers."""
    return float(np.polyfit([r["abbe_experiment"] for r in rows], [r["abbe"] for r in rows], 1)[0])


def mae(rows, key):
    return float(np.mean([abs(r[key] - r[f"{key}_experiment"]) for r in rows]))


def summary(rows):
    """Return MAE, bias, slope and coverage of the stated 95 % interval over the measured values of polymers with measured density."""
    figures = {}
    hits = []
    for key in ("n", "abbe"):
        chosen = [r for r in rows if r["density_is_measured"] and key in r]
        if not chosen:
            continue
        error = np.array([r[key] - r[f"{key}_experiment"] for r in chosen])
        stderr = np.array([r[f"{key}_stderr"] for r in chosen])
        hits.extend(np.abs(error) < 1.96 * stderr)
        first = [r for r in chosen if not r["again"]]
        figures |= {
            f"{key}_values": len(chosen),
            f"{key}_polymers": len(first),
            f"{key}_mae": mae(chosen, key),
            f"{key}_bias": float(error.mean()),
            f"{key}_mae_one_value_each": mae(first, key),
        }
        if key == "abbe" and len(first) > 2:
            figures["abbe_slope"] = abbe_slope(chosen)
            figures["abbe_slope_stderr"] = slope_stderr(chosen)
            figures["abbe_slope_one_value_each"] = abbe_slope(first)
            figures["abbe_slope_without_TPX"] = abbe_slope([r for r in chosen if r["name"] != "TPX"])
    figures["inside_95_percent_interval"] = float(np.mean(hits))
    every = [r for r in rows if "abbe" in r]
    if len(every) > 2:
        figures["abbe_values_with_inferred_densities"] = len(every)
        figures["abbe_mae_with_inferred_densities"] = mae(every, "abbe")
        figures["abbe_slope_with_inferred_densities"] = abbe_slope(every)
        figures["abbe_slope_stderr_with_inferred_densities"] = slope_stderr(every)
    return figures


def simulated_figures(name, rows, goal):
    """Return MAE and bias of n at simulated densities, ours and the peer's."""
    figures = {}
    if rows:
        error = np.array([row["n"] - row["n_experiment"] for row in rows])
        peer = [abs(row["n_radonpy"] - row["n_experiment"]) for row in rows if row["n_radonpy"] is not None]
        figures[f"{name}.n_polymers"] = figure(len(rows), "1")
        figures[f"{name}.n_mae"] = figure(float(np.abs(error).mean()), "1", goal, PEERS["auto.n_mae"])
        figures[f"{name}.n_bias"] = figure(float(error.mean()), "1")
        raw = np.array([row["n_uncorrected"] - row["n_experiment"] for row in rows])
        figures[f"{name}.uncorrected_n_mae"] = figure(float(np.abs(raw).mean()), "1")
        figures[f"{name}.uncorrected_n_bias"] = figure(float(raw.mean()), "1")
        inside = np.abs(error) < 1.96 * np.hypot([row["n_stderr"] for row in rows], INDEX_ERROR)
        figures[f"{name}.inside_95_percent_interval"] = figure(float(inside.mean()), "1")
        if peer:
            figures[f"{name}.radonpy_n_mae_of_the_same"] = figure(float(np.mean(peer)), "1")
            figures[f"{name}.radonpy_polymers"] = figure(len(peer), "1")
    return figures


def slope_stderr(rows):
    """Return the standard error of the least-squares slope from the stated errors of the points.

    The error of the model is common to all values of a polymer, errors of the experiment are independent.
    """
    x = np.array([r["abbe_experiment"] for r in rows])
    weights = (x - x.mean()) / np.sum((x - x.mean()) ** 2)
    variance = float(np.sum((weights * ABBE_RELATIVE_ERROR * x) ** 2))
    for key in {r["key"] for r in rows}:
        same = [(w, r) for w, r in zip(weights, rows, strict=True) if r["key"] == key]
        variance += (sum(w for w, _ in same) * same[0][1]["abbe_model_stderr"]) ** 2
    return math.sqrt(variance)


def hydrocarbon_abbe(n_D):
    """Return the Abbe numbers of measured saturated hydrocarbon liquids at the index n_D, from (R_F - R_C) / R_D."""
    found = []
    with (HERE / "data" / "liquids_refraction.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            mol = Chem.MolFromSmiles(row["smiles"])
            saturated = all(b.GetBondType() == Chem.BondType.SINGLE for b in mol.GetBonds())
            if row["dispersion_grade"] == "A" and saturated and {a.GetSymbol() for a in mol.GetAtoms()} == {"C"}:
                r_C, r_D, r_F = (refraction_from_index(float(row[f"n_{x}"]), 100.0, 1.0) for x in "CDF")
                scale = refraction_from_index(n_D, 100.0, 1.0) / r_D
                found.append(float(abbe_number(*refractive_index(scale * np.array([r_C, r_D, r_F]), 100.0, 1.0))))
    return found


def simulated_rows(document, chosen, settings, cache):
    """Compare n at densities simulated by mdcore, and the peer's n of the same polymers, with experiment."""
    densities = {row["key"]: row for row in document["polymers"]}
    peers = {}
    with (DATA / "radonpy_pi1070/PI1070.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["refractive_index"]:
                key = RepeatUnit.from_psmiles(row["smiles"], elements=None).key
                peers[key] = float(row["refractive_index"])
    rows = []
    for polymer in chosen:
        row = densities.get(polymer.unit.key)
        if row is None or polymer.again:
            continue
        refractions = auto(polymer.unit, settings, cache)
        n = index_estimate(refractions, row["slowly_cooled_g_cm3"], row["slowly_cooled_stderr_g_cm3"])
        raw = index_estimate(refractions, row["simulated_g_cm3"], row["stderr_g_cm3"])
        rows.append(
            {
                "name": polymer.name,
                "protocol": document["protocol"],
                "tier": refractions.tier,
                "density_simulated": row["simulated_g_cm3"],
                "density_slowly_cooled": row["slowly_cooled_g_cm3"],
                "density_experiment": row["experiment_g_cm3"],
                "n": n.value,
                "n_stderr": n.stderr,
                "n_uncorrected": raw.value,
                "n_experiment": polymer.n_D,
                "n_radonpy": peers.get(polymer.unit.key),
            }
        )
    return rows


def auto(unit, settings, cache):
    """Return the results of `auto`, if DFT results are available where it selects DFT."""
    by_dft = needs_dft(unit, settings) and dft_cache_key(unit, settings) in cache
    return refractions(unit, DFT if by_dft else ADDITIVE, cache=cache)


def cost(unit, settings):
    """Return an estimate of the cost: the cube of the sizes of the molecules."""
    return sum(len(kept) ** 3 for _, kept in scheme_for(unit, settings.max_heavy_atoms).terms)


GOALS = {
    "auto.n_mae": {"at_most": 0.010},
    "auto.abbe_mae": {"at_most": 2.5},
    "auto.abbe_slope": {"at_least": 0.9, "at_most": 1.1},
    "auto.inside_95_percent_interval": {"at_least": 0.85, "at_most": 0.99},
}
# RadonPy's simulations against experiment on 26 polymers, from its published calibration set.
PEERS = {"auto.n_mae": 0.051, "auto.abbe_mae": 20.5}


def main():
    parser = command_line(__doc__, "as without it, but the committed results are not written")
    parser.add_argument("--compute", action="store_true", help="compute missing DFT polarizabilities")
    parser.add_argument("--minutes", type=float, default=math.inf, help="do not start another polymer after this time")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"--data {arguments.data} is not a folder; give one with experimental/ and optical_calibration/")
    cache = FolderCache(UNITS)
    settings = OpticsSettings(n_conformers=DFT.n_conformers)
    chosen = polymers(arguments.data)
    deadline = time.monotonic() + 60.0 * arguments.minutes
    if arguments.compute:
        for polymer in sorted(chosen, key=lambda p: cost(p.unit, settings)):
            if time.monotonic() < deadline and dft_cache_key(polymer.unit, DFT) not in cache:
                started = time.monotonic()
                refractions(polymer.unit, DFT, cache=cache)
                print(f"{polymer.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    tables = {
        "additive": [row_for(p, refractions(p.unit, ADDITIVE)) for p in chosen],
        "dft": [
            row_for(p, refractions(p.unit, DFT, cache=cache)) for p in chosen if dft_cache_key(p.unit, DFT) in cache
        ],
        "auto": [row_for(p, auto(p.unit, settings, cache)) for p in chosen],
    }
    figures = {}
    for tier, rows in tables.items():
        for key, value in (summary(rows) if rows else {}).items():
            name = f"{tier}.{key}"
            figures[name] = figure(value, "1", GOALS.get(name), PEERS.get(name))
    hydrocarbons = hydrocarbon_abbe(1.466)
    for name, value in (("lowest", min(hydrocarbons)), ("highest", max(hydrocarbons)), ("liquids", len(hydrocarbons))):
        figures[f"hydrocarbons.{name}_abbe" if name != "liquids" else "hydrocarbons.liquids"] = figure(value, "1")
    for number, path in enumerate(path for path in SIMULATED if path.exists()):
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = simulated_rows(document, chosen, settings, cache)
        if "slowly_cooled_stderr_g_cm3" not in document["polymers"][0]:
            continue
        name = f"simulated_{document['protocol']}" if number else "simulated"
        tables[f"auto_at_{name}_density"] = rows
        figures |= simulated_figures(name, rows, {"at_most": 0.02})
    figures["auto.sent_to_dft"] = figure(sum(needs_dft(p.unit, settings) for p in chosen if not p.again), "1")
    figures["auto.computed_by_dft"] = figure(
        sum(row["tier"] == "dft" for row in tables["auto"] if not row["again"]), "1"
    )
    for row in tables["auto"]:
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}, file=sys.stderr)
    answer("optics_accuracy", figures, keep=not arguments.quick, level=settings.level.name, tables=tables)


if __name__ == "__main__":
    main()
