"""Growth of one chain by RadonPy, run by its own Python: `PYTHON bundle_build_peer.py PSMILES UNITS` prints seconds and atoms."""

import sys
import time

from radonpy.core import poly, utils

monomer, end = utils.mol_from_smiles(sys.argv[1]), utils.mol_from_smiles("*[H]")
for mol in (monomer, end):
    for atom in mol.GetAtoms():
        # Growth copies charges, so dummy charges are set; quantum chemistry is not timed.
        atom.SetDoubleProp("AtomicCharge", 0.0)
started = time.perf_counter()
chain = poly.terminate_rw(poly.polymerize_rw(monomer, int(sys.argv[2])), end)
print(time.perf_counter() - started, chain.GetNumAtoms())
