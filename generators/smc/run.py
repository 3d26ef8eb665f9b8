"""Tempering from a prior to a target, for any kind of particles."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol

import numpy as np
from numpy.typing import NDArray

from generators.errors import ImpossibleTarget
from generators.language.decoding import FloatArray
from generators.smc.population import Evaluator, Particles, S
from generators.smc.settings import SMCSettings
from generators.smc.tempering import effective_sample_size, log_mean_exp, next_step, systematic_resample
from generators.synthesis.route import Route
from mdcore.chem import RepeatUnit


class Space(Protocol[S]):
    """A prior and the Markov kernels that move its particles.

    Attributes:
        name: Short name of the prior, for records.
        settings: Settings of sequential Monte Carlo.
        accepts: Filter; the prior is restricted to what it accepts.
    """

    name: str
    settings: SMCSettings
    accepts: Callable[[RepeatUnit], bool] | None

    def draw_prior(self, n: int, evaluator: Evaluator, rng: np.random.Generator) -> Particles[S]:
        """Draw n particles from the prior, restricted to what the filter accepts."""

    def sweep(
        self, population: Particles[S], beta: float, evaluator: Evaluator, rng: np.random.Generator
    ) -> tuple[Particles[S], int]:
        """Move every particle by a kernel that leaves prior x likelihood^beta invariant; return the number of accepted moves."""

    def route(self, states: S, row: int) -> Route | None:
        """Return the synthesis route of a particle, or None if the particle does not define it."""


@dataclass(frozen=True)
class TemperingStep:
    """One tempering step.

    Attributes:
        beta: Exponent of the likelihood after the step.
        ess: Effective sample size of its incremental weights.
        acceptance: Fraction of Metropolis-Hastings proposals accepted after it.
        ancestors: (n,) row of each particle's ancestor in the population before the step.
    """

    beta: float
    ess: float
    acceptance: float
    ancestors: NDArray[np.intp]


@dataclass(frozen=True)
class SMCResult(Generic[S]):
    """A population drawn from p(S) L(S)^sharpness.

    Attributes:
        particles: The population, with equal weights.
        log_evidence: Estimated log of the prior mean of L^sharpness, over the states that the filter accepts.
        steps: Tempering steps.
        history: Population after each step.
        calls: Number of distinct repeat units for which the likelihood was evaluated.
    """

    particles: Particles[S]
    log_evidence: float
    steps: tuple[TemperingStep, ...]
    history: tuple[Particles[S], ...]
    calls: int

    @property
    def origins(self) -> NDArray[np.intp]:
        """Row of each particle's ancestor in the initial population, shape (n,)."""
        rows = np.arange(len(self.particles.units))
        for step in reversed(self.steps):
            rows = step.ancestors[rows]
        return rows


def temper(
    space: Space[S], evaluator: Evaluator, rng: np.random.Generator, particles: int | None = None
) -> SMCResult[S]:
    """Sample pi_beta(S) proportional to p(S) L(S)^beta for beta from 0 to the settings' `sharpness`, by default 1.

    In each step, beta is increased until the effective sample size of the incremental weights L^(step) has decreased to its target
    (Del Moral, Doucet & Jasra 2006, doi 10.1111/j.1467-9868.2006.00553.x, section 2.3); the particles are resampled systematically
    and moved by Metropolis-Hastings kernels that leave the new pi_beta invariant. The product of the mean incremental weights
    estimates the evidence. Particles with L = 0 are removed in a separate first step at beta = 0.

    Raises:
        ImpossibleTarget: No particle has a finite likelihood, or the target was not reached in `max_steps`.
        ExhaustedProposals: The filter rejects practically every state.
    """
    population = space.draw_prior(particles if particles is not None else space.settings.particles, evaluator, rng)
    n = len(population.units)
    beta, log_evidence, end = 0.0, 0.0, space.settings.sharpness
    steps: list[TemperingStep] = []
    history: list[Particles[S]] = []
    if (population.log_likelihoods == -np.inf).any():
        weights = np.where(population.log_likelihoods == -np.inf, -np.inf, 0.0)
        log_evidence += log_mean_exp(weights)
        if log_evidence == -np.inf:
            raise ImpossibleTarget(
                f"the likelihood is zero for all {n} repeat units drawn from {space.name}; widen the target"
            )
        population, taken = _step(space, population, weights, 0.0, evaluator, rng)
        steps.append(taken)
        history.append(population)
    while beta < end:
        if len(steps) > space.settings.max_steps:
            raise ImpossibleTarget(
                f"target not reached in {space.settings.max_steps} steps (beta = {beta:.3g}); widen the target or raise "
                "max_steps"
            )
        values = population.log_likelihoods
        step = next_step(values, end - beta, space.settings.ess_fraction * n)
        beta = end if step >= end - beta else beta + step
        weights = step * values
        log_evidence += log_mean_exp(weights)
        population, taken = _step(space, population, weights, beta, evaluator, rng)
        steps.append(taken)
        history.append(population)
    return SMCResult(population, log_evidence, tuple(steps), tuple(history), evaluator.calls)


def _step(
    space: Space[S],
    population: Particles[S],
    log_weights: FloatArray,
    beta: float,
    evaluator: Evaluator,
    rng: np.random.Generator,
) -> tuple[Particles[S], TemperingStep]:
    ancestors = systematic_resample(log_weights, rng)
    population = population.take(ancestors)
    accepted = 0
    for _ in range(space.settings.sweeps):
        population, moved = space.sweep(population, beta, evaluator, rng)
        accepted += moved
    tried = space.settings.sweeps * len(population.units)
    acceptance = accepted / tried if tried else 0.0
    return population, TemperingStep(beta, effective_sample_size(log_weights), acceptance, ancestors)
