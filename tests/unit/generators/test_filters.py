"""Filters refuse what they say they refuse, by name, whatever the spelling."""

import pytest
from rdkit import Chem

from generators.filters import Filters
from mdcore.chem import RepeatUnit
from mdcore.chem.accessibility import sa_score

POLYSTYRENE = "*CC(*)c1ccccc1"


def reason(psmiles, **settings):
    return Filters(**settings).reason(RepeatUnit.from_psmiles(psmiles))


@pytest.mark.parametrize(
    "psmiles", [POLYSTYRENE, "*C*", "*OCCOC(=O)c1ccc(C(*)=O)cc1", "*CC(*)(C)C(=O)OC", "*c1ccc(*)s1"]
)
def test_common_polymers_pass(psmiles):
    assert reason(psmiles) is None
    assert Filters()(RepeatUnit.from_psmiles(psmiles))


@pytest.mark.parametrize(
    ("psmiles", "settings", "expected"),
    [
        (POLYSTYRENE, {"max_heavy_atoms": 7}, "8 heavy atoms, allowed: 1 to 7"),
        (POLYSTYRENE, {"min_heavy_atoms": 9}, "8 heavy atoms, allowed: 9 to 45"),
        (POLYSTYRENE, {"ring_sizes": {5}}, "ring of 6 atoms"),
        (POLYSTYRENE, {"max_rings": 0}, "1 rings, allowed: 0"),
        (POLYSTYRENE, {"elements": {"C"}}, None),
        (POLYSTYRENE, {"forbidden": {"benzene": "c1ccccc1"}}, "forbidden motif benzene"),
        ("*CC(*)Cl", {"elements": {"C", "F"}}, "element Cl"),
        ("*CC(*)c1ccc([N+](=O)[O-])cc1", {"allow_charges": False}, "charge"),
        ("*CC(*)c1ccc([N+](=O)[O-])cc1", {}, None),
        (POLYSTYRENE, {"sa_score": 1.5}, "SA score 1.77, allowed: 1.5"),
    ],
)
def test_reasons(psmiles, settings, expected):
    assert reason(psmiles, **settings) == expected


@pytest.mark.parametrize(
    ("psmiles", "motif"),
    [
        ("*OCCO*", "peroxide"),
        ("*OCCOO*", "peroxide"),
        ("*CC(*)C=O", "aldehyde"),
        ("*CC(*)C(=O)Cl", "acid halide"),
        ("*CC(*)N=C=O", "isocyanate"),
        ("*CC(*)NF", "halogen on nitrogen, oxygen, sulfur or phosphorus"),
        ("*CC(*)OOC", "peroxide"),
        ("*C(O)=C*", "enol"),
    ],
)
def test_forbidden_motifs_are_seen_across_the_joint_too(psmiles, motif):
    assert reason(psmiles) == f"forbidden motif {motif}"


def test_built_in_motifs_stay_beside_own_ones_unless_they_are_permitted():
    own = {"ether": "[CX4]O[CX4]"}
    assert reason("*OCCOO*", forbidden=own) == "forbidden motif peroxide"
    assert reason("*CC(*)C=O", forbidden=own, permitted={"aldehyde"}) is None
    assert reason("*CC(*)C=O", forbidden={"aldehyde": "[CX3;H1](=O)N"}) is None


def test_what_the_force_field_lacks_cannot_be_permitted():
    name = "phosphorus in a double bond to carbon"
    assert reason("*CC(*)P=C", sa_score=None, permitted={"phosphine"}) == f"no force-field parameters for {name}"
    with pytest.raises(ValueError, match="in permitted; choose from peroxide, "):
        Filters(permitted={name})


def test_reason_does_not_depend_on_the_cut():
    for text in ("*CCO*", "*COC*", "*OCC*"):
        assert reason(text, forbidden={"ether": "[CX4]O[CX4]"}) == "forbidden motif ether"


def test_sa_score_is_that_of_the_methyl_capped_unit():
    from rdkit.Contrib.SA_Score import sascorer

    unit = RepeatUnit.from_psmiles(POLYSTYRENE)
    assert sa_score(unit) == pytest.approx(sascorer.calculateScore(Chem.MolFromSmiles("CCC(C)c1ccccc1")))
    assert sa_score(unit) == sa_score(RepeatUnit.from_psmiles("*C(c1ccccc1)C*"))


def test_sa_score_ranks_a_cage_above_a_vinyl():
    cage = RepeatUnit.from_psmiles("*C1C2C3OC(N)(C1S*)C2(F)C3Cl")
    assert 1 <= sa_score(RepeatUnit.from_psmiles("*CC(*)C")) < sa_score(cage) <= 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"forbidden": {"broken": "[C"}}, "forbidden motif 'broken' has the invalid SMARTS"),
        ({"forbidden": {"empty": " "}}, "forbidden motif 'empty' has the invalid SMARTS"),
        ({"forbidden": {"endless": "~".join(["*"] * 30)}}, "'endless' has 30 atoms, the maximum is 20"),
        (
            {"forbidden": {"nested": "[$(C" * 100 + ")]" * 100}},
            "'nested' has a SMARTS of 600 characters, the maximum is 300",
        ),
        ({"elements": {"C", "Si"}}, "the force field has no parameters for Si"),
        ({"min_heavy_atoms": 10, "max_heavy_atoms": 5}, "min_heavy_atoms 10 exceeds max_heavy_atoms 5"),
        ({"permitted": {"peroxyde"}}, "unknown motif 'peroxyde' in permitted"),
        ({"maximum": 3}, "Extra inputs"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Filters(**settings)


def test_settings_survive_a_round_trip():
    filters = Filters(sa_score=4.0, forbidden={"benzene": "c1ccccc1"}, permitted={"thiol"})
    again = Filters.model_validate_json(filters.model_dump_json())
    assert again == filters
    assert again.reason(RepeatUnit.from_psmiles(POLYSTYRENE)) == "forbidden motif benzene"
