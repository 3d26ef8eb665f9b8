"""Refractive index and Abbe number of polymers at experimental density, against experiment.

Reads the reference polymers and the optical calibration set from ../shared/data (facts with their sources, not part of
the repository) and compares the tiers `additive`, `dft` and `auto`. DFT polarizabilities are kept in
`results/optics_units_dft/`; what is missing there is computed only with --compute.

    python benchmarks/optics_accuracy.py [--json] [--quick] [--compute] [--data ../shared/data]
"""

import argparse
import csv
import json
import math
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mdcore.chem import RepeatUnit
from mdcore.optics import FolderCache, OpticsSettings, additive_refractions, prefers_additive
from mdcore.optics.density_functional import dft_refractions
from mdcore.optics.scheme import scheme_for
from mdcore.properties.refraction import abbe_estimate, index_estimate

HERE = Path(__file__).parent
UNITS = HERE / "results" / "optics_units_dft"
# Densities of these glasses and rubbers differ by about this much between samples and sources, and n_D is given to +-0.003.
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


class ReadOnly(FolderCache):
    """A cache whose misses are errors, so that nothing is computed by accident."""

    def get(self, key, default=None):
        return self[key]


def _number(text):
    return float(text) if text else None


def polymers(data):
    """Join the files on the repeat unit.

    Reference polymers count where the table trusts n for amorphous matter and gives their own density; PolyArena's
    densities serve the calibration set. A calibration polymer that is a reference polymer too appears once.
    """
    arena = {}
    with (data / "experimental/polyarena_density_tg.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["density"]:
                arena[RepeatUnit.from_psmiles(row["smiles"], elements=None).key] = float(row["density"])
    found = {}
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
            if unit.key not in found:
                n, abbe = float(row["exp_refractive_index"]), float(row["exp_abbe_number"])
                found[unit.key] = Polymer(row["monomer_ID"], unit, arena.get(unit.key), n, abbe)
    return list(found.values())


def density_for_index(refractions, n_D):
    """Density at which the refractions give the measured index; the Abbe number hardly depends on it."""
    return (n_D**2 - 1.0) / (n_D**2 + 2.0) * refractions.molar_mass_g_mol / refractions.r_D


def row_for(polymer, refractions):
    known = polymer.density is not None
    density = polymer.density if known else density_for_index(refractions, polymer.n_D)
    spread = DENSITY_RELATIVE_ERROR * density
    row = {
        "name": polymer.name,
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
        row |= {"abbe": nu.value, "abbe_stderr": stderr, "abbe_experiment": polymer.abbe}
    return row


def summary(rows):
    """MAE, bias, slope and coverage of the stated 95 % interval over the rows with measured density."""
    measured = [r for r in rows if r["density_is_measured"]]
    figures = {}
    hits = []
    for key in ("n", "abbe"):
        chosen = [r for r in measured if key in r]
        if not chosen:
            continue
        error = np.array([r[key] - r[f"{key}_experiment"] for r in chosen])
        stderr = np.array([r[f"{key}_stderr"] for r in chosen])
        hits.extend(np.abs(error) < 1.96 * stderr)
        figures |= {
            f"{key}_polymers": len(chosen),
            f"{key}_mae": float(np.abs(error).mean()),
            f"{key}_bias": float(error.mean()),
        }
        if key == "abbe" and len(chosen) > 2:
            slope = np.polyfit([r["abbe_experiment"] for r in chosen], [r["abbe"] for r in chosen], 1)[0]
            figures["abbe_slope"] = float(slope)
    figures["inside_95_percent_interval"] = float(np.mean(hits))
    inferred = [(r["abbe_experiment"], r["abbe"]) for r in rows if "abbe" in r]
    if len(inferred) > 2:
        figures["abbe_mae_with_inferred_densities"] = float(
            np.mean([abs(found - wanted) for wanted, found in inferred])
        )
        figures["abbe_slope_with_inferred_densities"] = float(np.polyfit(*zip(*inferred, strict=True), 1)[0])
        figures["abbe_polymers_with_inferred_densities"] = len(inferred)
    return figures


def dft(unit, settings, cache):
    """Refractions of the DFT tier from one conformer."""
    return dft_refractions(unit, settings.level, n_conformers=1, max_heavy_atoms=settings.max_heavy_atoms, cache=cache)


def cost(unit, settings):
    """Estimate of the work: the cube of the molecules' sizes."""
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="the same without writing the committed results")
    parser.add_argument("--compute", action="store_true", help="compute missing DFT polarizabilities")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no further polymer after that time")
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"--data {arguments.data} is no folder; it must hold experimental/ and optical_calibration/")
    cache = (FolderCache if arguments.compute else ReadOnly)(UNITS)
    settings = OpticsSettings()
    tables = {"additive": [], "dft": [], "auto": []}
    chosen = polymers(arguments.data)
    deadline = time.monotonic() + 60.0 * arguments.minutes
    if arguments.compute:
        for polymer in sorted(chosen, key=lambda p: cost(p.unit, settings)):
            if time.monotonic() < deadline:
                started = time.monotonic()
                dft(polymer.unit, settings, cache)
                print(f"{polymer.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        cache = ReadOnly(UNITS)
    for polymer in chosen:
        additive = additive_refractions(polymer.unit)
        tables["additive"].append(row_for(polymer, additive))
        try:
            computed = dft(polymer.unit, settings, cache)
        except KeyError:
            computed = None
        else:
            tables["dft"].append(row_for(polymer, computed))
        use_dft = computed is not None and not prefers_additive(polymer.unit, additive, settings.level)
        tables["auto"].append(row_for(polymer, computed if use_dft else additive))
    figures = {}
    for tier, rows in tables.items():
        for key, value in (summary(rows) if rows else {}).items():
            name = f"{tier}.{key}"
            figures[name] = {"value": value, "unit": "1", "goal": GOALS.get(name), "peer": PEERS.get(name)}
    for row in tables["auto"]:
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}, file=sys.stderr)
    document = {
        "benchmark": "optics_accuracy",
        "figures": figures,
        "tables": tables,
        "environment": {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "level": settings.level.name,
        },
    }
    if arguments.json:
        print(json.dumps(document, indent=2))
    if not arguments.quick:
        (HERE / "results" / "optics_accuracy.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
