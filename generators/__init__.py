"""Generators of repeat units: corpus, language models, sequential Monte Carlo, filters and polymerisation reactions.

RDKit and the other modules are loaded on first use of a name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from generators.errors import GeneratorsError

if TYPE_CHECKING:
    from generators.candidate import Candidate, Generator, LogLikelihood
    from generators.corpus import Corpus, CorpusSettings
    from generators.corpus_cache import load_corpus
    from generators.diversity import best_diverse, diverse_subset, internal_diversity, novelty
    from generators.filters import Filters
    from generators.generator import ReactionGenerator, SMCGenerator
    from generators.language.model import LanguageModel
    from generators.language.neural import NeuralModel
    from generators.language.ngram import NGramModel
    from generators.language.saved import cached_ngram, load_model
    from generators.language.training import TrainingProgress, train_neural
    from generators.language.training_settings import NeuralSettings
    from generators.lists import read_list
    from generators.smc.run import SMCResult
    from generators.smc.sampler import SMCSampler
    from generators.smc.settings import SMCSettings
    from generators.synthesis.library import MonomerLibrary, enumerate_polymers
    from generators.synthesis.retro import route, routes
    from generators.synthesis.route import Monomer, Route
    from generators.synthesis.rules import recorded_route
    from mdcore.chem.accessibility import sa_score

_HOMES = {
    "Candidate": "candidate",
    "Corpus": "corpus",
    "CorpusSettings": "corpus",
    "Filters": "filters",
    "Generator": "candidate",
    "LanguageModel": "language.model",
    "LogLikelihood": "candidate",
    "Monomer": "synthesis.route",
    "MonomerLibrary": "synthesis.library",
    "NGramModel": "language.ngram",
    "NeuralModel": "language.neural",
    "NeuralSettings": "language.training_settings",
    "ReactionGenerator": "generator",
    "Route": "synthesis.route",
    "SMCGenerator": "generator",
    "SMCResult": "smc.run",
    "SMCSampler": "smc.sampler",
    "SMCSettings": "smc.settings",
    "TrainingProgress": "language.training",
    "best_diverse": "diversity",
    "cached_ngram": "language.saved",
    "diverse_subset": "diversity",
    "enumerate_polymers": "synthesis.library",
    "internal_diversity": "diversity",
    "load_corpus": "corpus_cache",
    "load_model": "language.saved",
    "novelty": "diversity",
    "read_list": "lists",
    "recorded_route": "synthesis.rules",
    "route": "synthesis.retro",
    "routes": "synthesis.retro",
    "train_neural": "language.training",
}

__all__ = [
    "Candidate",
    "Corpus",
    "CorpusSettings",
    "Filters",
    "Generator",
    "GeneratorsError",
    "LanguageModel",
    "LogLikelihood",
    "Monomer",
    "MonomerLibrary",
    "NGramModel",
    "NeuralModel",
    "NeuralSettings",
    "ReactionGenerator",
    "Route",
    "SMCGenerator",
    "SMCResult",
    "SMCSampler",
    "SMCSettings",
    "TrainingProgress",
    "best_diverse",
    "cached_ngram",
    "diverse_subset",
    "enumerate_polymers",
    "internal_diversity",
    "load_corpus",
    "load_model",
    "novelty",
    "read_list",
    "recorded_route",
    "route",
    "routes",
    "sa_score",
    "train_neural",
]


def __getattr__(name: str) -> Any:
    if name == "sa_score":
        from mdcore.chem.accessibility import sa_score

        return sa_score
    if name in _HOMES:
        return getattr(import_module(f"generators.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
