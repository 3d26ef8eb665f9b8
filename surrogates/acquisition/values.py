"""Value functions of the improvement methods: what a candidate adds to sampled fronts."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from surrogates.acquisition.expectation import log_expected_hypervolume_improvement, log_front_probability
from surrogates.acquisition.improvement import log_improvement, mean_improvement
from surrogates.acquisition.joint import JointSampler, PoolBlock
from surrogates.acquisition.scorer import Scorer, ValueFunction
from surrogates.boxes import Boxes

JOINT_DRAW = 1024
"""Largest number of candidates that Thompson sampling draws jointly; a larger pool is drawn independently."""


def improvement(
    scorer: Scorer, sampler: JointSampler, block: PoolBlock, boxes: Boxes, quick: bool
) -> NDArray[np.float64]:
    """Monte Carlo hypervolume improvement (qLogNEHVI)."""
    samples = scorer.scores(sampler.samples(block))
    if quick:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(mean_improvement(samples, *boxes)), dtype=np.float64)
    return log_improvement(samples, *boxes)


def closed_form(function: Callable[..., NDArray[np.float64]]) -> ValueFunction:
    """Return the value function of a closed form; objectives with a target fall back to `improvement`, their scores not being normal.

    Args:
        function: Function of means (S, N, m), standard deviations (N, m), lower and upper corners of the boxes.
    """

    def value(
        scorer: Scorer, sampler: JointSampler, block: PoolBlock, boxes: Boxes, quick: bool
    ) -> NDArray[np.float64]:
        if not scorer.normal:
            return improvement(scorer, sampler, block, boxes, quick)
        return function(scorer.mean(block), scorer.sd(block), *boxes)

    return value


def improvement_and_probability(*arguments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of the geometric mean of expected improvement and front probability."""
    return 0.5 * (log_expected_hypervolume_improvement(*arguments) + log_front_probability(*arguments))


def upper_bound(optimism: float) -> ValueFunction:
    """Return the value function of the improvement of upper confidence bounds, `optimism` standard deviations above the means."""

    def value(
        scorer: Scorer, sampler: JointSampler, block: PoolBlock, boxes: Boxes, quick: bool
    ) -> NDArray[np.float64]:
        # The smooth form also ranks candidates whose upper confidence bound is below the front.
        return log_improvement(_optimistic(scorer, block, optimism), *boxes)

    return value


def _optimistic(scorer: Scorer, block: PoolBlock, optimism: float) -> NDArray[np.float64]:
    """Upper confidence bounds of the scores, shape (S, N, m); the distance to a target is a folded normal variable."""
    mean, sd = scorer.mean(block), np.broadcast_to(scorer.sd(block), block.mean.shape).copy()
    for j, objective in enumerate(scorer.objectives):
        if objective.target is not None:
            gap = mean[..., j] - objective.target / scorer.scale[j]
            tail = np.exp(-0.5 * (gap / sd[..., j]) ** 2) * sd[..., j] * np.sqrt(2.0 / np.pi)
            distance = tail + gap * (1.0 - 2.0 * ndtr(-gap / sd[..., j]))
            mean[..., j] = -distance
            sd[..., j] = np.sqrt(np.maximum(gap**2 + sd[..., j] ** 2 - distance**2, 0.0))
    return np.asarray(mean + optimism * sd, dtype=np.float64)


def thompson(scorer: Scorer, sampler: JointSampler, block: PoolBlock, boxes: Boxes, quick: bool) -> NDArray[np.float64]:
    """Improvement in one posterior sample, a new one for each member; blocks too large for a joint sample are drawn independently."""
    turn = sampler.size % sampler.draws.shape[0]
    # Seeded by the normal draws of the next slot, so that the sample depends on the seed of the base set.
    rng = np.random.default_rng(np.abs(1e9 * sampler.draws[turn, sampler.size]).astype(np.int64))
    if len(block.features) <= JOINT_DRAW:
        values = sampler.draw(block, turn, rng)
    else:
        values = block.mean[turn] + np.sqrt(block.residual) * rng.standard_normal(block.residual.shape)
    draw = scorer.scores(values)
    improvement = mean_improvement(draw[None], boxes[0][turn : turn + 1], boxes[1][turn : turn + 1])
    # Without any improvement, candidates rank by the sum of their scores, far below every improvement.
    value = np.where(improvement > 0, np.log(np.maximum(improvement, 1e-300)), draw.sum(axis=1) - 1e3)
    return np.asarray(value, dtype=np.float64)
