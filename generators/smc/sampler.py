"""Sequential Monte Carlo with likelihood tempering over the strings of a language model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from generators.candidate import LogLikelihood
from generators.decoding import FloatArray, Strings
from generators.errors import ExhaustedProposals, ImpossibleTarget
from generators.language import LanguageModel
from generators.smc.moves import Proposal, regrow_segment, regrow_tail, respell
from generators.smc.population import Evaluator, Particles
from generators.smc.settings import SMCSettings
from generators.smc.tempering import effective_sample_size, log_mean_exp, next_step, systematic_resample
from mdcore.chem import RepeatUnit

_MAX_REFUSED = 1000
"""Strings refused by the filter, for each particle, after which the filter is taken to accept nothing."""


@dataclass(frozen=True)
class Stage:
    """One tempering step.

    Attributes:
        beta: Exponent of the likelihood after the step.
        ess: Effective sample size of its incremental weights.
        acceptance: Fraction of Metropolis-Hastings proposals accepted after it.
        ancestors: (n,) row of the population before the step that each particle descends from.
    """

    beta: float
    ess: float
    acceptance: float
    ancestors: NDArray[np.intp]


@dataclass(frozen=True)
class SMCResult:
    """A population drawn from p(S) L(S).

    Attributes:
        particles: The population; its members have equal weights.
        log_evidence: Estimate of the log of the prior mean of the likelihood, over the strings that the filter accepts.
        stages: The steps taken.
        history: The population after each step.
        calls: Distinct repeat units the likelihood was evaluated for.
    """

    particles: Particles
    log_evidence: float
    stages: tuple[Stage, ...]
    history: tuple[Particles, ...]
    calls: int

    @property
    def origins(self) -> NDArray[np.intp]:
        """Row of the initial population that each particle descends from, shape (n,)."""
        rows = np.arange(len(self.particles.units))
        for stage in reversed(self.stages):
            rows = stage.ancestors[rows]
        return rows


@final
class SMCSampler:
    """Samples pi_beta(S) proportional to p(S) L(S)^beta for beta from 0 to 1.

    p is the language model restricted to strings that the filter accepts, L the likelihood. At each stage beta grows until the
    effective sample size of the incremental weights L^(step) has fallen to its target (Del Moral, Doucet & Jasra 2006, doi
    10.1111/j.1467-9868.2006.00553.x, section 2.3); the particles are resampled systematically and moved by Metropolis-Hastings
    kernels that leave the new pi_beta invariant. The product of the mean incremental weights estimates the evidence.
    Particles with L = 0 are dropped in a first stage of its own at beta = 0.

    Args:
        model: Language model.
        settings: Settings.
        accepts: Filter; None accepts every string.
    """

    def __init__(
        self,
        model: LanguageModel[Any],
        settings: SMCSettings | None = None,
        accepts: Callable[[RepeatUnit], bool] | None = None,
    ) -> None:
        self.model = model
        self.settings = settings if settings is not None else SMCSettings()
        self.accepts = accepts

    def evaluator(self, log_likelihood: LogLikelihood | None) -> Evaluator:
        """Return the evaluator of a likelihood, to share between runs."""
        return Evaluator(log_likelihood, self.accepts)

    def run(self, evaluator: Evaluator, rng: np.random.Generator, particles: int | None = None) -> SMCResult:
        """Run from the prior to the target.

        Raises:
            ImpossibleTarget: No particle has a finite likelihood, or the target was not reached in `max_stages`.
            ExhaustedProposals: The filter refuses practically every string.
        """
        population = self.draw_prior(particles if particles is not None else self.settings.particles, evaluator, rng)
        n = len(population.units)
        beta, log_evidence = 0.0, 0.0
        stages: list[Stage] = []
        history: list[Particles] = []
        if (population.log_likelihoods == -np.inf).any():
            weights = np.where(population.log_likelihoods == -np.inf, -np.inf, 0.0)
            log_evidence += log_mean_exp(weights)
            if log_evidence == -np.inf:
                raise ImpossibleTarget(
                    f"the likelihood of all {n} repeat units drawn from {self.model.name} is zero; widen the target"
                )
            population, stage = self._step(population, weights, 0.0, evaluator, rng)
            stages.append(stage)
            history.append(population)
        while beta < 1.0:
            if len(stages) > self.settings.max_stages:
                raise ImpossibleTarget(
                    f"target not reached in {self.settings.max_stages} stages (beta {beta:.3g}); widen the target or raise "
                    "max_stages"
                )
            values = population.log_likelihoods
            step = next_step(values, 1.0 - beta, self.settings.ess_fraction * n)
            beta = 1.0 if step >= 1.0 - beta else beta + step
            weights = step * values
            log_evidence += log_mean_exp(weights)
            population, stage = self._step(population, weights, beta, evaluator, rng)
            stages.append(stage)
            history.append(population)
        return SMCResult(population, log_evidence, tuple(stages), tuple(history), evaluator.calls)

    def draw_prior(self, n: int, evaluator: Evaluator, rng: np.random.Generator) -> Particles:
        """Draw n particles from the language model restricted to what the filter accepts."""
        parts: list[Strings] = []
        units: list[RepeatUnit] = []
        refused = 0
        while len(units) < n:
            strings = self.model.sample_strings(max(16, n - len(units)), rng)
            found = evaluator.units(self.model.spell(strings.tokens))
            rows = [i for i, unit in enumerate(found) if unit is not None][: n - len(units)]
            refused += len(found) - len(rows)
            if refused > _MAX_REFUSED * n:
                raise ExhaustedProposals(
                    f"the filter refused {refused} repeat units of {self.model.name} and accepted {len(units)}; loosen it"
                )
            parts.append(strings.take(np.array(rows, dtype=np.intp)))
            units += [unit for unit in (found[i] for i in rows) if unit is not None]
        strings = Strings(np.concatenate([p.tokens for p in parts]), np.concatenate([p.log_probs for p in parts]))
        return Particles(strings, tuple(units), evaluator.values(units))

    def sweep(
        self, population: Particles, beta: float, evaluator: Evaluator, rng: np.random.Generator
    ) -> tuple[Particles, int]:
        """Move every particle once by a kernel that leaves pi_beta invariant; return how many proposals were accepted."""
        n = len(population.units)
        frequencies = np.array([self.settings.tail, self.settings.segment, self.settings.respell])
        kinds = rng.choice(3, size=n, p=frequencies / frequencies.sum())
        tokens = population.strings.tokens.copy()
        log_probs = population.strings.log_probs.copy()
        units = list(population.units)
        values = population.log_likelihoods.copy()
        accepted = 0
        for kind in range(3):
            rows = np.flatnonzero(kinds == kind)
            if not len(rows):
                continue
            proposal = self._propose(kind, population.take(rows), rng)
            texts = self.model.spell(proposal.strings.tokens[proposal.possible])
            candidates: list[RepeatUnit | None] = [None] * len(rows)
            for place, unit in zip(np.flatnonzero(proposal.possible), evaluator.units(texts), strict=True):
                candidates[place] = unit
            good = np.array([i for i, unit in enumerate(candidates) if unit is not None], dtype=np.intp)
            new_values = evaluator.values([unit for unit in candidates if unit is not None])
            old_values = values[rows[good]]
            # At beta = 0 the likelihood still says which strings are possible at all.
            possible = new_values > -np.inf
            gain = np.where(possible, beta * (np.where(possible, new_values, 0.0) - old_values), -np.inf)
            log_ratio = proposal.log_ratio[good] + gain
            take = np.log1p(-rng.random(len(good))) < log_ratio
            for place, value in zip(good[take], new_values[take], strict=True):
                unit = candidates[place]
                assert unit is not None
                row = rows[place]
                tokens[row] = proposal.strings.tokens[place]
                log_probs[row] = proposal.strings.log_probs[place]
                units[row], values[row] = unit, value
            accepted += int(take.sum())
        return Particles(Strings(tokens, log_probs), tuple(units), values), accepted

    def _propose(self, kind: int, population: Particles, rng: np.random.Generator) -> Proposal:
        if kind == 0:
            return regrow_tail(self.model, population.strings, rng)
        if kind == 1:
            return regrow_segment(self.model, population.strings, self.settings.max_segment, rng)
        return respell(self.model, population.strings, [unit.key for unit in population.units], rng)

    def _step(
        self,
        population: Particles,
        log_weights: FloatArray,
        beta: float,
        evaluator: Evaluator,
        rng: np.random.Generator,
    ) -> tuple[Particles, Stage]:
        ancestors = systematic_resample(log_weights, rng)
        population = population.take(ancestors)
        accepted = 0
        for _ in range(self.settings.sweeps):
            population, moved = self.sweep(population, beta, evaluator, rng)
            accepted += moved
        tried = self.settings.sweeps * len(population.units)
        acceptance = accepted / tried if tried else 0.0
        return population, Stage(beta, effective_sample_size(log_weights), acceptance, ancestors)
