"""Repeat units: keys, refusals, oligomers, windows, registry, seeds."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from rdkit import Chem

from mdcore.chem import (
    PROPERTIES,
    InvalidRepeatUnit,
    RepeatUnit,
    UnknownProperty,
    openmm_seed,
    property_spec,
    rng_for,
)


def key(text: str) -> str:
    return RepeatUnit.from_psmiles(text).key


@pytest.mark.parametrize(
    "spellings",
    [
        ["*OCC*", "*CCO*", "*COC*", "C(*)OC*", "[*:1]OCC[*:2]", "[1*]OCC[2*]", "[*]OCC[*]"],
        ["*CC*", "*C*", "*CCCC*"],
        ["*CC(*)C", "*CC(C)*", "*C(C)C*"],
        ["*CC(*)c1ccccc1", "*CC(*)C1=CC=CC=C1", "*C(C2C=CC=CC=2)C*"],
        ["*OCCOC(=O)c1ccc(cc1)C(=O)*", "*C(=O)c1ccc(cc1)C(=O)OCCO*", "*CCOC(=O)c1ccc(C(=O)O*)cc1"],
        ["*C/C=C\\C*", "*/C=C\\CC*", "*CC/C=C\\*"],
        ["*[C@@H](C)C(=O)O*", "*O[C@@H](C)C(=O)*", "*C(=O)O[C@@H](C)*"],
        ["*C[C@H](C)*", "*C[C@@H](C)*"],
        ["*[C@](F)(Cl)*", "*[C@@](F)(Cl)*"],
        ["*c1ccc(*)s1", "*c1sc(*)cc1", "*c1ccc(s1)-c1ccc(*)s1"],
    ],
)
def test_one_infinite_chain_has_one_key(spellings):
    assert len({key(text) for text in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*C/C=C\\C*", "*C/C=C/C*"),
        ("*C/C=C\\C*", "*CC=CC*"),
        ("*CC(C)*", "*CC(C)C(C)C*"),
        ("*[C@@H](C)C(=O)O*", "*[C@H](C)C(=O)O*"),
        ("*C[C@H](C)*", "*C[C@H](C)C[C@@H](C)*"),
        ("*c1ccc(*)cc1", "*c1cccc(*)c1"),
        ("*OC(=O)C*", "*OC(=O)CC*"),
        ("*NC(=O)CC*", "*C(=O)NCC(=O)N*"),
    ],
)
def test_different_chains_have_different_keys(one, other):
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("CC", "has 0 stars"),
        ("*C", "has 1 star;"),
        ("*C(*)C*", "has 3 stars"),
        ("*=CC*", "bonds of different order"),
        ("*CC*.O", "several fragments"),
        ("*C[CH]*", "unpaired electron"),
        ("*C[N+](C)(C)C*", "net charge +1"),
        ("*C[Si](C)(C)*", "contains Si"),
        ("**", "not bound to a heavy atom"),
        ("*[H]*", "not bound to a heavy atom"),
        ("C*1CC*1", "must have exactly one"),
        ("*C(", "not valid SMILES"),
        ("*CC*  name", "not valid SMILES"),
        ("", "is empty"),
        ("*c1cccc1*", "chemically impossible"),
        ("*C(C)(C)(C)(C)*", "chemically impossible"),
    ],
)
def test_refusals_name_value_rule_and_remedy(text, rule, capfd):
    with pytest.raises(InvalidRepeatUnit, match="SMILES") as caught:
        RepeatUnit.from_psmiles(text)
    message = str(caught.value)
    assert rule in message
    assert "\n" not in message
    assert repr(text)[:20] in message
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_zwitterions_and_foreign_elements_pass_where_they_may():
    assert RepeatUnit.from_psmiles("*CC(*)c1ccc([N+](=O)[O-])cc1").n_heavy_atoms == 11
    silicone = RepeatUnit.from_psmiles("*[Si](C)(C)O*", elements=None)
    assert silicone.elements == {"Si", "C", "O", "H"}


def test_size_and_mass_of_polystyrene():
    unit = RepeatUnit.from_psmiles("*CC(*)c1ccccc1")
    assert (unit.n_heavy_atoms, unit.n_atoms) == (8, 16)
    assert unit.molar_mass_g_mol == pytest.approx(8 * 12.011 + 8 * 1.008, abs=0.01)
    assert unit.elements == {"C", "H"}


def test_units_are_values():
    one, other = RepeatUnit.from_psmiles("*OCC*"), RepeatUnit.from_psmiles("*CCO*")
    assert one == other
    assert len({one, other}) == 1
    assert pickle.loads(pickle.dumps(one)) == other


@pytest.mark.parametrize(
    ("text", "n", "ends", "expected"),
    [
        ("*CC(*)C", 2, ("*[H]", "*[H]"), "CC(C)CC(C)"),
        ("*OCC*", 2, ("*C", "*O"), "COCCOCCO"),
        ("*C/C=C\\C*", 2, ("*[H]", "*[H]"), "C/C=C\\CC/C=C\\C"),
        ("*[C@@H](C)C(=O)O*", 2, ("*O", "*[H]"), "O[C@@H](C)C(=O)O[C@@H](C)C(=O)O"),
        ("*C*", 5, ("*[H]", "*[H]"), "CCCCC"),
    ],
)
def test_oligomers(text, n, ends, expected):
    mol = RepeatUnit.from_psmiles(text).oligomer(n, ends)
    assert Chem.MolToSmiles(mol) == Chem.CanonSmiles(expected)


def test_isotactic_and_syndiotactic_oligomers_differ_in_stereo():
    iso = Chem.MolToSmiles(RepeatUnit.from_psmiles("*C[C@H](CC)*").oligomer(4, ("*O", "*F")))
    assert iso == Chem.CanonSmiles("OC[C@H](CC)C[C@H](CC)C[C@H](CC)C[C@H](CC)F")
    syndio = Chem.MolToSmiles(RepeatUnit.from_psmiles("*C[C@H](CC)C[C@@H](CC)*").oligomer(2, ("*O", "*F")))
    assert syndio == Chem.CanonSmiles("OC[C@H](CC)C[C@@H](CC)C[C@H](CC)C[C@@H](CC)F")


def test_oligomer_refuses_zero_units_and_bad_end_groups():
    unit = RepeatUnit.from_psmiles("*CC*")
    with pytest.raises(ValueError, match="at least 1"):
        unit.oligomer(0)
    with pytest.raises(InvalidRepeatUnit, match="end group"):
        unit.oligomer(2, ("C", "*[H]"))


def test_chain_bookkeeping_covers_every_atom_once():
    chain = RepeatUnit.from_psmiles("*CC(*)C").chain(4, ("*O", "*[H]"))
    counts = {residue: chain.residues.count(residue) for residue in set(chain.residues)}
    assert counts == {-1: 1, 0: 3, 1: 3, 2: 3, 3: 3}
    assert len(chain.unit_atoms) == chain.mol.GetNumAtoms()


@pytest.mark.parametrize("text", ["*CC*", "*OCC*", "*CC(*)c1ccccc1", "*C/C=C\\C*"])
@pytest.mark.parametrize("bonds", [1, 3, 6])
def test_window_keeps_its_distance_from_the_ends(text, bonds):
    mol, centre = RepeatUnit.from_psmiles(text).window(bonds)
    distances = Chem.GetDistanceMatrix(Chem.AddHs(mol))
    ends = [i for i, atom in enumerate(mol.GetAtoms()) if i not in centre]
    capped = [i for i in ends if mol.GetAtomWithIdx(i).GetDegree() == 1]
    smallest = min(distances[c, e] for c in centre for e in capped)
    primitive = RepeatUnit.from_psmiles(RepeatUnit.from_psmiles(text).key)
    assert len(centre) == primitive.n_heavy_atoms
    assert smallest + 1 >= min(bonds, smallest + 1)
    backbone_ends = (0, max(i for i in range(mol.GetNumAtoms())))
    assert all(distances[c, backbone_ends[0]] + 1 >= bonds for c in centre)


def test_registry_speaks_and_suggests():
    assert property_spec("density").unit == "g/cm3"
    assert all(spec.lower < spec.upper for spec in PROPERTIES.values())
    with pytest.raises(UnknownProperty, match="refractive_index"):
        property_spec("refractiv_index")


def test_usual_values_are_possible_and_codes_for_missing_values_are_not():
    for spec in PROPERTIES.values():
        assert spec.lowest <= spec.lower < spec.upper <= spec.highest, spec.name
        assert all(map(spec.possible, (spec.lower, spec.upper)))
        assert not any(map(spec.possible, (-9999.0, -999.0, -99.0, 9.99e99, float("inf"), float("nan")))), spec.name
        assert 0 <= spec.assumed_stderr(spec.lower) < 0.3 * (spec.upper - spec.lower)
    density = property_spec("density")
    assert [density.possible(value) for value in (1.05, 8.0, 1050.0, 0.0, -0.86)] == [True, False, False, False, False]
    assert (density.usual(0.65), density.possible(0.65)) == (False, True)
    assert density.assumed_stderr(1.2) == 0.01
    assert property_spec("thermal_conductivity").assumed_stderr(0.2) == pytest.approx(0.02)
    assert property_spec("sa_score").assumed_stderr(3.0) == 0.0


def test_seeds_come_from_content_alone():
    assert openmm_seed(1, "*CC*", "npt") == openmm_seed(1, "*CC*", "npt")
    assert len({openmm_seed(s, k, g) for s in (0, 1) for k in ("a", "b") for g in ("x", "y")}) == 8
    assert 1 <= openmm_seed(0, "", "") < 2**31
    assert np.array_equal(rng_for(3, "k", "s").random(4), rng_for(3, "k", "s").random(4))
    with pytest.raises(ValueError, match="negative"):
        rng_for(-1, "k", "s")


def test_light_imports_load_no_heavy_library():
    code = (
        "import sys, mdcore, mdcore.chem, mdcore.chem.errors; "
        "print([m for m in ('rdkit', 'torch', 'openmm', 'dask', 'openff') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
