"""Canonical keys under random spellings, cuts and directions."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from mdcore.chem import RepeatUnit
from mdcore.chem.notation import read_repeat_unit

UNITS = [
    "*CC(*)(C)C(=O)OC",
    "*OC(=O)c1ccc(cc1)C(=O)OCC*",
    "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(=O)*",
    "*NCCCCCCNC(=O)CCCCC(=O)*",
    "*C/C=C\\C*",
    "*O[C@@H](C)C(=O)*",
    "*C[C@H](C)C[C@@H](C)*",
    "*c1ccc2c(c1)C(=O)N(C2=O)c1ccc(cc1)Oc1ccc(cc1)*",
    "*CC(*)c1ccc2ccccc2c1",
    "*C1CC2CC1CC2*",
]


@given(st.sampled_from(UNITS), st.integers(0, 2**31 - 1))
@settings(max_examples=120, deadline=None)
def test_key_ignores_atom_order_and_direction(text, seed):
    mol = read_repeat_unit(text, None)
    order = np.random.default_rng(seed).permutation(mol.GetNumAtoms()).tolist()
    shuffled = Chem.RenumberAtoms(mol, order)
    spelling = Chem.MolToSmiles(shuffled, canonical=False).replace("[1*]", "[*:1]").replace("[2*]", "[*:2]")
    assert RepeatUnit.from_psmiles(spelling).key == RepeatUnit.from_psmiles(text).key


@given(st.sampled_from(UNITS), st.integers(0, 10**6))
@settings(max_examples=120, deadline=None)
def test_key_ignores_the_cut(text, choice):
    mol = read_repeat_unit(text, None)
    head, tail = sorted((a for a in mol.GetAtoms() if a.GetAtomicNum() == 0), key=lambda a: a.GetIsotope())
    path = Chem.GetShortestPath(mol, head.GetIdx(), tail.GetIdx())
    bonds = [mol.GetBondBetweenAtoms(i, j) for i, j in pairwise(path[1:-1])]
    cuts = [b for b in bonds if not b.IsInRing() and b.GetBondType() == Chem.BondType.SINGLE]
    if not cuts:
        return
    cut = cuts[choice % len(cuts)]
    pieces = Chem.FragmentOnBonds(mol, [cut.GetIdx()], dummyLabels=[(7, 8)])
    editable = Chem.RWMol(pieces)
    for atom in editable.GetAtoms():
        if atom.GetAtomicNum() == 0 and atom.GetIsotope() in (1, 2):
            atom.SetIsotope(0)
            atom.SetAtomMapNum(1)
    parameters = Chem.MolzipParams()
    parameters.label = Chem.MolzipLabel.AtomMapNumber
    rotated = Chem.molzip(editable.GetMol(), parameters)
    Chem.SanitizeMol(rotated)
    assert RepeatUnit.from_psmiles(Chem.MolToSmiles(rotated)).key == RepeatUnit.from_psmiles(text).key


@pytest.mark.parametrize("text", UNITS)
def test_key_is_idempotent_and_a_multiple_has_the_same_key(text):
    unit = RepeatUnit.from_psmiles(text)
    assert RepeatUnit.from_psmiles(unit.key).key == unit.key
    double = Chem.MolToSmiles(unit.oligomer(2, ("*[2H]", "*[3H]"))).replace("[2H]", "[*:1]").replace("[3H]", "[*:2]")
    assert RepeatUnit.from_psmiles(double).key == unit.key
