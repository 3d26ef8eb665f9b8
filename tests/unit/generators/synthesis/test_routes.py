"""Routes: backwards they find what textbooks say, forwards they give the unit back, and SMC over them is exact."""

from dataclasses import replace

import numpy as np
import pytest

from generators.errors import InvalidList
from generators.filters import Filters
from generators.generator import ReactionGenerator
from generators.lists import Entry, known_polymers
from generators.smc import SMCSettings
from generators.smc.population import Evaluator
from generators.smc.reaction_space import ReactionSpace
from generators.smc.run import temper
from generators.synthesis.library import MonomerLibrary
from generators.synthesis.retro import preference, route, routes
from generators.synthesis.route import Monomer, Route
from generators.synthesis.rules import polymerisation_rules
from mdcore.chem import RepeatUnit

TEXTBOOK = {
    "*CC(*)c1ccccc1": ("radical polymerisation", {"styrene"}),
    "*CC*": ("coordination polymerisation", {"ethylene"}),
    "*CC(*)(C)C": ("cationic polymerisation", {"isobutylene"}),
    "*CC(*)O": ("radical polymerisation and saponification", {"vinyl acetate"}),
    "*C(F)(F)C(*)(F)F": ("radical polymerisation", {"tetrafluoroethylene"}),
    "*COC*": ("epoxide ring opening", {"ethylene oxide"}),
    "*CC(C)=CC*": ("1,4-addition of dienes", {"isoprene"}),
    "*CO*": ("cyclic acetal ring opening", {"1,3,5-trioxane"}),
    "*OC(=O)c1ccc(C(=O)OCC*)cc1": ("polyesterification", {"terephthalic acid", "ethylene glycol"}),
    "*OC(C)C(*)=O": ("lactone ring opening", {"lactide"}),
    "*NCCCCCCNC(=O)CCCCC(*)=O": ("polyamidation", {"adipic acid", "hexamethylenediamine"}),
    "*NCCCCCC(*)=O": ("lactam ring opening", {"epsilon-caprolactam"}),
    "*NC(C)C(*)=O": ("N-carboxyanhydride ring opening", {"alanine N-carboxyanhydride"}),
    "*c1ccc(Oc2ccc(N3C(=O)c4cc5c(cc4C3=O)C(=O)N(*)C5=O)cc2)cc1": (
        "polyimidation",
        {"pyromellitic dianhydride", "4,4'-oxydianiline"},
    ),
    "*Oc1ccc(C(C)(C)c2ccc(OC(*)=O)cc2)cc1": ("interfacial polycarbonate synthesis", {"bisphenol A", "phosgene"}),
    "*OCCCCOC(=O)Nc1ccc(Cc2ccc(NC(*)=O)cc2)cc1": (
        "polyurethane formation",
        {"4,4'-methylenediphenyl diisocyanate", "1,4-butanediol"},
    ),
    "*NCCNC(=O)NCCCCCCNC(*)=O": ("polyurea formation", {"hexamethylene diisocyanate", "ethylenediamine"}),
    "*Oc1c(C)cc(*)cc1C": ("oxidative coupling of phenols", {"2,6-dimethylphenol"}),
    "*C=CC1CCC(*)C1": ("ring-opening metathesis", {"norbornene"}),
    "*CC(c1ccccc1)C1C(*)C(=O)OC1=O": (
        "vinyl copolymerisation with an internal olefin",
        {"styrene", "maleic anhydride"},
    ),
    "*Oc1ccc(C(C)(C)c2ccc(Oc3ccc(S(=O)(=O)c4ccc(*)cc4)cc3)cc2)cc1": (
        "aromatic substitution of dihalosulfones",
        {"4,4'-difluorodiphenyl sulfone", "bisphenol A"},
    ),
    "*c1ccc(*)s1": ("oxidative polymerisation", {"thiophene"}),
    "*Oc1cccc(NC(*)=O)c1": ("Curtius polyaddition", {"3-hydroxybenzoyl azide"}),
}


@pytest.mark.parametrize("psmiles", TEXTBOOK)
def test_route_is_that_of_textbooks_whatever_the_cut(psmiles):
    reaction, monomers = TEXTBOOK[psmiles]
    found = routes(RepeatUnit.from_psmiles(psmiles))
    assert (reaction, monomers) in [(item.reaction, {m.name for m in item.monomers}) for item in found]
    assert route(RepeatUnit.from_psmiles(psmiles)) == found[0]


@pytest.mark.parametrize("psmiles", ["*CC(*)C=O", "*CS*", "*CCCCCCO*", "*C1C(*)C(=O)OC1=O"])
def test_units_that_no_rule_makes_have_no_route(psmiles):
    assert route(RepeatUnit.from_psmiles(psmiles)) is None


@pytest.mark.parametrize(
    ("psmiles", "reaction", "monomers"),
    [
        # Rather two simple monomers than one that holds the whole repeat unit.
        ("*OCCCCCCOC(=O)CCCCCCCCCC(*)=O", "polyesterification", {"O=C(O)CCCCCCCCCC(=O)O", "OCCCCCCO"}),
        ("*Nc1ccc(NC(=O)c2ccc(-c3ccc(-c4ccc(C(*)=O)cc4)cc3)cc2)cc1", "phosphorylation polyamidation",
         {"O=C(O)c1ccc(-c2ccc(-c3ccc(C(=O)O)cc3)cc2)cc1", "Nc1ccc(N)cc1"}),
        # Rather a diol and diphenyl carbonate than a carbonate across a small ring.
        ("*OC1CC(OC(*)=O)C1(C)C", "melt polycarbonate synthesis",
         {"CC1(C)C(O)CC1O", "O=C(Oc1ccccc1)Oc1ccccc1"}),
        # The route that gives the regular chain first.
        ("*c1cc(CCCCCC)c(*)s1", "Kumada catalyst-transfer polymerisation", {"CCCCCCc1cc(Br)sc1Br"}),
        ("*c1ccc2nc(*)[nH]c2c1", "AB-polybenzimidazole formation", {"Nc1ccc(C(=O)O)cc1N"}),
        ("*CCCC(*)O", "copolymerisation with ethylene and saponification", {"C=C", "C=COC(C)=O"}),
        ("*Nc1ccc(Oc2ccc(N3C(=O)c4ccc(C(*)=O)cc4C3=O)cc2)cc1", "polyamide-imide formation",
         {"O=C(Cl)c1ccc2c(c1)C(=O)OC2=O", "Nc1ccc(Oc2ccc(N)cc2)cc1"}),
    ],
)  # fmt: skip
def test_the_route_that_a_chemist_would_take_comes_first(psmiles, reaction, monomers):
    first = route(RepeatUnit.from_psmiles(psmiles))
    assert (first.reaction, {monomer.smiles for monomer in first.monomers}) == (reaction, monomers)


def test_a_formal_route_comes_last():
    simple = Route("vinyl copolymerisation", "vinyl copolymer", (Monomer("ethylene", "C=C"), Monomer("a", "C=C(C)C")))
    large = Route("coordination polymerisation", "polyolefin", (Monomer("b", "C=CCCCCCCCCCCCCCCC"),))
    order = sorted([replace(simple, sequence="formal"), large], key=preference)
    assert order == [large, replace(simple, sequence="formal")]
    assert sorted([large, replace(simple, sequence="statistical copolymer")], key=preference)[1] == large


@pytest.mark.parametrize(
    ("psmiles", "reaction", "sequence"),
    [
        ("*OC(C)COC(=O)c1ccc(C(*)=O)cc1", "polyesterification", "random orientation"),
        ("*OCCOC(=O)c1ccc(C(*)=O)cc1", "polyesterification", ""),
        ("*OCCOC(=O)Nc1ccc(C)c(NC(*)=O)c1", "polyurethane formation", "random orientation"),
        ("*OCCCCOC(=O)Nc1ccc(Cc2ccc(NC(*)=O)cc2)cc1", "polyurethane formation", ""),
        ("*c1cc(CCCCCC)c(*)s1", "oxidative polymerisation", "random orientation"),
        ("*c1cc(CCCCCC)c(*)s1", "Yamamoto coupling", "random orientation"),
        ("*c1cc(CCCCCC)c(*)s1", "Kumada catalyst-transfer polymerisation", ""),
        ("*c1sc(*)c2c1OCCO2", "oxidative polymerisation", ""),
        ("*NCCCCCC(*)=O", "lactam ring opening", ""),
        ("*CC(C)=CC*", "1,4-addition of dienes", ""),
    ],
)
def test_a_monomer_with_two_different_ends_is_told(psmiles, reaction, sequence):
    found = {item.reaction: item.sequence for item in routes(RepeatUnit.from_psmiles(psmiles))}
    assert found[reaction] == sequence


COMMERCIAL = {
    "polypropylene": "coordination polymerisation",
    "poly(vinyl chloride)": "radical polymerisation",
    "poly(methyl methacrylate)": "radical polymerisation",
    "polyacrylonitrile": "radical polymerisation",
    "poly(vinyl acetate)": "radical polymerisation",
    "poly(N-vinylpyrrolidone)": "radical polymerisation",
    "poly(vinylidene fluoride)": "radical polymerisation",
    "polychloroprene": "1,4-addition of dienes",
    "poly(propylene oxide)": "epoxide ring opening",
    "polytetrahydrofuran": "cyclic ether ring opening",
    "polycaprolactone": "lactone ring opening",
    "polylactide": "hydroxy acid condensation",
    "poly(3-hydroxybutyrate)": "lactone ring opening",
    "poly(butylene terephthalate)": "polytransesterification",
    "poly(ethylene 2,5-furandicarboxylate)": "polyesterification",
    "poly(butylene succinate)": "polyesterification",
    "poly(isosorbide carbonate)": "melt polycarbonate synthesis",
    "poly(4-hydroxybenzoate)": "hydroxy acid condensation",
    "nylon 11": "amino acid condensation",
    "nylon 6,T": "polyamidation",
    "poly(m-phenylene isophthalamide)": "polyamidation of diacid chlorides",
    "poly(ether ether ketone)": "aromatic substitution of dihaloketones",
    "poly(ether ketone ketone)": "Friedel-Crafts polyacylation",
    "poly(phenylene sulfide)": "sulfide polycondensation",
    "poly(ether imide) of BPADA and m-phenylenediamine": "polyimidation",
    "polybenzimidazole": "polybenzimidazole formation",
    "poly(p-phenylene benzobisoxazole)": "polybenzoxazole formation",
    "poly(ethylene ketone)": "olefin and carbon monoxide copolymerisation",
    "polyethylenimine": "oxazoline ring opening and hydrolysis",
    "ethylene-norbornene alternating copolymer": "vinyl copolymerisation with an internal olefin",
    "poly(3,4-ethylenedioxythiophene)": "oxidative polymerisation",
}


@pytest.mark.parametrize("name", COMMERCIAL)
def test_a_commercial_polymer_keeps_its_route(name):
    (entry,) = [polymer for polymer in known_polymers() if polymer.name == name]
    assert COMMERCIAL[name] in {item.reaction for item in routes(RepeatUnit.from_psmiles(entry.smiles))}


def test_route_tells_itself_in_one_line():
    assert str(route(RepeatUnit.from_psmiles("*CC*"))) == "radical polymerisation of ethylene"


def forward(made: Route) -> set[str]:
    """Keys that a route's rule gives for its monomers, worked out from the rule alone."""
    rule = next(rule for rule in polymerisation_rules()[0] if rule.name == made.reaction)
    library = MonomerLibrary.of([Entry(monomer.name, monomer.smiles) for monomer in made.monomers])
    keys = set()
    for members in library.pairs(rule):
        keys |= {RepeatUnit.from_psmiles(text).key for text in rule.products([mol for _, mol in members])}
    return keys


@pytest.mark.slow
def test_proposals_come_with_routes_that_give_them_back():
    candidates = ReactionGenerator(filters=Filters()).propose(120, np.random.default_rng(4))
    assert len({candidate.unit.key for candidate in candidates}) == 120
    for candidate in candidates:
        assert candidate.route is not None
        assert candidate.unit.key in forward(candidate.route)
    assert len({candidate.route.reaction for candidate in candidates}) >= 12
    backwards = [route(candidate.unit) for candidate in candidates[:40]]
    assert all(
        candidate.unit.key in forward(item) for candidate, item in zip(candidates, backwards, strict=False) if item
    )
    assert sum(item is not None for item in backwards) >= 38


MONOMERS = [
    Entry(name, smiles)
    for name, smiles in {
        "a2": "OC(=O)CCCC(=O)O",
        "a3": "OC(=O)CCC(=O)O",
        "a4": "OC(=O)CSCC(=O)O",
        "b2": "OCCO",
        "b3": "CC(O)CO",
        "b4": "OCCSCCO",
        "s": "C=Cc1ccccc1",
        "v": "C=CC",
        "c": "C=CS(C)(=O)=O",
    }.items()
]


def sulfur(units):
    return np.array(
        [1.2 * sum(a.GetSymbol() == "S" for a in unit.mol.GetAtoms()) - 0.1 * unit.n_heavy_atoms for unit in units]
    )


def test_smc_over_monomers_samples_the_exact_posterior():
    n = 6000
    space = ReactionSpace(MonomerLibrary.of(MONOMERS), SMCSettings(particles=n, sweeps=5))
    exact = {}
    for rule, (first, second) in enumerate(space.sizes):
        for one in range(first):
            for other in range(second):
                products = space.products(rule, one, other)
                for text in products:
                    key = RepeatUnit.from_psmiles(text).key
                    share = 1 / (len(space.rules) * first * second * len(products))
                    exact[key] = exact.get(key, 0.0) + share
    mass = sum(exact.values())
    keys = list(exact)
    prior = np.array([exact[key] for key in keys]) / mass
    joint = prior * np.exp(sulfur([RepeatUnit(psmiles=key, key=key) for key in keys]))
    evidence = joint.sum()
    posterior = joint / evidence
    result = temper(space, Evaluator(sulfur, None), np.random.default_rng(8))
    counts = np.zeros(len(keys))
    for unit in result.particles.units:
        counts[keys.index(unit.key)] += 1
    distance = 0.5 * np.abs(counts / n - posterior).sum()
    assert len(keys) > 12
    assert 0.5 * np.abs(prior - posterior).sum() > 0.2
    # Independent draws would have this mean distance; the population's is at most twice that.
    assert distance < np.sqrt(2 * posterior * (1 - posterior) / (np.pi * n)).sum()
    assert result.log_evidence == pytest.approx(np.log(evidence), abs=0.1)


def test_log_prior_is_that_of_the_choice():
    generator = ReactionGenerator(MONOMERS[:2] + MONOMERS[3:5])
    candidates = generator.propose(4, np.random.default_rng(0))
    rules = len(generator.space.rules)
    for candidate in candidates:
        assert candidate.route.reaction == "polyesterification"
        # Four pairs of monomers; propylene glycol can be written in two directions, of which the polymer shows one.
        assert min(abs(candidate.log_prior - np.log(share / rules)) for share in (1 / 4, 1 / 8)) < 1e-12


def test_monomers_that_fit_no_rule_are_refused():
    with pytest.raises(InvalidList, match="no polymerisation rule applies"):
        ReactionGenerator([Entry("methane", "C")])


def test_no_route_goes_through_a_ring_that_bridges_an_aromatic_one():
    found = routes(RepeatUnit.from_psmiles("*OC(=O)c1ccc(cc1)C(=O)OCC*"))
    assert "polyesterification" in {item.reaction for item in found}
    assert "anhydride and epoxide ring opening" not in {item.reaction for item in found}
    # The anhydride of phthalic acid exists.
    found = routes(RepeatUnit.from_psmiles("*OC(=O)c1ccccc1C(=O)OCC*"))
    assert "anhydride and epoxide ring opening" in {item.reaction for item in found}
