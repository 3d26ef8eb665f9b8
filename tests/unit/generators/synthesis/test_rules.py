"""The table of polymerisation rules: each makes its textbook example, refuses what it must not match, and is found backwards."""

import pytest
from rdkit import Chem

from generators.lists import Entry, common_monomers
from generators.synthesis.library import MonomerLibrary
from generators.synthesis.monomer_class import read_classes
from generators.synthesis.retro import routes
from generators.synthesis.rule import Rule
from generators.synthesis.rules import polymerisation_rules, rules_by_name
from mdcore.chem import RepeatUnit

RULES, CLASSES = polymerisation_rules()


def key(psmiles: str) -> str:
    return RepeatUnit.from_psmiles(psmiles, elements=None).key


def made(rule: Rule, monomers: tuple[str, ...]) -> set[str]:
    library = MonomerLibrary.of([Entry("", smiles) for smiles in monomers], rule.classes)
    return {key(text) for members in library.pairs(rule) for text in rule.products([mol for _, mol in members])}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_makes_its_textbook_example_and_is_found_backwards(rule):
    units = made(rule, rule.example.monomers)
    assert key(rule.example.unit) in units
    # Tautomers of one benzimidazole, the two places of an unsymmetrical ring or diene: more would be another polymer.
    assert len(units) <= (3 if rule.name == "polybenzimidazole formation" else 2)
    found = [route for route in routes(RepeatUnit.from_psmiles(rule.example.unit)) if route.reaction == rule.name]
    wanted = {Chem.CanonSmiles(smiles) for smiles in rule.example.monomers}
    assert found
    if rule.name not in STAND_INS:
        assert wanted in [{monomer.smiles for monomer in route.monomers} for route in found]


STAND_INS = {
    "aromatic substitution of dihalosulfones",
    "polybenzimidazole formation",
    "thioether polycondensation",
    "Gilch polymerisation",
}
"""Rules whose disconnection writes another halide, or another tautomer, than their example."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_does_not_match_what_interferes(rule):
    assert rule.example.refused
    for monomers in rule.example.refused:
        assert made(rule, monomers) == set(), monomers


@pytest.mark.parametrize(
    ("rule", "smiles"),
    [
        ("lactone ring opening", "O=C1CCCCCCCCCCCCCCO1"),
        ("lactone ring opening", "CCCCCCC1CCCCCCCC(=O)O1"),
        ("lactone ring opening", "O=C1CCCC2CCCCC2O1"),
        ("hydroxy acid condensation", "CC(C)(CO)C(=O)O"),
        ("hydroxy acid condensation", "O=C(O)c1cccc(O)c1"),
        ("hydroxy acid condensation", "CCCCCCC(O)CCCCCCCCCCC(=O)O"),
        ("amino acid condensation", "NCC1CCC(C(=O)O)CC1"),
        ("radical polymerisation", "C=C(C)C(=O)NC"),
        ("radical polymerisation", "C=C(CC(=O)OC)C(=O)OC"),
        ("radical polymerisation", "C=C(Cl)Cl"),
        ("cationic polymerisation", "C=C(C)c1ccccc1"),
        ("cationic polymerisation", "C=C(C)CCC"),
        ("anionic polymerisation", "C=C(C)c1ccccc1"),
        ("coordination polymerisation", "C=Cc1ccccc1C"),
        ("acyclic diene metathesis", "C=CCCC=C"),
        ("Curtius polyaddition", "OCCCCC(=O)N=[N+]=[N-]"),
        ("polyanhydride formation", "O=C(O)CCCCC(=O)O"),
        ("oxidative coupling of phenols", "Cc1cccc(-c2ccccc2)c1O"),
    ],
)
def test_a_relative_of_what_interferes_still_reacts(rule, smiles):
    assert made(rules_by_name()[rule], (smiles,)) != set()


@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [
        ("polyesterification", "O=C(O)CC(=C)C(=O)O", "OCCO"),
        ("polyesterification", "O=C(O)c1ccc(C(=O)O)o1", "OCCO"),
        ("polyesterification", "O=C(O)C=CC(=O)O", "CC(O)CO"),
        ("polyesterification", "O=C(O)c1ccc(C(=O)O)cc1", "CC(C)(CO)C1OCC2(CO1)COC(C(C)(C)CO)OC2"),
        ("polytransesterification", "COC(=O)CC(=O)OC", "OCCCCO"),
        ("polyesterification of diacid chlorides", "O=C(Cl)CC(=O)Cl", "OCc1ccc(CO)o1"),
        ("melt polycarbonate synthesis", "OCCCO", "O=C(Oc1ccccc1)Oc1ccccc1"),
        ("polyphosphate formation", "CCOP(=O)(Cl)Cl", "OCCCCO"),
        ("polyamidation", "O=C(O)c1cccc(C(=O)O)c1", "NCc1cccc(CN)c1"),
        ("polyurea formation from a carbonate", "NCCCCN", "O=C(Oc1ccccc1)Oc1ccccc1"),
        ("polybenzimidazole formation", "Nc1ccc(-c2ccc(N)c(N)c2)cc1N", "O=C(O)c1cccc(C(=O)O)n1"),
        ("sulfide polycondensation", "N#Cc1c(Cl)cccc1Cl", "[Na]S[Na]"),
        ("olefin and carbon monoxide copolymerisation", "C=Cc1ccccc1", "[C-]#[O+]"),
        ("aza-Michael polyaddition", "C1CNCCN1", "C=CS(=O)(=O)C=C"),
        ("polyurethane formation", "O=C=NCCCCCCNC(=O)OCCOC(=O)NCCCCCCN=C=O", "OCCCCO"),
    ],
)
def test_a_pair_that_is_made_in_practice_still_reacts(rule, one, other):
    assert made(rules_by_name()[rule], (one, other)) != set()


def test_every_rule_says_how_it_is_done():
    assert len(RULES) >= 80
    assert len(rules_by_name()) == len(RULES)
    for rule in RULES:
        assert 5 < len(rule.conditions) < 110
        assert rule.polymer


def test_every_monomer_of_the_list_can_exist_and_serves_a_rule():
    library = MonomerLibrary.of(common_monomers())
    assert library.refused == ()
    used = {monomer.smiles for rule in RULES for name in rule.classes for monomer, _ in library.members[name]}
    assert {Chem.CanonSmiles(entry.smiles) for entry in common_monomers()} == used
    assert [rule.name for rule in RULES if library.size(rule) == 0] == []


@pytest.mark.parametrize(
    ("name", "smiles"),
    [
        ("aliphatic diol", "OCC(O)CO"),
        ("aliphatic diol", "OCCCCC"),
        ("aliphatic diol", "OCCOCC(=O)O"),
        ("diacid for melts", "OC(=O)CC(CC(=O)O)C(=O)O"),
        ("diamine", "NCCNCCN"),
        ("diisocyanate", "CCCN=C=O"),
        ("bisphenol", "Oc1cc(O)cc(O)c1"),
        ("radical vinyl monomer", "C=CC(=O)OCCOC(=O)C=C"),
        ("lactone", "O=C1OC(=O)C=C1"),
    ],
)
def test_another_number_of_groups_is_another_class(name, smiles):
    assert Chem.MolFromSmiles(smiles) not in CLASSES[name]


def test_a_table_with_an_unknown_group_or_a_wrong_pattern_is_refused():
    sets: dict[str, list[str]] = {}
    with pytest.raises(KeyError, match="thiole"):
        read_classes({"groups": {"thiol": "[SX2H]"}, "sets": sets, "classes": {"a": [{"needs": {"thiole": 1}}]}})
    with pytest.raises(ValueError, match="invalid SMARTS"):
        read_classes({"groups": {"thiol": "[SX2H"}, "sets": sets, "classes": {}})
