"""Check that the force field can parameterise repeat units accepted by the filters."""

import sys

import numpy as np
from rdkit import Chem

from benchmarks.common import figure
from benchmarks.generation_parts.data import corpus, once
from generators import Filters, NGramModel, ReactionGenerator, SMCGenerator, cached_ngram
from generators.lists import known_polymers
from mdcore.chem.errors import UnparameterisableError
from mdcore.forcefield.parameters import parameterise
from mdcore.settings import SimulationSettings

RARE = Chem.MolFromSmarts("[#15,#16,#35,#53,$([#7]=*),$([#7]-[#7]),$([#7]-[#8])]")


def run(arguments) -> dict:
    """Check ordinary proposals of both kinds, and unusual ones from a model of short contexts, with groups rare in parameter tables."""
    n = 40 if arguments.quick else 200
    samples = {
        "ngram": SMCGenerator(cached_ngram(corpus().units)).propose(n, np.random.default_rng(10)),
        "reaction": ReactionGenerator().propose(n, np.random.default_rng(11)),
        "odd": odd(n),
    }
    counts = {
        name: once(arguments, f"parameters-{name}", lambda found=found: sum(can_type(c.unit) for c in found))
        for name, found in samples.items()
    }
    return {
        f"parameterised_of_{name}_proposals": figure(counts[name] / len(found), "1", {"at_least": 1.0})
        for name, found in samples.items()
    }


def odd(n):
    model = NGramModel.fit([entry.smiles for entry in known_polymers()], 2)
    drawn = SMCGenerator(model, filters=Filters(sa_score=8.0)).propose(3 * n, np.random.default_rng(12))
    return [c for c in drawn if c.unit.mol.HasSubstructMatch(RARE)][:n]


def can_type(unit) -> bool:
    """Return whether all terms and charges of two units, capped with hydrogen, have parameters."""
    try:
        parameterise(Chem.AddHs(unit.oligomer(2)), SimulationSettings(preset="quick").force_field)
    except UnparameterisableError as error:
        print(f"{unit.key}: {error}", file=sys.stderr, flush=True)
        return False
    return True
