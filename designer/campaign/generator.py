"""Construction of the generator of a campaign."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from designer.config.sections import (
    ModelSettings,
    NeuralSMCSettings,
    NGramSMCSettings,
    ReactionSMCSettings,
)
from generators import Candidate, Corpus, Filters, LogLikelihood

if TYPE_CHECKING:
    from generators import Route
    from mdcore.chem import RepeatUnit


class Generator(Protocol):
    """Proposes candidates; see `generators.generator.TemperedGenerator`."""

    def propose(
        self,
        n: int,
        rng: np.random.Generator,
        log_likelihood: LogLikelihood | None = None,
        exclude: Collection[str] = (),
        best_of: float = 1.0,
        diversity: float = 0.0,
    ) -> list[Candidate]:
        """Return n candidates with distinct keys that are not in `exclude`."""
        ...


def make_generator(settings: ModelSettings, filters: Filters, corpus: Callable[[], Corpus]) -> Generator:
    """Build the generator of a configuration.

    Args:
        settings: Its section.
        filters: Constraints on every proposal.
        corpus: Returns the corpus; called if the generator is trained on it.

    Raises:
        InvalidModelFile: The file of the model is invalid.
        InvalidList: The list of monomers is invalid.
    """
    return GENERATORS[settings.kind](settings, filters, corpus)


def _ngram(settings: NGramSMCSettings, filters: Filters, corpus: Callable[[], Corpus]) -> Generator:
    from generators import SMCGenerator, cached_ngram

    return SMCGenerator(cached_ngram(corpus().units, settings.order), settings.smc, filters)


def _neural(settings: NeuralSMCSettings, filters: Filters, corpus: Callable[[], Corpus]) -> Generator:
    from generators import SMCGenerator, load_model

    return SMCGenerator(load_model(settings.model), settings.smc, filters)


def _reaction(settings: ReactionSMCSettings, filters: Filters, corpus: Callable[[], Corpus]) -> Generator:
    from generators import ReactionGenerator, read_list

    monomers = read_list(settings.monomers) if settings.monomers is not None else None
    return ReactionGenerator(monomers, settings.smc, filters)


GENERATORS: dict[str, Callable[[Any, Filters, Callable[[], Corpus]], Generator]] = {
    "ngram_smc": _ngram,
    "neural_smc": _neural,
    "reaction": _reaction,
}
"""Constructors of the kinds of generators, by the `kind` of their settings."""


def diverse_part(candidates: Sequence[Candidate], n: int, rng: np.random.Generator) -> list[Candidate]:
    """Return the n most diverse candidates (MaxMin on fingerprints), or all of them if there are at most n."""
    if len(candidates) <= n:
        return list(candidates)
    from generators import diverse_subset

    rows = diverse_subset([candidate.unit for candidate in candidates], n, seed=int(rng.integers(2**31 - 1)))
    return [candidates[row] for row in rows]


def with_route(candidate: Candidate) -> Candidate:
    """Return the candidate with its synthesis route, which is searched unless the generator provided one."""
    return candidate if candidate.route is not None else replace(candidate, route=find_route(candidate.unit))


def find_route(unit: "RepeatUnit") -> "Route | None":
    """Return the best known route to a repeat unit, or None."""
    from generators import route

    return route(unit)
