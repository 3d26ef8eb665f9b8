"""Proposes candidates: prior samples, or posterior samples under a likelihood."""

from collections.abc import Collection
from typing import Any, final

import numpy as np

from generators.candidate import Candidate, LogLikelihood
from generators.errors import ExhaustedProposals
from generators.filters import Filters
from generators.language import LanguageModel
from generators.smc.population import Evaluator, Particles
from generators.smc.sampler import SMCResult, SMCSampler
from generators.smc.settings import SMCSettings


@final
class SMCGenerator:
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

    def propose(
        self,
        n: int,
        rng: np.random.Generator,
        log_likelihood: LogLikelihood | None = None,
        exclude: Collection[str] = (),
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

        Raises:
            ExhaustedProposals: Fewer than n distinct candidates could be found.
            ImpossibleTarget: The likelihood is zero wherever the prior reaches.
        """
        excluded = exclude if isinstance(exclude, (set, frozenset, dict)) else frozenset(exclude)
        found: dict[str, Candidate] = {}
        evaluator = self.sampler.evaluator(log_likelihood)
        if log_likelihood is None:
            return self._from_prior(n, evaluator, rng, excluded)
        result = self.run(evaluator, rng, max(self.sampler.settings.particles, 2 * n))
        population = result.particles
        origin = f"smc, {self.model.name}, {len(result.stages)} stages"
        self._collect(population, rng.permutation(len(population.units)), origin, excluded, n, found)
        for sweep in range(1, self.sampler.settings.max_top_up + 1):
            if len(found) == n:
                break
            population, _ = self.sampler.sweep(population, 1.0, evaluator, rng)
            self._collect(
                population, rng.permutation(len(population.units)), f"{origin}, sweep {sweep}", excluded, n, found
            )
        for stage, earlier in zip(reversed(result.stages[:-1]), reversed(result.history[:-1]), strict=True):
            rows = rng.permutation(len(earlier.units))
            self._collect(earlier, rows, f"smc, {self.model.name}, beta {stage.beta:.3g}", excluded, n, found)
        if len(found) < n:
            raise ExhaustedProposals(
                f"{len(found)} distinct new repeat units found where {n} were asked for; ask for fewer, widen the target or the "
                "filters, or raise max_top_up"
            )
        return list(found.values())

    def run(self, evaluator: Evaluator, rng: np.random.Generator, particles: int | None = None) -> SMCResult:
        """Run sequential Monte Carlo and return the whole result, with evidence and ancestry."""
        return self.sampler.run(evaluator, rng, particles)

    def _from_prior(
        self, n: int, evaluator: Evaluator, rng: np.random.Generator, excluded: Collection[str]
    ) -> list[Candidate]:
        found: dict[str, Candidate] = {}
        for _ in range(self.sampler.settings.max_top_up + 1):
            batch = max(64, 2 * (n - len(found)))
            population = self.sampler.draw_prior(batch, evaluator, rng)
            self._collect(population, np.arange(batch), f"prior, {self.model.name}", excluded, n, found)
            if len(found) == n:
                return list(found.values())
        raise ExhaustedProposals(
            f"{len(found)} distinct new repeat units drawn from {self.model.name} where {n} were asked for; ask for fewer or "
            "loosen the filters"
        )

    @staticmethod
    def _collect(
        population: Particles,
        rows: np.typing.NDArray[np.intp],
        origin: str,
        excluded: Collection[str],
        n: int,
        found: dict[str, Candidate],
    ) -> None:
        log_prob = population.strings.log_prob
        for row in rows:
            unit = population.units[row]
            if len(found) < n and unit.key not in excluded and unit.key not in found:
                found[unit.key] = Candidate(unit, float(log_prob[row]), origin)
