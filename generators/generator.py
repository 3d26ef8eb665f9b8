"""Proposes candidates: prior samples, or posterior samples under a likelihood."""

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
    """Draws distinct candidates from a prior, tilted towards a likelihood by sequential Monte Carlo.

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
        """Return n candidates with distinct keys, none of them in `exclude`.

        Without a likelihood they are prior samples. With one they come from the final population of an SMC run. If that holds
        too few distinct ones, its Metropolis-Hastings chains go on at the target and the states they visit are added; after
        `max_top_up` sweeps the populations of earlier stages, at lower beta, fill what is left. `origin` tells which it was.

        Args:
            n: Number of candidates.
            rng: Source of randomness.
            log_likelihood: Natural log of the likelihood; None for prior samples.
            exclude: Canonical keys that are not to be proposed, such as those of the corpus or of evaluated polymers.
            best_of: Candidates looked for to take each one from: of them, and of all that the run has kept on its way, the n of
                the highest likelihood are returned, best first, and are then no sample of the posterior. At 1, or without a
                likelihood, nothing is sorted.
            diversity: Internal diversity that the best are to have together, see `best_diverse`.

        Raises:
            ValueError: `best_of` is below 1.
            ExhaustedProposals: Fewer than n distinct candidates could be found.
            ImpossibleTarget: The likelihood is zero wherever the prior reaches.
        """
        if not best_of >= 1.0:
            raise ValueError(f"best_of {best_of:g} is below 1; give 1, or more to take the best of more candidates")
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
                f"{len(found.candidates)} distinct new repeat units found with {self.space.name} where {n} were asked for; "
                "ask for fewer, widen the target or the filters, or raise max_top_up"
            )
        if among > n:
            return found.best(n, diversity)
        return list(found.candidates.values())

    def run(self, evaluator: Evaluator, rng: np.random.Generator, particles: int | None = None) -> SMCResult[S]:
        """Run sequential Monte Carlo and return the whole result, with evidence and ancestry."""
        return temper(self.space, evaluator, rng, particles)

    def _from_prior(self, found: "_Found[S]", evaluator: Evaluator, rng: np.random.Generator) -> None:
        for turn in range(self.space.settings.max_top_up + 1):
            if found.complete:
                return
            # A few are cheap to ask for at first; where they repeat each other or are known, it takes many.
            batch = max(64 if turn else 1, 2 * (found.n - len(found.candidates)))
            population = self.space.draw_prior(batch, evaluator, rng)
            found.add(population, np.arange(batch), f"prior, {self.space.name}")

    def _from_posterior(
        self, found: "_Found[S]", evaluator: Evaluator, rng: np.random.Generator, *, with_history: bool
    ) -> None:
        result = self.run(evaluator, rng, max(self.space.settings.particles, 2 * found.n))
        population = result.particles
        count = len(result.steps)
        origin = f"smc, {self.space.name}, {count} {'stage' if count == 1 else 'stages'}"
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
        """Whether there are as many as asked for."""
        return len(self.candidates) >= self.n

    def add(self, population: Particles[S], rows: NDArray[np.intp], origin: str, *, whole: bool = False) -> None:
        """Add the particles of some rows, in their order, up to the number asked for, or the whole population."""
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
        """Return n of high likelihood, the best one first, that are together as diverse as asked for."""
        candidates = list(self.candidates.values())
        scores = [self.log_likelihoods[candidate.unit.key] for candidate in candidates]
        return [candidates[row] for row in best_diverse([c.unit for c in candidates], scores, n, diversity)]


@final
class SMCGenerator(TemperedGenerator[Any]):
    """Proposes distinct repeat units from a language model under filters, tilted towards a likelihood by SMC.

    Args:
        model: Language model.
        settings: Settings of sequential Monte Carlo.
        filters: Constraints on every proposal.
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
    """Proposes distinct repeat units that the polymerisation rules make from a monomer list; each comes with its route.

    Args:
        monomers: The monomers; by default the project's list.
        settings: Settings of sequential Monte Carlo.
        filters: Constraints on every proposal.
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
