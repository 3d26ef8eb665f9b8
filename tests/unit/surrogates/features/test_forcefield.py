import numpy as np
import pytest

from mdcore.chem import RepeatUnit
from mdcore.chem.parameter_distributions import PARAMETERS
from surrogates import SurrogateSettings
from surrogates.features import Featuriser
from surrogates.features.forcefield import CHARGE, KINDS, LENGTH, ForceFieldDescriptors, ForceFieldFileMissing


@pytest.fixture(scope="module")
def describe():
    return ForceFieldDescriptors.installed()


def test_descriptors_do_not_depend_on_spelling(describe):
    one, two = (describe(RepeatUnit.from_psmiles(text)) for text in ("*CC(C)C(=O)O*", "*OC(=O)C(C)C*"))
    assert one.shape == (LENGTH,)
    np.testing.assert_allclose(one, two, atol=1e-12)
    assert np.abs(one - describe(RepeatUnit.from_psmiles("*CC(*)F"))).max() > 0.1


def test_parameters_of_polyethylene_are_those_of_the_file(describe):
    terms = describe.parameters(RepeatUnit.from_psmiles("*CC*"))
    # One carbon and two hydrogens in the primitive period, each atom term met from both its ends.
    assert len(terms["vdW", "epsilon"]) == 6
    # C-H bonds are met from both ends, C-C bonds to either neighbour from one end each.
    assert len(terms["Bonds", "length"]) == 2 * 2 + 2
    assert sorted(np.round(terms["Bonds", "length"], 1).tolist()) == [1.1] * 4 + [1.5] * 2
    assert np.allclose(terms["Angles", "angle"], 110, atol=8)
    assert len(terms["Angles", "angle"]) == 2 * 6


def test_assignment_agrees_with_the_openff_toolkit(describe):
    pytest.importorskip("openff.toolkit")
    from openff.toolkit import ForceField, Molecule
    from rdkit import Chem

    unit = RepeatUnit.from_psmiles("*CC(*)c1ccc(OC(C)=O)cc1")
    window, centre = unit.window(describe.bonds)
    mol = Chem.AddHs(window)
    labels = ForceField(describe.path.name).label_molecules(
        Molecule.from_rdkit(mol, allow_undefined_stereo=True, hydrogens_are_explicit=True).to_topology()
    )[0]
    inside = set(centre)
    inside |= {n.GetIdx() for i in centre for n in mol.GetAtomWithIdx(i).GetNeighbors() if n.GetAtomicNum() == 1}
    expected = {
        ("vdW", "epsilon"): [p.epsilon.m for a, p in labels["vdW"].items() for e in (a[0], a[-1]) if e in inside],
        ("Bonds", "length"): [p.length.m for a, p in labels["Bonds"].items() for e in (a[0], a[-1]) if e in inside],
        ("Angles", "k"): [p.k.m for a, p in labels["Angles"].items() for e in (a[0], a[-1]) if e in inside],
        ("ProperTorsions", "k"): [
            sum(k.m for k in p.k) for a, p in labels["ProperTorsions"].items() for e in (a[0], a[-1]) if e in inside
        ],
    }
    ours = describe.parameters(unit)
    for kind, values in expected.items():
        np.testing.assert_allclose(np.sort(ours[kind]), np.sort(values), rtol=1e-6)


def test_charges_of_a_period_sum_to_zero_and_lie_on_the_grid(describe):
    for text in ("*CC(*)F", "*CC(*)C(=O)OC", "*NCCCCCC(*)=O"):
        unit = RepeatUnit.from_psmiles(text)
        charges = describe.parameters(unit)[CHARGE]
        assert len(charges) == unit.n_atoms
        assert abs(charges.sum()) < 0.02
        assert np.abs(charges).max() < PARAMETERS[KINDS[CHARGE]].high


def test_they_stand_alone_or_join(describe):
    unit = RepeatUnit.from_psmiles("*CC(*)F")
    alone = Featuriser(SurrogateSettings(features="force-field"))([unit])
    np.testing.assert_allclose(alone.descriptors[0], describe(unit))
    assert alone.bits.nnz == 0
    both, everything = (Featuriser(SurrogateSettings(features=f))([unit]) for f in ("both", "all"))
    assert everything.descriptors.shape[1] == both.descriptors.shape[1] + LENGTH
    assert everything.bits.nnz == both.bits.nnz > 0


def test_they_join_the_features(describe):
    featurise = Featuriser(SurrogateSettings(), further=describe, further_length=LENGTH)
    plain = Featuriser(SurrogateSettings())
    unit = RepeatUnit.from_psmiles("*CC(*)F")
    assert featurise([unit]).descriptors.shape[1] == plain([unit]).descriptors.shape[1] + LENGTH


def test_a_missing_file_is_named():
    with pytest.raises(ForceFieldFileMissing, match="not installed"):
        ForceFieldDescriptors.installed("openff-0.0.0.offxml")
