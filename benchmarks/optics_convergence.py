"""Convergence of the oligomer difference alpha(k+1) - alpha(k), and the error of the DFT tier's choice of k.

For every k, the first k units of one long oligomer with extended backbone are cut out and capped, from one geometry as in the scheme of
the tier. Reported are the molar refraction at D and the dispersion R_F - R_C of the added unit; the value of the tier is the
difference of the two lengths chosen by `mdcore.optics.scheme`. The smaller basis of the level benchmark is used; a basis without
diffuse functions is not suitable, because inner units then use basis functions of their neighbours.

    python -m benchmarks.optics_convergence [--json] [--quick] [--compute] [--minutes 60]
"""

import itertools
import json
import math
import re
import sys
import time

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from benchmarks.common import RESULTS, answer, command_line, figure
from mdcore.chem import RepeatUnit
from mdcore.chem.files import write_whole
from mdcore.optics.density_functional import REFRACTION_PER_A3
from mdcore.optics.geometry import conformers, cut, relax_keeping_torsions
from mdcore.optics.level import Level
from mdcore.optics.polarizability import isotropic, polarizability
from mdcore.optics.scheme import scheme_for

STORE = RESULTS / "optics_convergence_dft.json"
LEVEL = Level("pbe0", "def2-svpd")
MAX_HEAVY_ATOMS = 16
# Primitive repeat unit and lengths of the oligomers; the last is conjugated along its backbone.
CASES = (
    ("*C*", (2, 4, 6, 8, 10, 12)),
    ("*CCO*", (1, 2, 3, 4)),
    ("*CC(*)Cl", (1, 2, 3, 4)),
    ("*C=C*", (1, 2, 3, 4, 5, 6)),
)


def stretched(mol):
    """Return one conformer whose backbone torsions are trans."""
    conformer = conformers(mol, 1, 7)[0]
    distances = Chem.GetDistanceMatrix(mol)
    path = Chem.GetShortestPath(mol, *(int(i) for i in np.unravel_index(distances.argmax(), distances.shape)))
    for i in range(len(path) - 3):
        rdMolTransforms.SetDihedralDeg(conformer.GetConformer(), *path[i : i + 4], 180.0)
    return relax_keeping_torsions(conformer)


def pieces(psmiles, lengths):
    """Yield k and the geometry of the first k units of one oligomer."""
    chain = RepeatUnit.from_psmiles(psmiles, elements=None).chain(max(lengths))
    conformer = stretched(chain.mol)
    for k in lengths:
        yield k, cut(conformer, {i for i, residue in enumerate(chain.residues) if residue < k})


def alpha(geometry, store, key, options, deadline):
    """Return refractions, static and at C, D, F, g, stored or computed."""
    if key not in store:
        if not options.compute or time.monotonic() > deadline:
            return None
        started = time.monotonic()
        store[key] = [float(x) for x in isotropic(polarizability(geometry, LEVEL))]
        print(f"{key}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        write_whole(STORE, json.dumps(store, indent=0, sort_keys=True) + "\n")
    return REFRACTION_PER_A3 * np.array(store[key])


def chosen_lengths(psmiles):
    """Return the numbers of units of the two oligomers whose difference is used by the tier, or None for a junction."""
    found = re.fullmatch(r"difference (\d+)-(\d+)", scheme_for(RepeatUnit.from_psmiles(psmiles), MAX_HEAVY_ATOMS).name)
    return (int(found[1]), int(found[2])) if found else None


def main():
    parser = command_line(__doc__, "as without it, but the committed results are not written")
    parser.add_argument("--compute", action="store_true", help="compute missing polarizabilities")
    parser.add_argument("--minutes", type=float, default=math.inf, help="do not start another molecule after this time")
    options = parser.parse_args()
    store = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
    deadline = time.monotonic() + 60.0 * options.minutes
    tables, figures = {}, {}
    for psmiles, every in CASES:
        found = {}
        for k, geometry in pieces(psmiles, every):
            value = alpha(geometry, store, f"{psmiles} {k}", options, deadline)
            if value is not None:
                found[k] = value
        known = sorted(found)
        steps = {k: (found[m] - found[k]) / (m - k) for k, m in itertools.pairwise(known)}
        if len(steps) < 2:
            continue
        last = steps[max(steps)]
        tables[psmiles] = [
            {"k": k, "r_D": round(float(s[2]), 4), "dispersion": round(float(s[3] - s[1]), 4)} for k, s in steps.items()
        ]
        values = {f"k{k}": step for k, step in steps.items() if k < max(steps)}
        lengths = chosen_lengths(psmiles)
        if lengths is not None and set(lengths) <= set(found):
            values["tier"] = (found[lengths[0]] - found[lengths[1]]) / (lengths[0] - lengths[1])
        for name, value in values.items():
            level, spread = value[2] / last[2] - 1.0, (value[3] - value[1]) / (last[3] - last[1]) - 1.0
            figures[f"{psmiles}.{name}.r_D_deviation"] = figure(round(float(level), 5), "1")
            figures[f"{psmiles}.{name}.dispersion_deviation"] = figure(round(float(spread), 5), "1")
    answer("optics_convergence", figures, keep=not options.quick and bool(figures), level=LEVEL.name, steps=tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
