"""Choose the level of theory of the DFT tier on organic liquids with measured n_C, n_D, n_F and density.

For each level the script gives the raw deviations of molar refraction and dispersion, fits the condensed-phase
correction of `mdcore.optics.density_functional` and reports its leave-one-out error. Polarizabilities are kept in
`results/optics_levels_dft.json`; missing ones are only computed with --compute. (Some of the stored values were computed with PySCF's
grid level 1 instead of 0; values computed with both differ by less than 0.1 %.)

The default, PBE0/aug-cc-pVDZ, was chosen by the leave-one-out error of R_D on the liquids that two levels share (figures
`*.common.*`): 1.4 % on 42 liquids against 2.2 % with the smaller diffuse basis def2-SVPD, and on 26 liquids 1.44 % against 1.51 % with
B3LYP, which overestimates dispersion by 9 % instead of 3 %. CAM-B3LYP has 1.33 % and no bias of the dispersion, but took
about 1.5 times as long for its second set of integrals, which does not justify it as the default. For the number of units needed see
optics_convergence.py, for the cost optics_cost.py.

The correction has a term per molecule for the contribution of its ends. Without it, the fitted scale describes small molecules, and
repeat units, as differences of larger molecules, are 2 % too large. See `loo_rms_without_per_molecule`.

    python -m benchmarks.optics_levels [--json] [--quick] [--compute] [--level pbe0/aug-cc-pvdz/grid0 ...]
"""

import csv
import json
import math
import random
import sys
import time
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import Descriptors

from benchmarks.common import answer, command_line, figure
from mdcore.chem.files import write_whole
from mdcore.estimate.refraction import refraction_from_index
from mdcore.optics.additive import sum_increments
from mdcore.optics.density_functional import REFRACTION_PER_A3
from mdcore.optics.geometry import conformers, geometry
from mdcore.optics.level import Level
from mdcore.optics.pi import fused_atoms, n_pi_atoms
from mdcore.optics.polarizability import isotropic, polarizability

HERE = Path(__file__).parent
STORE = HERE / "results" / "optics_levels_dft.json"
LEVELS = ("pbe0/aug-cc-pvdz/grid0", "pbe0/def2-svpd/grid0", "b3lyp/aug-cc-pvdz/grid0", "camb3lyp/aug-cc-pvdz/grid0")
# Inorganic, or without a sound force-field geometry (MMFF94 stretches carbon disulfide by 0.24 A).
EXCLUDED = {"O", "S=C=S"}
MAX_HEAVY_ATOMS = 11
N_LARGER = 48


def liquids():
    """Read both data files: molar refraction at D for all, dispersion R_F - R_C where it was measured through F."""
    found = {}
    with (HERE / "data" / "liquids_n_D.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            mol = Chem.MolFromSmiles(row["smiles"])
            density = float(row["density_g_cm3"])
            r_D = float(refraction_from_index(float(row["n_D"]), Descriptors.MolWt(mol), density))
            found[Chem.MolToSmiles(mol)] = (row["name"], r_D, None, None)
    with (HERE / "data" / "liquids_refraction.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            mol = Chem.MolFromSmiles(row["smiles"])
            density = float(row["density_g_cm3"])
            r = [float(refraction_from_index(float(row[f"n_{x}"]), Descriptors.MolWt(mol), density)) for x in "CDF"]
            found[Chem.MolToSmiles(mol)] = (row["name"], r[1], r[2] - r[0], row["dispersion_grade"])
    return {smiles: row for smiles, row in found.items() if smiles not in EXCLUDED}


def model_compounds():
    """Return the molecules of rows of the increment table, and others for validation, as canonical SMILES."""
    found = []
    for name in ("increment_references.csv", "increment_checks.csv"):
        with (HERE / "data" / name).open(encoding="utf-8") as lines:
            found += [Chem.CanonSmiles(row["smiles"]) for row in csv.DictReader(lines)]
    return found


def larger_liquids(reference):
    """Return a random sample of liquids of six to nine heavy atoms, which separate the term per molecule from the dependence on size.

    Results of the 40 smallest of the sample are stored.
    """
    found = sorted(s for s in reference if 6 <= Chem.MolFromSmiles(s).GetNumHeavyAtoms() <= 9 and "I" not in s)
    random.Random(1).shuffle(found)
    return found[:N_LARGER]


def compute(level_name, smiles_list, store, deadline):
    functional, basis, grid = level_name.split("/")
    level = Level(functional, basis, int(grid.removeprefix("grid")))
    done = store.setdefault(level_name, {})
    for smiles in sorted(smiles_list, key=lambda s: Chem.MolFromSmiles(s).GetNumHeavyAtoms()):
        if smiles in done or time.monotonic() > deadline:
            continue
        start = time.perf_counter()
        conformer = conformers(Chem.MolFromSmiles(smiles), 1, 7)[0]
        done[smiles] = [round(float(x), 5) for x in isotropic(polarizability(geometry(conformer), level))]
        print(f"{level_name} {smiles}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        write_whole(STORE, json.dumps(store, indent=0, sort_keys=True) + "\n")


def assess(records, reference):
    """Compare one level with experiment; see the module docstring."""
    rows = [(s, reference[s], REFRACTION_PER_A3 * np.array(a)) for s, a in records.items() if s in reference]
    r_exp = np.array([row[1][1] for row in rows])
    r_dft = np.array([row[2][2] for row in rows])
    pi = np.array([n_pi_atoms(Chem.MolFromSmiles(row[0])) for row in rows])
    raw = r_dft / r_exp - 1.0
    (scale, per_pi, per_molecule), errors, residual, loo = fit_level(r_exp, r_dft, pi)
    fraction = pi / np.array([Chem.MolFromSmiles(row[0]).GetNumHeavyAtoms() for row in rows])
    graded = np.array([i for i, row in enumerate(rows) if row[1][3] == "A"], dtype=int)
    spreads = np.array([(rows[i][2][3] - rows[i][2][1]) / rows[i][1][2] for i in graded])
    spread, bend = fit_dispersion(spreads, fraction[graded])
    left = spread * (1.0 - bend * fraction[graded]) * spreads - 1.0
    saturated = fraction < 0.2
    fused = np.array([bool(fused_atoms(Chem.MolFromSmiles(row[0]))) for row in rows])
    return {
        "n": len(rows),
        "raw_mean": float(raw.mean()),
        "raw_sd": float(raw.std(ddof=1)),
        "scale": scale,
        "scale_stderr": errors[0],
        "per_pi_atom": per_pi,
        "per_molecule": per_molecule,
        "per_molecule_stderr": errors[2],
        "loo_rms_without_per_molecule": _rms(fit_level(r_exp, r_dft, pi, per_molecule=False)[3]),
        "loo_rms": float(np.sqrt(np.mean(loo**2))),
        "worst": max(zip(np.abs(loo), (r[1][0] for r in rows), strict=True)),
        "rms_saturated": _rms(residual[saturated]),
        "rms_pi": _rms(residual[(fraction > 0.5) & ~fused]),
        "rms_fused": _rms(residual[fused]) if fused.any() else None,
        "n_dispersion": len(graded),
        "dispersion_mean": float(np.mean(spreads) - 1.0),
        "dispersion_sd": float(np.std(spreads, ddof=1)),
        "dispersion_scale": spread,
        "dispersion_pi": bend,
        "dispersion_robust_sd": float(1.4826 * np.median(np.abs(left))),
        "dispersion_rms_saturated": _rms(left[saturated[graded]]),
        "dispersion_rms_pi": _rms(left[(fraction[graded] > 0.5) & ~fused[graded]]),
        "dispersion_rms_fused": _rms(left[fused[graded]]) if fused[graded].any() else None,
    }


def fit_level(r_exp, r_dft, pi, *, per_molecule=True):
    """Fit `R_exp = s R_dft + b n_pi + c` to relative deviations.

    Returns:
        The coefficients (s, b, c), their standard errors, the relative residuals, and those of leave-one-out.
    """
    columns = [r_dft / r_exp, pi / r_exp, 1.0 / r_exp][: 3 if per_molecule else 2]
    design = np.stack(columns, axis=1)
    hat = design @ np.linalg.pinv(design)
    found = np.linalg.lstsq(design, np.ones(len(r_exp)), rcond=None)[0]
    residual = np.ones(len(r_exp)) - design @ found
    variance = residual @ residual / (len(r_exp) - len(columns))
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * variance)
    padding = [0.0] * (3 - len(columns))
    return [*found.tolist(), *padding], [*errors.tolist(), *padding], residual, residual / (1.0 - np.diag(hat))


def fit_dispersion(ratios, fractions):
    """Fit `scale (1 - bend f) ratio = 1` by least absolute deviations, which is robust against a single fused molecule."""

    def cost(parameters):
        scale, bend = parameters
        return float(np.abs(scale * (1.0 - bend * fractions) * ratios - 1.0).sum())

    grid = [(cost((s, b)), s, b) for s in np.arange(0.85, 1.1501, 0.001) for b in np.arange(0.0, 0.3001, 0.002)]
    _, scale, bend = min(grid)
    return float(scale), float(bend)


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def additive(reference):
    deviations, flagged, spreads = [], [], []
    for smiles, (_, r_D, spread, grade) in reference.items():
        found = sum_increments(Chem.MolFromSmiles(smiles))
        (flagged if found.flags else deviations).append(found.r_D / r_D - 1.0)
        if grade == "A" and not found.flags:
            spreads.append((found.r_F - found.r_C) / spread - 1.0)
    return np.array(deviations), np.array(flagged), np.array(spreads)


def main():
    parser = command_line(__doc__, "as without it, but the committed results are not written")
    parser.add_argument("--compute", action="store_true", help="compute missing polarizabilities")
    parser.add_argument("--minutes", type=float, default=math.inf, help="do not start another molecule after this time")
    parser.add_argument("--level", action="append", help=f"levels to compare; default {', '.join(LEVELS)}")
    arguments = parser.parse_args()
    reference = liquids()
    store = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
    deadline = time.monotonic() + 60.0 * arguments.minutes
    graded = [
        s
        for s, row in reference.items()
        if row[3] is not None and Chem.MolFromSmiles(s).GetNumHeavyAtoms() <= MAX_HEAVY_ATOMS
    ]
    figures = {}
    deviations, flagged, spreads = additive(reference)
    for name, value in (
        ("additive.liquids", len(deviations)),
        ("additive.median_absolute_relative_error_of_R_D", float(np.median(np.abs(deviations)))),
        ("additive.robust_sd_of_R_D", float(1.4826 * np.median(np.abs(deviations - np.median(deviations))))),
        ("additive.flagged_median_absolute_relative_error_of_R_D", float(np.median(np.abs(flagged)))),
        ("additive.sd_of_dispersion", float(np.std(spreads, ddof=1))),
    ):
        figures[name] = figure(value, "1")
    for level in arguments.level or LEVELS:
        if arguments.compute:
            wanted = {*graded, *model_compounds(), *larger_liquids(reference)} if level == LEVELS[0] else graded
            compute(level, sorted(wanted), store, deadline)
        if len(store.get(level, {})) < 8:
            continue
        # Levels are compared on their common liquids; the fits below use all liquids of a level.
        default = store.get(LEVELS[0], {})
        shared = [s for s in store[level] if s in default and s in reference]
        for name, records in ((level, store[level]), (LEVELS[0], default)):
            common = assess({s: records[s] for s in shared}, reference)
            for key in ("n", "raw_mean", "raw_sd", "loo_rms", "dispersion_mean", "dispersion_sd"):
                figures[f"{level}.common.{name}.{key}"] = figure(common[key], "1")
        found = assess(store[level], reference)
        print(f"{level}: {found}", file=sys.stderr)
        for key, value in found.items():
            if key != "worst" and value is not None:
                figures[f"{level}.{key}"] = figure(value, "1")
    answer("optics_levels", figures, keep=not arguments.quick)


if __name__ == "__main__":
    main()
