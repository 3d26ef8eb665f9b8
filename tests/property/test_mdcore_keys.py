"""Canonical keys under random spellings, cuts and directions."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from mdcore.chem import RepeatUnit, backbone
from mdcore.chem.notation import read_repeat_unit, spell

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


KEYS = {
    "*C(C)(C)CC(C1=CC=CC=C1)C*": "*C(C)(C)CC(C*)c1ccccc1",
    "*CC(C)(CC(*)C(=O)OCCOCCOCCOC)C(=O)OCCCC": "*C(C)(CC(C*)C(=O)OCCOCCOCCOC)C(=O)OCCCC",
    "*C(=O)NC1=CC=CC(=C1)*": "*C(=O)Nc1cccc(*)c1",
    "*OCCCOC(=O)c1ccc(C(*)=O)c2ccccc12": "*C(=O)OCCCOC(=O)c1ccc(*)c2ccccc12",
    "*CCCCNC(=O)CCCCCCCCC(=O)NC*": "*C(=O)CCCCCCCCC(=O)NCCCCCN*",
    "*CC(C)(C(=O)OCCN(C)C)C1C2CCC(C2)C1*": "*C(C)(C(=O)OCCN(C)C)C1C2CCC(C2)C1C*",
    "*C(CCC(*)(C)C(=O)Nc1ccc(C#N)c(C(F)(F)F)c1)C(=O)OCC(F)(F)C(F)F": "*C(C)(C(=O)Nc1ccc(C#N)c(C(F)(F)F)c1)C(CC*)C(=O)OCC(F)(F)C(F)F",
    "*C(=O)OCCCCCCCCOC(=O)C1=CC=C(O1)C(SC1=CC=CC=C1)*": "*C(=O)C(Sc1ccccc1)c1ccc(C(=O)OCCCCCCCCO*)o1",
    "*CC(CC(*)c1ccc(OC(C)=O)cc1)c1ccc(C(C)(C)C)cc1": "*C(CC(C*)c1ccc(OC(C)=O)cc1)c1ccc(C(C)(C)C)cc1",
    "*C(C)(C)CC(C(=O)OCC)C*": "*C(C)(C)CC(C*)C(=O)OCC",
    "*CCCCCSC(=O)Nc1ccc(-c2ccc(NC(=O)SC*)c(C)c2)cc1C": "*C(=O)Nc1ccc(-c2ccc(NC(=O)SCCCCCCS*)c(C)c2)cc1C",
    "*C(=O)NC=1C=CC=C(C1)S(=O)(=O)C1=CC=CC(=C1)N*": "*C(=O)Nc1cccc(S(=O)(=O)c2cccc(N*)c2)c1",
    "*CC(C)(C(=O)OCc1ccccc1)C1c2cccc3cccc(c23)C1*": "*C(C)(C(=O)OCc1ccccc1)C1c2cccc3cccc(c23)C1C*",
    "*CC(CC(*)OCC)OCC(CC)CCCC": "*C(CC(C*)OCC(CC)CCCC)OCC",
    "*C=1C=CC2=C(C1)C(=O)N(C2=O)C=1C=CC(=CC1)N1C(=O)C=2C=CC(=CC2C1=O)*": "*N1C(=O)c2ccc(-c3ccc4c(c3)C(=O)N(c3ccc(*)cc3)C4=O)cc2C1=O",
    "*CC(C)(CC(*)(C)C(=O)OCC(F)(F)C(F)(F)C(F)(F)F)C(=O)OCC1CO1": "*C(C)(CC(C)(C*)C(=O)OCC1CO1)C(=O)OCC(F)(F)C(F)(F)C(F)(F)F",
    "*C(C=1C=CC(OC)=CC1)(C(=O)OC(C)C(F)(F)F)C(F)(F)C(F)C*": "*C(C(=O)OC(C)C(F)(F)F)(c1ccc(OC)cc1)C(F)(F)C(F)C*",
    "*C(OC)CC(C1=CC=CC=C1)C*": "*C(CC(C*)c1ccccc1)OC",
    "*C(=O)C1CCC(CC1)C(=O)NC=1C=CC(=CC1)C1=NC2=CC=3SC(=NC3C=C2C1=O)*": "*C(=O)C1CCC(C(=O)Nc2ccc(C3=Nc4cc5sc(*)nc5cc4C3=O)cc2)CC1",
    "*CC(C)(CC(*)(C)C(=O)OCC(CC)CCCC)C(=O)OCC(C)O": "*C(C)(CC(C)(C*)C(=O)OCC(CC)CCCC)C(=O)OCC(C)O",
    "*CC(C)C(C*)C(=O)Oc1c(Br)cc(Br)cc1Br": "*C(C)C(CC*)C(=O)Oc1c(Br)cc(Br)cc1Br",
    "*C(=O)OCC1CC2CC1C1CC(COC(=O)c3ccc(*)o3)CC21": "*C(=O)OCC1CC2C3CC(COC(=O)c4ccc(*)o4)C(C3)C2C1",
    "*C(N1C2=CC=CC=C2C2=CC=CC=C21)CC(C=1C=CN=CC1)C*": "*C(CC(C*)n1c2ccccc2c2ccccc21)c1ccncc1",
    "*c1ccc(C(=O)NCC(C)CCCNC(=O)c2ccc(S(*)(=O)=O)cc2)cc1": "*C(=O)NCC(C)CCCNC(=O)c1ccc(S(=O)(=O)c2ccc(*)cc2)cc1",
    "*C(CCC(*)(C)C(=O)OCCN1CCOCC1)COC1CCCCO1": "*C(C)(C(=O)OCCN1CCOCC1)C(CC*)COC1CCCCO1",
    "*C(CC(F)(C(*)(F)F)C(F)(F)F)C(=C)C": "*C(F)(C(F)(F)F)C(F)(F)C(C*)C(=C)C",
    "*CC(CC(*)Cc1ccccc1)C(=O)OC1CC2CCC1(C)C2(C)C": "*C(CC(C*)Cc1ccccc1)C(=O)OC1CC2CCC1(C)C2(C)C",
    "*C[C@H](C)C[C@@H](C)C[C@@H](C)*": "*C[C@H](C)C[C@H](C)C[C@H](*)C",
    "*/C=C/C/C=C\\C*": "*/C=C/C/C=C\\C*",
    "*[C@@H](F)C(*)Cl": "*C(Cl)[C@@H](*)F",
    "*n1cccc1-c1ccc(*)o1": "*c1ccc(-c2cccn2*)o1",
    "*O[C@@H](C)C(=O)*": "*C(=O)O[C@H](*)C",
    "*C/C=C\\C*": "*/C=C\\CC*",
    "*C1CC2CC1CC2*": "*C1CC2CC1CC2*",
    "*C([2H])([2H])C*": "*C([2H])([2H])C*",
}
"""Keys of release 0.1: stores hold them, so that they must stay what they are."""


@pytest.mark.parametrize("text", KEYS)
def test_keys_are_those_of_earlier_stores(text):
    unit = RepeatUnit.from_psmiles(text)
    assert unit.key == KEYS[text]
    assert RepeatUnit.canonical(text) == unit
    assert RepeatUnit.canonical(text).psmiles == KEYS[text]


@pytest.mark.parametrize("text", [text for text in KEYS if not set(text) & set("@/\\")])
def test_moving_the_cut_gives_what_joining_the_links_gives(text):
    mol = read_repeat_unit(text, None)
    path = backbone.star_path(mol)
    cuts = backbone._cuts(mol, path)
    word = backbone._word(mol, path, cuts)
    for turn, cut in enumerate([None, *cuts]):
        joined = backbone._join(backbone._rotated(word, turn))
        assert spell(backbone._recut(mol, path, cut, False)) == spell(joined)
