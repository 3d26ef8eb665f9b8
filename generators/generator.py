"""Generators of candidates: samples from a prior, or from a posterior under a likelihood."""

import math
from collections.abc import Collection, Sequence
from typing import Any, Generic, final

import numpy as np
from numpy.typing import NDArray

from generators.candidate import Candidate, LogLikelihood
from generators.diversity import best_diverse
from generators.errors import ExhaustedProposals
from generators.filters import Filters
from generators.language.model import LanguageModel
from generators.lists import Entry, common_monomers
from generators.smc.population import Evaluator, Particles, S
from generators.smc.reaction_space import ReactionSpace
from generators.smc.run import SMCResult, Space, temper
from generators.smc.sampler import SMCSampler
from generators.smc.settings import SMCSettings
from generators.synthesis.library import MonomerLibrary


class TemperedGenerator(Generic[S]):
    """Draws distinct candidates from a prior, or by sequential Monte Carlo from the posterior under a likelihood.

    Args:
        space: The prior and its moves.
    """

    def __init__(self, space: Space[S]) -> None:
        self.space = space

    def propose(
        self,
        n: int,
        rng: np.random.Generator,
        log_likelihood: LogLikelihood | None = None,
        exclude: Collection[str] = (),
        best_of: float = 1.0,
        diversity: float = 0.0,
    ) -> list[Candidate]:
        """Return n candidates with distinct keys that are not in `exclude`.

        Without a likelihood, they are samples from the prior. With one, they are taken from the final population of an SMC run. If that
        contains too few distinct candidates, its Metropolis-Hastings chains are continued at the target and the visited states are
        added; after `max_top_up` sweeps, the rest is taken from the populations of earlier steps, at lower beta. `Candidate.origin`
        records the source.

        Args:
            n: Number of candidates.
            rng: Random generator.
            log_likelihood: Natural log of the likelihood; None for samples from the prior.
            exclude: Canonical keys to exclude, such as those of the corpus or of evaluated polymers.
            best_of: Oversampling factor: draw best_of x n candidates and return the n most likely of these and of all earlier
                populations, in descending order; they are not a sample of the posterior. At 1, or without a likelihood, candidates
                are not sorted.
            diversity: Internal diversity of the returned candidates as a set, see `best_diverse`; used with best_of > 1.

        Raises:
            ValueError: `best_of` is below 1.
            ExhaustedProposals: Fewer than n distinct candidates were found.
            ImpossibleTarget: The likelihood is zero for all samples from the prior.
        """
        if not best_of >= 1.0:
            raise ValueError(f"best_of must be at least 1, got {best_of:g}")
        excluded = exclude if isinstance(exclude, (set, frozenset, dict)) else frozenset(exclude)
        among = n if log_likelihood is None else math.ceil(best_of * n)
        found = _Found(self.space, among, excluded)
        evaluator = Evaluator(log_likelihood, self.space.accepts)
        if log_likelihood is None:
            self._from_prior(found, evaluator, rng)
        else:
            self._from_posterior(found, evaluator, rng, with_history=among > n)
        if len(found.candidates) < n:
            raise ExhaustedProposals(
                f"found {len(found.candidates)} of {n} distinct new repeat units with {self.space.name}; "
                "request fewer, widen the target or the filters, or raise max_top_up"
            )
        if among > n:
            return found.best(n, diversity)
        return list(found.candidates.values())

    def run(self, evaluator: Evaluator, rng: np.random.Generator, particles: int | None = None) -> SMCResult[S]:
        """Run sequential Monte Carlo and return the full result, with evidence and ancestry."""
        return temper(self.space, evaluator, rng, particles)

    def _from_prior(self, found: "_Found[S]", evaluator: Evaluator, rng: np.random.Generator) -> None:
        for turn in range(self.space.settings.max_top_up + 1):
            if found.complete:
                return
            # Start with a small batch; many are needed if samples repeat each other or are excluded.
            batch = max(64 if turn else 1, 2 * (found.n - len(found.candidates)))
            population = self.space.draw_prior(batch, evaluator, rng)
            found.add(population, np.arange(batch), f"prior, {self.space.name}")

    def _from_posterior(
        self, found: "_Found[S]", evaluator: Evaluator, rng: np.random.Generator, *, with_history: bool
    ) -> None:
        result = self.run(evaluator, rng, max(self.space.settings.particles, 2 * found.n))
        population = result.particles
        count = len(result.steps)
        origin = f"smc, {self.space.name}, {count} {'step' if count == 1 else 'steps'}"
        found.add(population, rng.permutation(len(population.units)), origin)
        for sweep in range(1, self.space.settings.max_top_up + 1):
            if found.complete:
                break
            population, _ = self.space.sweep(population, self.space.settings.sharpness, evaluator, rng)
            found.add(population, rng.permutation(len(population.units)), f"{origin}, sweep {sweep}")
        for step, earlier in zip(reversed(result.steps[:-1]), reversed(result.history[:-1]), strict=True):
            if found.complete and not with_history:
                return
            rows = rng.permutation(len(earlier.units))
            found.add(earlier, rows, f"smc, {self.space.name}, beta {step.beta:.3g}", whole=with_history)


class _Found(Generic[S]):
    """Distinct candidates collected so far."""

    def __init__(self, space: Space[S], n: int, excluded: Collection[str]) -> None:
        self.space = space
        self.n = n
        self.excluded = excluded
        self.candidates: dict[str, Candidate] = {}
        self.log_likelihoods: dict[str, float] = {}

    @property
    def complete(self) -> bool:
        """Whether `n` candidates were found."""
        return len(self.candidates) >= self.n

    def add(self, population: Particles[S], rows: NDArray[np.intp], origin: str, *, whole: bool = False) -> None:
        """Add the particles of the given rows in order, up to `n` candidates or, with `whole`, all of them."""
        log_prob = population.states.log_prob
        for row in rows:
            if self.complete and not whole:
                return
            unit = population.units[row]
            if unit.key not in self.excluded and unit.key not in self.candidates:
                route = self.space.route(population.states, int(row))
                self.candidates[unit.key] = Candidate(unit, float(log_prob[row]), origin, route)
                self.log_likelihoods[unit.key] = float(population.log_likelihoods[row])

    def best(self, n: int, diversity: float) -> list[Candidate]:
        """Return the n most likely candidates that reach a given diversity, in descending order."""
        candidates = list(self.candidates.values())
        scores = [self.log_likelihoods[candidate.unit.key] for candidate in candidates]
        return [candidates[row] for row in best_diverse([c.unit for c in candidates], scores, n, diversity)]


@final
class SMCGenerator(TemperedGenerator[Any]):
    """Generates repeat units from a language model with filters, guided by a likelihood through SMC.

    Args:
        model: Language model.
        settings: Settings of sequential Monte Carlo.
        filters: Constraints on the proposals.
    """

    def __init__(
        self, model: LanguageModel[Any], settings: SMCSettings | None = None, filters: Filters | None = None
    ) -> None:
        self.model = model
        self.filters = filters if filters is not None else Filters()
        self.sampler = SMCSampler(model, settings, self.filters)
        super().__init__(self.sampler)


@final
class ReactionGenerator(TemperedGenerator[Any]):
    """Generates repeat units by polymerisation rules from a list of monomers; each has a synthesis route.

    Args:
        monomers: Monomers; by default the built-in list.
        settings: Settings of sequential Monte Carlo.
        filters: Constraints on the proposals.
    """

    def __init__(
        self,
        monomers: Sequence[Entry] | None = None,
        settings: SMCSettings | None = None,
        filters: Filters | None = None,
    ) -> None:
        self.filters = filters if filters is not None else Filters()
        library = MonomerLibrary.of(monomers if monomers is not None else common_monomers())
        super().__init__(ReactionSpace(library, settings, self.filters))
