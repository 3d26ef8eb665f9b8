"""Generators of repeat units: corpus, language models, sequential Monte Carlo, filters and polymerisation reactions.

RDKit and everything else load on first use of a name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from generators.errors import GeneratorsError

if TYPE_CHECKING:
    from generators.candidate import Candidate, LogLikelihood
    from generators.corpus import Corpus, CorpusSettings
    from generators.corpus_cache import load_corpus
    from generators.diversity import best_diverse, diverse_subset, internal_diversity, novelty
    from generators.filters import Filters
    from generators.generator import ReactionGenerator, SMCGenerator
    from generators.language import LanguageModel
    from generators.lists import read_list
    from generators.models import cached_ngram, load_model
    from generators.neural import NeuralModel
    from generators.ngram import NGramModel
    from generators.reactions import MonomerLibrary, enumerate_polymers, recorded_route
    from generators.retro import route, routes
    from generators.smc.run import SMCResult
    from generators.smc.sampler import SMCSampler
    from generators.smc.settings import SMCSettings
    from generators.synthesis import sa_score
    from generators.synthesis_route import Monomer, Route
    from generators.training import TrainingProgress, train_neural
    from generators.training_settings import NeuralSettings

_HOMES = {
    "Candidate": "candidate",
    "Corpus": "corpus",
    "CorpusSettings": "corpus",
    "Filters": "filters",
    "LanguageModel": "language",
    "LogLikelihood": "candidate",
    "Monomer": "synthesis_route",
    "MonomerLibrary": "reactions",
    "NGramModel": "ngram",
    "NeuralModel": "neural",
    "NeuralSettings": "training_settings",
    "ReactionGenerator": "generator",
    "Route": "synthesis_route",
    "SMCGenerator": "generator",
    "SMCResult": "smc.run",
    "SMCSampler": "smc.sampler",
    "SMCSettings": "smc.settings",
    "TrainingProgress": "training",
    "best_diverse": "diversity",
    "cached_ngram": "models",
    "diverse_subset": "diversity",
    "enumerate_polymers": "reactions",
    "internal_diversity": "diversity",
    "load_corpus": "corpus_cache",
    "load_model": "models",
    "novelty": "diversity",
    "read_list": "lists",
    "recorded_route": "reactions",
    "route": "retro",
    "routes": "retro",
    "sa_score": "synthesis",
    "train_neural": "training",
}

__all__ = [
    "Candidate",
    "Corpus",
    "CorpusSettings",
    "Filters",
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
    if name in _HOMES:
        return getattr(import_module(f"generators.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
