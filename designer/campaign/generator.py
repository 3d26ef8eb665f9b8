"""The generator that a campaign's configuration asks for."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from designer.config.sections import GeneratorSettings, NeuralSMCSettings, ReactionSMCSettings
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
        """Return n candidates with distinct keys, none of them in `exclude`."""
        ...


def make_generator(settings: GeneratorSettings, filters: Filters, corpus: Callable[[], Corpus]) -> Generator:
    """Build the generator of a configuration.

    Args:
        settings: Its section.
        filters: Constraints on every proposal.
        corpus: Called for the corpus if the generator learns from it.

    Raises:
        InvalidModelFile: The model's file cannot be used.
        InvalidList: The list of monomers cannot be used.
    """
    from generators import ReactionGenerator, SMCGenerator, cached_ngram, load_model, read_list

    if isinstance(settings, ReactionSMCSettings):
        monomers = read_list(settings.monomers) if settings.monomers is not None else None
        return ReactionGenerator(monomers, settings.smc, filters)
    if isinstance(settings, NeuralSMCSettings):
        return SMCGenerator(load_model(settings.model), settings.smc, filters)
    return SMCGenerator(cached_ngram(corpus().units, settings.order), settings.smc, filters)


def diverse_part(candidates: Sequence[Candidate], n: int, rng: np.random.Generator) -> list[Candidate]:
    """Return the n most diverse candidates (MaxMin on fingerprints); all of them if there are no more."""
    if len(candidates) <= n:
        return list(candidates)
    from generators import diverse_subset

    rows = diverse_subset([candidate.unit for candidate in candidates], n, seed=int(rng.integers(2**31 - 1)))
    return [candidates[row] for row in rows]


def with_route(candidate: Candidate) -> Candidate:
    """Return the candidate with its synthesis route, which is looked for unless the generator gave one."""
    return candidate if candidate.route is not None else replace(candidate, route=find_route(candidate.unit))


def find_route(unit: "RepeatUnit") -> "Route | None":
    """Return the best known route to a repeat unit, or None."""
    from generators import route

    return route(unit)
