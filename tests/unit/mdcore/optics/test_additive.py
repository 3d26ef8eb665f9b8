"""The additive tier against the sums it stands for, against experiment, and under respelling."""

import numpy as np
import pytest
from rdkit import Chem

from mdcore.chem import RepeatUnit
from mdcore.estimate.refraction import abbe_estimate, index_estimate
from mdcore.optics import UnknownEnvironment, additive_refractions
from mdcore.optics.additive import sum_increments
from mdcore.optics.increments import increments


def refractions(psmiles):
    return additive_refractions(RepeatUnit.from_psmiles(psmiles, elements=None))


def test_polyethylene_is_vogels_methylene():
    r = refractions("*CC*")
    assert (r.r_C, r.r_D, r.r_F, r.r_g) == pytest.approx((4.624, 4.647, 4.695, 4.735), abs=1e-9)
    assert r.molar_mass_g_mol == pytest.approx(14.027, abs=1e-3)


def test_polystyrene_is_methylene_methine_and_phenyl():
    r = refractions("*CC(*)c1ccccc1")
    assert r.r_D == pytest.approx(4.647 + 2.591 + 1.028 + 25.359, abs=1e-3)
    assert r.r_F - r.r_C == pytest.approx(0.071 + 0.037 + 0.017 + 0.770, abs=1e-3)


def test_poly_methyl_acrylate_is_methylene_methine_ester_and_methyl():
    assert refractions("*CC(*)C(=O)OC").r_D == pytest.approx(4.647 + 3.619 + 6.200 + 2.591 + 3 * 1.028, abs=1e-3)


def test_siloxane_is_its_bond_refractions():
    # Two Si-O of 1.80, two Si-C of 2.52, six C-H of 1.676 (Vogel, Cresswell and Leicester 1954).
    assert refractions("*O[Si](*)(C)C").r_D == pytest.approx(2 * 1.80 + 2 * 2.52 + 6 * 1.676, rel=0.001)


@pytest.mark.parametrize(
    ("psmiles", "density", "n", "nu"),
    [
        ("*CC(*)c1ccccc1", 1.050, 1.5915, 30.5),
        ("*CC(*)(C)C(=O)OC", 1.184, 1.491, 59.2),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", 1.200, 1.585, 29.1),
        ("*CC*", 0.855, 1.476, None),
    ],
)
def test_polymers_at_experimental_density(psmiles, density, n, nu):
    r = refractions(psmiles)
    assert index_estimate(r, density).value == pytest.approx(n, abs=0.012)
    if nu is not None:
        assert abbe_estimate(r, density).value == pytest.approx(nu, abs=4.0)


@pytest.mark.parametrize(
    ("smiles", "density", "n"),
    [  # CRC Handbook, 20 C; none of them defines a row of the table
        ("CCCCCCCC", 0.7025, 1.3974),
        ("CCOCC", 0.7138, 1.3526),
        ("Cc1ccccc1", 0.8669, 1.4969),
        ("CCOC(C)=O", 0.9006, 1.3724),
        ("CC#N", 0.7857, 1.3441),
        ("CCCCBr", 1.2758, 1.4401),
        ("CCSCC", 0.8362, 1.4430),
        ("Clc1ccccc1", 1.1058, 1.5248),
        ("C[Si](C)(C)O[Si](C)(C)C", 0.7638, 1.3774),
        ("COC(=O)C(C)=C", 0.9433, 1.4142),
        ("CN(C)C=O", 0.9487, 1.4305),
    ],
)
def test_liquids(smiles, density, n):
    assert index_estimate(sum_increments(Chem.MolFromSmiles(smiles)), density).value == pytest.approx(n, abs=0.012)


@pytest.mark.parametrize(
    "spellings",
    [
        ("*CCO*", "*COC*", "*OCC*", "C(*)CO*", "*CCOCCO*"),
        ("*CC(*)c1ccccc1", "*C(c1ccccc1)C*", "[*:1]C(C[*:2])c1ccccc1"),
        ("*O[Si](*)(C)C", "*[Si](C)(C)O*"),
        ("*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1", "*C(=O)Oc1ccc(C(C)(C)c2ccc(O*)cc2)cc1"),
        ("*c1ccc(*)cc1", "*c1ccc(-c2ccc(*)cc2)cc1"),
        ("*CSS*", "*SCS*"),
    ],
)
def test_spelling_and_cut_do_not_matter(spellings):
    rows = [refractions(s) for s in spellings]
    for r in rows[1:]:
        assert r.r_D / r.molar_mass_g_mol == pytest.approx(rows[0].r_D / rows[0].molar_mass_g_mol, rel=1e-12)
        assert r.flags == rows[0].flags


def test_repeat_unit_is_the_difference_of_oligomers():
    unit = RepeatUnit.from_psmiles("*Oc1ccc(-c2ccc(C(=O)*)cc2)cc1")
    oligomers = [sum_increments(unit.oligomer(k)) for k in (4, 5)]
    r = additive_refractions(unit)
    for line in ("r_C", "r_D", "r_F"):
        assert getattr(oligomers[1], line) - getattr(oligomers[0], line) == pytest.approx(getattr(r, line), rel=1e-9)
    assert oligomers[1].molar_mass_g_mol - oligomers[0].molar_mass_g_mol == pytest.approx(r.molar_mass_g_mol)


def test_pi_systems_beyond_the_table_are_flagged_and_less_certain():
    plain, fused = refractions("*CC(*)c1ccccc1"), refractions("*CC(*)c1ccc2ccccc2c1")
    assert plain.flags == ()
    assert "fused-aromatic" in fused.flags
    assert fused.relative_error > 2 * plain.relative_error


def test_estimates_are_flagged_with_their_name():
    r = refractions("*OCCNC(*)=O")
    assert r.flags == ("estimate:carbamate oxo",)
    assert r.relative_error > refractions("*CC*").relative_error


def test_elements_without_any_value_are_an_error():
    with pytest.raises(UnknownEnvironment, match="for Ge"):
        sum_increments(Chem.MolFromSmiles("C[GeH2]C"))
    with pytest.raises(UnknownEnvironment, match="bond"):
        sum_increments(Chem.MolFromSmiles("C[Si](C)(C)P(C)C"))


@pytest.mark.parametrize("kind", ["atom", "bond", "ring"])
def test_every_row_has_a_source_and_sane_values(kind):
    rows = increments(kind)
    assert rows
    for row in rows:
        assert row.source
        if kind != "ring":
            assert row.query is not None
            if row.name == "silicon":  # booked on its bonds
                continue
            assert 0 < row.r_D < 15
            assert row.r_F - row.r_C < 0.6 * row.r_D
        values = [v for v in (row.r_C, row.r_D, row.r_F, row.r_g) if v is not None]
        assert np.all(np.abs(np.diff(values)) < 1.0)


@pytest.mark.parametrize(
    "psmiles",
    ["*CC(*)Cl", "*CC(*)(F)F", "*C(F)(F)C(*)(F)F", "*N=P(*)(OCC)OCC", "*CC(*)C#N", "*NCCCCCC(*)=O", "*CCS(*)(=O)=O",
     "*CC(*)I", "*CC(*)Br", "*c1ccc(*)s1", "*CC(*)O", "*CC(*)C(N)=O", "*SCCSC(=O)NCC*", "*CC(*)n1c2ccccc2c2ccccc21"],
)  # fmt: skip
def test_environments_that_polymers_have_all_have_a_value(psmiles):
    r = refractions(psmiles)
    assert 0.09 < r.r_D / r.molar_mass_g_mol < 0.45
    assert 0.005 < (r.r_F - r.r_C) / r.r_D < 0.12


@pytest.mark.parametrize(
    ("psmiles", "conjugated"),
    [
        ("*c1ccc(N=Nc2ccc(*)cc2)cc1", True),
        ("*N=Cc1ccc(*)cc1", True),
        ("*CC=CC*", False),
        ("*CC(*)c1ccc(-c2ccccc2)cc1", False),  # biphenyl has a row of its own
        ("*NC(=O)CC*", False),
    ],
)
def test_conjugated_bonds_without_a_row_are_flagged(psmiles, conjugated):
    assert ("conjugated" in refractions(psmiles).flags) is conjugated
