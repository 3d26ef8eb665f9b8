"""Pairs of vinyl monomers: which alternate, which give statistical copolymers, and which repeat units are formal."""

import math

import numpy as np
import pytest
from rdkit import Chem

from generators.lists import Entry, built_in, parse_list
from generators.synthesis.copolymerisation import ReactivityRatios, pair_sequence
from generators.synthesis.library import MonomerLibrary, enumerate_polymers
from generators.synthesis.q_e import QE, fit_contributions, qe, substituents
from generators.synthesis.retro import routes
from mdcore.chem import RepeatUnit

STYRENE, MMA, MALEIC = "C=Cc1ccccc1", "COC(=O)C(C)=C", "O=C1C=CC(=O)O1"

PAIRS = {
    "alternates": [
        (STYRENE, MALEIC),
        (STYRENE, "O=C1C=CC(=O)N1c1ccccc1"),
        ("C=C(C)C", MALEIC),
        ("C=CCCCCCC", MALEIC),
        ("C=COCC", MALEIC),
        ("CC(=O)OC=C", MALEIC),
        ("C=COCC", "FC(F)=C(F)Cl"),
        ("C1=CC2CCC1C2", MALEIC),
        ("C=C", MALEIC),
        ("C=C(c1ccccc1)c1ccccc1", MALEIC),
    ],
    "statistical copolymer": [
        (STYRENE, MMA),
        (STYRENE, "C=CC#N"),
        (STYRENE, "C=CC(=O)OCCCC"),
        ("C=C", "C=CC"),
        ("C=C", "CC(=O)OC=C"),
        ("C=C", "C=CCCCCCC"),
        ("C=C", "C1=CC2CCC1C2"),
        ("C=CCl", "CC(=O)OC=C"),
        ("C=C(Cl)Cl", "C=CCl"),
        ("C=C(F)F", "FC(F)=C(F)C(F)(F)F"),
        (STYRENE, "C1=Cc2ccccc2C1"),
    ],
    "formal": [
        (STYRENE, "CC(=O)OC=C"),
        (STYRENE, "C=COCC"),
        (STYRENE, "C=CCOC(C)=O"),
        (STYRENE, "C1=CCCCC1"),
        (MMA, MALEIC),
        ("CCCCCCOC(=O)C(C)=C", MALEIC),
        ("C=C(C)C(=O)OC1CCCCC1", MALEIC),
        (MMA, "C=C(c1ccccc1)c1ccccc1"),
        ("C=C(C)C", "C=C(c1ccccc1)c1ccccc1"),
        (MMA, "C=C(C)C"),
        ("C=CC", "C=CC#N"),
    ],
}


@pytest.mark.parametrize(("word", "one", "other"), [(word, *pair) for word, pairs in PAIRS.items() for pair in pairs])
def test_pairs_of_textbooks(word, one, other):
    assert pair_sequence(one, other) == word
    assert pair_sequence(other, one) == word


def test_reactivity_ratios_are_those_of_alfrey_and_price():
    ratios = ReactivityRatios.of(qe(STYRENE), qe(MMA))
    # Measured at 60 C: 0.52 and 0.46.
    assert ratios.first == pytest.approx(1 / 0.78 * math.exp(0.8 * -1.2), rel=1e-12)
    assert ratios.second == pytest.approx(0.78 * math.exp(-0.4 * 1.2), rel=1e-12)
    assert ratios.first * ratios.second == pytest.approx(math.exp(-(1.2**2)), rel=1e-12)


@pytest.mark.parametrize(("first", "second"), [(0.49, 0.48), (0.03, 0.001), (8.3, 0.05), (1.0, 1.0)])
def test_the_feed_of_equal_composition_and_its_bonds_follow_from_the_terminal_model(first, second):
    ratios = ReactivityRatios(first, second)
    # A two-state Markov chain: each radical adds its own or the other monomer.
    cross_1, cross_2 = 1 / (1 + first * ratios.feed), 1 / (1 + second / ratios.feed)
    share_1 = cross_2 / (cross_1 + cross_2)
    assert share_1 == pytest.approx(0.5, rel=1e-12)
    assert share_1 * cross_1 + (1 - share_1) * cross_2 == pytest.approx(ratios.alternating_bonds, rel=1e-12)


def test_monomers_out_of_the_table_are_estimated_from_their_substituents():
    assert qe(STYRENE).tabulated
    for smiles, low, high in [
        ("C=COCCCCCC", -2.2, -1.0),
        ("C=CC(=O)OC1CCCCC1", 0.3, 1.1),
        ("C=C(C#N)C(=O)OC", 1.2, 2.5),
        ("C=Cc1ccc(N(C)C)cc1", -2.2, -1.0),
        ("O=C1C=CC(=O)N1C", 1.5, 4.0),
    ]:
        found = qe(smiles)
        assert not found.tabulated
        assert low < found.e < high, smiles
    with pytest.raises(ValueError, match="has no polymerisable double bond"):
        qe("CCO")


def test_an_alkyl_tail_hardly_changes_q_and_e():
    for smiles, relative in [
        ("CCCCCCOC(=O)C(C)=C", MMA),
        ("C=CC(=O)OC1CCCCC1", "C=CC(=O)OC"),
        ("C=COCCCCCC", "C=COCC"),
        ("C=COC(=O)C(C)(C)C", "C=COC(C)=O"),
    ]:
        assert (qe(smiles).q, qe(smiles).e) == (qe(relative).q, qe(relative).e)
        assert not qe(smiles).tabulated
    # A fluorinated tail draws electrons.
    assert qe("C=COC(=O)C(F)(F)F").e != qe("C=COC(C)=O").e


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C=C(C#N)C(=O)OCC", "C=Cc1ccncc1"),
        ("C=C(C)C(=O)OCCN=C=O", "C=C(C)C(=O)OCCO"),
        ("C=C(C)C(=O)OCCN=C=O", "C=C(C)C(=O)O"),
    ],
)
def test_monomers_whose_other_groups_react_with_each_other_are_not_copolymerised(one, other):
    library = MonomerLibrary.of([Entry("one", one), Entry("other", other)])
    assert [route for _, route in enumerate_polymers(library) if len(route.monomers) == 2] == []
    # Each does copolymerise with styrene.
    for monomer in (one, other):
        library = MonomerLibrary.of([Entry("styrene", STYRENE), Entry("monomer", monomer)])
        assert [route for _, route in enumerate_polymers(library) if len(route.monomers) == 2] != []


def test_half_of_the_tabulated_e_are_met_within_a_third_when_left_out():
    smiles = [entry.smiles for entry in parse_list(built_in("q_e.csv"), "q_e.csv", is_csv=True)]
    values: list[QE] = [qe(text) for text in smiles]
    assert len(smiles) > 40
    misses = []
    for i, text in enumerate(smiles):
        contributions = fit_contributions(smiles[:i] + smiles[i + 1 :], values[:i] + values[i + 1 :])
        misses.append(abs((substituents(Chem.MolFromSmiles(text)) @ contributions)[1] - values[i].e))
    spread = np.std([value.e for value in values])
    assert np.median(misses) < 0.33
    assert np.sqrt(np.mean(np.square(misses))) < 0.5 * spread


def test_enumeration_and_retrosynthesis_say_how_the_monomers_follow_each_other():
    library = MonomerLibrary.of([Entry("styrene", STYRENE), Entry("MMA", MMA), Entry("MA", MALEIC)])
    told = {str(route) for _, route in enumerate_polymers(library) if len(route.monomers) == 2}
    assert "vinyl copolymerisation of styrene + MMA (statistical copolymer)" in told
    assert "vinyl copolymerisation with an internal olefin of styrene + MA (alternates)" in told
    assert "vinyl copolymerisation with an internal olefin of MMA + MA (formal)" in told
    (found,) = routes(RepeatUnit.from_psmiles("*CC(c1ccccc1)CC(*)(C)C(=O)OC"))
    assert found.sequence == "statistical copolymer"
    lactate = routes(RepeatUnit.from_psmiles("*OC(C)C(=O)OCC(*)=O"))
    assert {route.sequence for route in lactate if route.reaction.endswith("two hydroxy acids")} == {
        "statistical copolymer"
    }
