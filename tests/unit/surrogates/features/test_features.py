"""Features of repeat units and mixtures."""

import numpy as np
import pytest
from made_observations import UNITS, mixture

from mdcore.chem import RepeatUnit
from mdcore.chem.errors import InvalidSubstance
from surrogates import (
    Observations,
    SurrogateSettings,
    fit_surrogates,
)
from surrogates.features import Featuriser
from surrogates.features.descriptors import NAMES, periodic_descriptors

SPELLINGS = (
    ("*CCO*", "*COC*", "*OCC*", "[*]OCCOCC[*]", "C(*)CO*"),
    ("*CC(C)C(=O)O*", "*OC(=O)C(C)C*", "*C(C)C(=O)OC*", "O=C(O*)C(C)C*", "*C(=O)OCC(*)C"),
    ("*c1ccc(cc1)Oc1ccc(cc1)C(=O)*", "*Oc1ccc(cc1)C(=O)c1ccc(*)cc1", "O=C(*)c1ccc(Oc2ccc(*)cc2)cc1"),
    ("*CC(*)c1ccccc1", "*C(c1ccccc1)C*", "*CC(c1ccccc1)CC(*)c1ccccc1"),
    ("*NCCCCCC(*)=O", "*CCCCCNC(*)=O", "*C(=O)CCCCCN*"),
)


@pytest.mark.parametrize("spellings", SPELLINGS)
@pytest.mark.parametrize("features", ["both", "force-field"])
def test_features_do_not_depend_on_spelling_cut_or_direction(features, spellings):
    # One featuriser each: a cache shared by key would hide a difference.
    settings = SurrogateSettings(features=features)
    tables = [Featuriser(settings)([RepeatUnit.from_psmiles(text)]) for text in spellings]
    assert np.abs(tables[0].descriptors).max() > 0.1
    assert (tables[0].counts().sum() > 0) == (features == "both")
    for other in tables[1:]:
        np.testing.assert_array_equal(other.counts(), tables[0].counts())
        np.testing.assert_allclose(other.descriptors, tables[0].descriptors, atol=1e-9)


def test_volumes_of_known_periods():
    # Bondi's group increments (10.1021/j100785a001): CH2 10.23, C6H4 43.32, C=O 11.70, O 5.20 cm3/mol.
    for text, volume in (("*CC*", 20.46), ("*c1ccc(*)cc1", 43.32), ("*Oc1ccc(*)cc1", 48.5)):
        unit = RepeatUnit.from_psmiles(text)
        values = dict(zip(NAMES, periodic_descriptors(unit, 4), strict=True))
        per_mol = 0.60221 * values["volume_per_mass"] * unit.molar_mass_g_mol
        assert per_mol == pytest.approx(volume, rel=0.06)
        assert values["atoms_per_mass"] * unit.molar_mass_g_mol == pytest.approx(unit.n_atoms)


def test_every_atom_of_the_period_counts_once_for_each_radius():
    surrogates = fit_surrogates(Observations(()), ["density"])
    np.testing.assert_array_equal(surrogates.featurise([RepeatUnit.from_psmiles("*CC(*)c1ccccc1")]).sizes, [8 * 3])


def test_features_of_a_mixture_are_means_by_mass_fraction():
    """Ethylene weighs 28.05 g/mol and styrene 104.15: a tenth of it by moles is 29.2 % by mass."""
    featurise = Featuriser(SurrogateSettings(features="both"))
    mixed = mixture(0.9, 0.1)
    share = 0.1 * 104.15 / (0.1 * 104.15 + 0.9 * 28.05)
    assert [weight for _, weight in mixed.parts] == pytest.approx([1 - share, share], abs=1e-3)
    share = mixed.parts[1][1]
    ethylene, styrene = featurise([UNITS[0]]), featurise([UNITS[2]])
    found = featurise([mixed])
    expected = (1 - share) * ethylene.descriptors + share * styrene.descriptors
    np.testing.assert_allclose(found.descriptors, expected, rtol=1e-12)
    counts = np.rint((1 - share) * ethylene.counts() + share * styrene.counts())
    np.testing.assert_array_equal(found.counts(), counts)
    assert counts.sum() > 0
    assert len({*found.identities, *ethylene.identities, *styrene.identities}) == 3
    # Nearly nothing of the second unit is nearly the first.
    near = featurise([mixture(1 - 1e-6, 1e-6)])
    np.testing.assert_allclose(near.descriptors, ethylene.descriptors, atol=1e-3)
    np.testing.assert_array_equal(near.counts(), ethylene.counts())


@pytest.mark.parametrize("fractions", [(0.5,), (0.5, 0.6), (1.5, -0.5)])
def test_a_mixture_needs_a_positive_fraction_for_each_unit(fractions):
    with pytest.raises(InvalidSubstance):
        mixture(*fractions)
