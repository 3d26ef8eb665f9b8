"""Proposals over monomers: each has a route, and the route reproduces it."""

import numpy as np

from benchmarks.common import figure
from generators import MonomerLibrary, ReactionGenerator, route
from generators.lists import Entry
from generators.synthesis.rules import polymerisation_rules
from mdcore.chem import RepeatUnit


def run(arguments) -> dict:
    n = 200 if arguments.quick else 1000
    candidates = ReactionGenerator().propose(n, np.random.default_rng(0))
    rules = {rule.name: rule for rule in polymerisation_rules()[0]}
    good = sum(gives_back(candidate, rules[candidate.route.reaction]) for candidate in candidates)
    backwards = sum(route(candidate.unit) is not None for candidate in candidates)
    return {
        "reaction_proposals": figure(len({candidate.unit.key for candidate in candidates}), "1", {"at_least": n}),
        "reaction_routes_that_give_the_unit_back": figure(good / n, "1", {"at_least": 1.0}),
        "reaction_proposals_whose_route_is_found_backwards": figure(backwards / n, "1"),
        "polymerisation_rules_among_reaction_proposals": figure(len({c.route.reaction for c in candidates}), "1"),
    }


def gives_back(candidate, rule) -> bool:
    """Return whether the rule of a candidate's route, applied to its monomers, gives the candidate."""
    library = MonomerLibrary.of([Entry(monomer.name, monomer.smiles) for monomer in candidate.route.monomers])
    products = (text for members in library.pairs(rule) for text in rule.products([mol for _, mol in members]))
    return candidate.unit.key in {RepeatUnit.canonical(text).key for text in products}
