"""How many blocks the oligomer difference alpha(k+1) - alpha(k) needs.

One long oligomer at one geometry; the first k blocks are cut out for every k, as the scheme of the DFT tier does. What is
shown is the molar refraction at D and the dispersion R_F - R_C of one block, which converge as the ends move away from
the block that is added. A smaller basis serves, because ends and neighbours act alike in every basis.

    python benchmarks/optics_convergence.py [--json] [--quick] [--compute] [--minutes 60]
"""

import argparse
import json
import math
import sys
import time

import numpy as np
from common import RESULTS, answer, figure

from mdcore.chem import RepeatUnit, seed_sequence
from mdcore.optics.density_functional import REFRACTION_PER_A3
from mdcore.optics.geometry import Geometry, conformers, cut
from mdcore.optics.level import Level
from mdcore.optics.polarizability import isotropic, polarizability

STORE = RESULTS / "optics_convergence_dft.json"
LEVEL = Level("pbe0", "def2-svpd")
# Repeat unit, units in a block, blocks of the longest oligomer. The last joint is conjugated.
CASES = (("*CC*", 3, 4), ("*CCO*", 2, 4), ("*CC(*)Cl", 2, 4), ("*CC(*)C(=O)OC", 1, 3), ("*C=C*", 3, 4))


def blocks(psmiles, per_block, count):
    """Yield k and the geometry of the first k blocks of one oligomer."""
    chain = RepeatUnit.from_psmiles(psmiles, elements=None).chain(per_block * count)
    conformer = conformers(chain.mol, 1, word(psmiles))[0]
    for k in range(1, count + 1):
        kept = {i for i, residue in enumerate(chain.residues) if 0 <= residue // per_block < k}
        yield k, cut(conformer, kept)


def word(psmiles):
    return int(seed_sequence(0, psmiles, "convergence").generate_state(1, np.uint32)[0]) % 2**31


def alpha(geometry: Geometry, store, key, options, deadline):
    """Return static, C, D, F, g from the store, or compute them."""
    if key not in store:
        if not options.compute or time.monotonic() > deadline:
            return None
        started = time.monotonic()
        store[key] = [float(x) for x in isotropic(polarizability(geometry, LEVEL))]
        print(f"{key}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        STORE.write_text(json.dumps(store, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return REFRACTION_PER_A3 * np.array(store[key])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="the answer is always JSON; kept for uniformity")
    parser.add_argument("--quick", action="store_true", help="the same without writing the committed results")
    parser.add_argument("--compute", action="store_true", help="compute missing polarizabilities")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no further molecule after that time")
    options = parser.parse_args()
    store = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}
    deadline = time.monotonic() + 60.0 * options.minutes
    tables, figures = {}, {}
    for psmiles, per_block, count in CASES:
        found = {}
        for k, geometry in blocks(psmiles, per_block, count):
            value = alpha(geometry, store, f"{psmiles} {per_block}x{k}", options, deadline)
            if value is not None:
                found[k] = value
        steps = {k: (found[k + 1] - found[k]) / per_block for k in sorted(found) if k + 1 in found}
        tables[psmiles] = [
            {"k": k, "r_D": float(step[2]), "dispersion": float(step[3] - step[1]), "units_in_a_block": per_block}
            for k, step in steps.items()
        ]
        if len(steps) >= 2:
            last = steps[max(steps)]
            for k, step in steps.items():
                if k < max(steps):
                    name = f"{psmiles}.k{k}"
                    figures[f"{name}.r_D_deviation"] = figure(round(float(step[2] / last[2] - 1.0), 5), "1")
                    spread = (step[3] - step[1]) / (last[3] - last[1]) - 1.0
                    figures[f"{name}.dispersion_deviation"] = figure(round(float(spread), 5), "1")
    answer("optics_convergence", figures, keep=not options.quick and bool(figures), level=LEVEL.name, tables=tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
