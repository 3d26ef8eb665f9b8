"""The acquisition methods that come with the program: each selects a batch for a `Problem`."""

from collections.abc import Callable

import numpy as np

from surrogates.acquisition.expectation import log_expected_hypervolume_improvement, log_front_probability
from surrogates.acquisition.problem import Problem
from surrogates.acquisition.scorer import Scorer, ValueFunction
from surrogates.acquisition.search import search
from surrogates.acquisition.values import (
    closed_form,
    improvement,
    improvement_and_probability,
    thompson,
    upper_bound,
)
from surrogates.acquisition.variance import most_uncertain
from surrogates.models import log_interval_probability
from surrogates.registry import Method, Picks, register_method


@register_method("random")
def random(problem: Problem) -> Picks:
    """Select at random."""
    drawn = np.random.default_rng(problem.seed).permutation(len(problem.candidates))[: problem.q]
    return drawn.tolist(), [0.0] * len(drawn)


@register_method("target")
def target(problem: Problem) -> Picks:
    """Select by the probability that every objective is in its region."""
    prediction = problem.surrogates.predict_features(problem.features)
    value = problem.penalty.copy()
    for objective in problem.objectives:
        j = problem.surrogates.properties.index(objective.property)
        value += log_interval_probability(prediction.mean[:, j], prediction.sd[:, j], objective.low, objective.high)
    best = np.argsort(-value, kind="stable")[: problem.q]
    return best.tolist(), value[best].tolist()


@register_method("max-variance")
def max_variance(problem: Problem) -> Picks:
    """Select by the remaining variance."""
    return most_uncertain(
        problem.models,
        problem.surrogates.features,
        problem.features,
        problem.pending_features,
        problem.penalty,
        problem.q,
    )


def improving(value: Callable[[Problem], ValueFunction], *, polish: bool = False) -> Method:
    """Return the method that searches for the largest improvement; without measurements, it selects by the remaining variance.

    Args:
        value: Returns the value function for a problem.
        polish: Whether to exchange members of the batch after the greedy selection.
    """

    def select(problem: Problem) -> Picks:
        if len(problem.known) == 0:
            return max_variance(problem)
        scorer = Scorer(
            problem.surrogates,
            problem.objectives,
            problem.constraints,
            problem.surrogates.features.take(problem.known),
            problem.settings,
            value(problem),
            len(problem.measured) == 0,
        )
        return search(problem, scorer, polish=polish)

    return select


for _name, _method in {
    "mixed": improving(lambda _: closed_form(improvement_and_probability)),
    "expected": improving(lambda _: closed_form(log_expected_hypervolume_improvement)),
    "front": improving(lambda _: closed_form(log_front_probability)),
    "improvement": improving(lambda _: improvement, polish=True),
    "upper-bound": improving(lambda problem: upper_bound(problem.settings.optimism)),
    "thompson": improving(lambda _: thompson),
}.items():
    register_method(_name)(_method)
