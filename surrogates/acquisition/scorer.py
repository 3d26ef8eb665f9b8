"""Values of candidates given a sampled base set, for all improvement methods."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from surrogates.acquisition.expectation import log_expected_hypervolume_improvement, log_front_probability
from surrogates.acquisition.improvement import log_improvement, mean_improvement
from surrogates.acquisition.joint import JointSampler, PoolBlock
from surrogates.boxes import Boxes, boxes_of, pad
from surrogates.features import Features
from surrogates.models import SurrogateSet
from surrogates.objective import Constraint, Objective
from surrogates.pareto import non_dominated, reference_scores
from surrogates.settings import AcquisitionSettings

FAR = -1e10
"""Reference point of a single objective, below every score."""

JOINT_DRAW = 1024
"""Largest number of candidates that Thompson sampling draws jointly; a larger pool is drawn independently."""

SMALLEST_SD = 1e-9
"""Smallest standard deviation of a score, in units of the spread."""


class Scorer:
    """Converts properties to scaled scores and computes what candidates add to the sampled fronts."""

    def __init__(
        self,
        surrogates: SurrogateSet,
        objectives: Sequence[Objective],
        constraints: Sequence[Constraint],
        measured: Features,
        settings: AcquisitionSettings,
        front_is_empty: bool = False,
    ) -> None:
        """Determine the scale and the reference point from the measured units.

        Args:
            surrogates: Fitted surrogates.
            objectives: Objectives.
            constraints: Constraints on the units of the front.
            measured: Features of the measured units.
            settings: Method and rule for the reference point.
            front_is_empty: Whether the units were measured at other fidelities only, so that they do not form a front.
        """
        self.objectives = list(objectives)
        self.constraints = list(constraints)
        self._surrogates = surrogates
        self._settings = settings
        self.scale = np.array([surrogates.model(objective.property).spread for objective in objectives])
        prediction = surrogates.predict_features(measured)
        columns = [surrogates.properties.index(objective.property) for objective in objectives]
        means = self.scores(prediction.mean[:, columns])
        given = [
            None if (score := objective.reference_score()) is None else score / scale
            for objective, scale in zip(self.objectives, self.scale, strict=True)
        ]
        if len(self.objectives) == 1 and given[0] is None and not front_is_empty:
            self.reference = np.array([FAR])
        else:
            kept = means if settings.reference == "worst" else means[non_dominated(means)]
            self.reference = reference_scores(kept, given)
        # The closed forms require normal scores, which the distance to a target is not.
        self._normal = all(objective.direction != "target" for objective in objectives)
        self._signs = np.array([-1.0 if objective.direction == "minimise" else 1.0 for objective in objectives])

    def scores(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scaled scores of values (..., m), same shape."""
        columns = [objective.score(values[..., j]) / self.scale[j] for j, objective in enumerate(self.objectives)]
        return np.stack(columns, axis=-1)

    def feasible(self, features: Features) -> NDArray[np.bool_]:
        """Mark the units whose predicted means satisfy every constraint, shape (n,)."""
        mask = np.ones(len(features), dtype=bool)
        if self.constraints:
            prediction = self._surrogates.predict_features(features)
            for constraint in self.constraints:
                mask &= constraint.keeps(prediction.mean[:, self._surrogates.properties.index(constraint.property)])
        return mask

    def boxes(self, values: NDArray[np.float64], feasible: NDArray[np.bool_]) -> Boxes:
        """Non-dominated boxes above the fronts of sampled values (S, B, m), formed by the feasible units."""
        return pad([boxes_of(sample[feasible], self.reference) for sample in self.scores(values)])

    def value(
        self, sampler: JointSampler, block: PoolBlock, boxes: Boxes, *, quick: bool = False
    ) -> NDArray[np.float64]:
        """Log-value of the N candidates of a block, shape (N,).

        Args:
            sampler: The base set.
            block: The candidates.
            boxes: Result of `boxes` for the present base set.
            quick: Use sampled improvements without smoothing, to preselect from a large pool.
        """
        method = self._settings.method
        if method == "upper-bound":
            # The smooth form also ranks candidates whose upper confidence bound is below the front.
            return log_improvement(self._optimistic(block), *boxes)
        if method == "thompson":
            return self._thompson(sampler, block, boxes)
        if method == "improvement" or not self._normal:
            samples = self.scores(sampler.samples(block))
            if quick:
                with np.errstate(divide="ignore"):
                    return np.asarray(np.log(mean_improvement(samples, *boxes)), dtype=np.float64)
            return log_improvement(samples, *boxes)
        return self._closed_form(method)(self._mean(block), self._sd(block), *boxes)

    @staticmethod
    def _closed_form(method: str) -> Callable[..., NDArray[np.float64]]:
        if method == "front":
            return log_front_probability
        if method == "expected":
            return log_expected_hypervolume_improvement

        def both(*arguments: NDArray[np.float64]) -> NDArray[np.float64]:
            return 0.5 * (log_expected_hypervolume_improvement(*arguments) + log_front_probability(*arguments))

        return both

    def _mean(self, block: PoolBlock) -> NDArray[np.float64]:
        return np.asarray(self._signs * block.mean / self.scale, dtype=np.float64)

    def _sd(self, block: PoolBlock) -> NDArray[np.float64]:
        return np.asarray(np.maximum(np.sqrt(block.residual) / self.scale, SMALLEST_SD), dtype=np.float64)

    def _optimistic(self, block: PoolBlock) -> NDArray[np.float64]:
        """Upper confidence bounds of the scores, shape (S, N, m); the distance to a target is a folded normal variable."""
        mean, sd = self._mean(block), np.broadcast_to(self._sd(block), block.mean.shape).copy()
        for j, objective in enumerate(self.objectives):
            if objective.target is not None:
                gap = mean[..., j] - objective.target / self.scale[j]
                tail = np.exp(-0.5 * (gap / sd[..., j]) ** 2) * sd[..., j] * np.sqrt(2.0 / np.pi)
                distance = tail + gap * (1.0 - 2.0 * ndtr(-gap / sd[..., j]))
                mean[..., j] = -distance
                sd[..., j] = np.sqrt(np.maximum(gap**2 + sd[..., j] ** 2 - distance**2, 0.0))
        return np.asarray(mean + self._settings.optimism * sd, dtype=np.float64)

    def _thompson(self, sampler: JointSampler, block: PoolBlock, boxes: Boxes) -> NDArray[np.float64]:
        """Improvement in one posterior sample, a new one for each member; blocks too large for a joint sample are drawn independently."""
        turn = sampler.size % sampler.draws.shape[0]
        # Seeded by the normal draws of the next slot, so that the sample depends on the seed of the base set.
        rng = np.random.default_rng(np.abs(1e9 * sampler.draws[turn, sampler.size]).astype(np.int64))
        if len(block.features) <= JOINT_DRAW:
            values = sampler.draw(block, turn, rng)
        else:
            values = block.mean[turn] + np.sqrt(block.residual) * rng.standard_normal(block.residual.shape)
        draw = self.scores(values)
        improvement = mean_improvement(draw[None], boxes[0][turn : turn + 1], boxes[1][turn : turn + 1])
        # Without any improvement, candidates rank by the sum of their scores, far below every improvement.
        value = np.where(improvement > 0, np.log(np.maximum(improvement, 1e-300)), draw.sum(axis=1) - 1e3)
        return np.asarray(value, dtype=np.float64)
