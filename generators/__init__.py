"""Generators of repeat units: corpus, language models, sequential Monte Carlo, filters and polymerisation reactions.

RDKit and everything else load on first use of a name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from generators.errors import GeneratorsError

if TYPE_CHECKING:
    from generators.candidate import Candidate, LogLikelihood
    from generators.corpus import Corpus, CorpusSettings, load_corpus
    from generators.filters import Filters
    from generators.generator import SMCGenerator
    from generators.language import LanguageModel
    from generators.ngram import NGramModel
    from generators.smc.sampler import SMCResult, SMCSampler
    from generators.smc.settings import SMCSettings
    from generators.synthesis import sa_score

_HOMES = {
    "Candidate": "candidate",
    "Corpus": "corpus",
    "CorpusSettings": "corpus",
    "Filters": "filters",
    "LanguageModel": "language",
    "LogLikelihood": "candidate",
    "NGramModel": "ngram",
    "SMCGenerator": "generator",
    "SMCResult": "smc.sampler",
    "SMCSampler": "smc.sampler",
    "SMCSettings": "smc.settings",
    "load_corpus": "corpus",
    "sa_score": "synthesis",
}

__all__ = [
    "Candidate",
    "Corpus",
    "CorpusSettings",
    "Filters",
    "GeneratorsError",
    "LanguageModel",
    "LogLikelihood",
    "NGramModel",
    "SMCGenerator",
    "SMCResult",
    "SMCSampler",
    "SMCSettings",
    "load_corpus",
    "sa_score",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"generators.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
