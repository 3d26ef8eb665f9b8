"""Values of candidates given a sampled base set, for all improvement methods."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.acquisition.joint import JointSampler, PoolBlock
from surrogates.boxes import Boxes, boxes_of, pad
from surrogates.features import Features
from surrogates.models import SurrogateSet
from surrogates.objective import Constraint, Objective
from surrogates.pareto import non_dominated, reference_scores
from surrogates.settings import AcquisitionSettings

FAR = -1e10
"""Reference point of a single objective, below every score."""

SMALLEST_SD = 1e-9
"""Smallest standard deviation of a score, in units of the spread."""

ValueFunction = Callable[["Scorer", JointSampler, PoolBlock, Boxes, bool], NDArray[np.float64]]
"""Log-value of the N candidates of a block, shape (N,), from scorer, base set, block, free boxes and `quick`."""


class Scorer:
    """Converts properties to scaled scores and computes what candidates add to the sampled fronts.

    Attributes:
        objectives: Objectives.
        scale: Spread of each objective's property, in its unit, shape (m,).
        reference: Reference point in scaled scores, shape (m,).
        normal: Whether all scores are normal variables, which the distance to a target is not.
    """

    def __init__(
        self,
        surrogates: SurrogateSet,
        objectives: Sequence[Objective],
        constraints: Sequence[Constraint],
        measured: Features,
        settings: AcquisitionSettings,
        value: "ValueFunction",
        front_is_empty: bool = False,
    ) -> None:
        """Determine the scale and the reference point from the measured units.

        Args:
            surrogates: Fitted surrogates.
            objectives: Objectives.
            constraints: Constraints on the units of the front.
            measured: Features of the measured units.
            settings: Settings of the acquisition; the rule for the reference point.
            value: Value function of the method.
            front_is_empty: Whether the units were measured at other fidelities only, so that they do not form a front.
        """
        self.objectives = list(objectives)
        self.constraints = list(constraints)
        self._surrogates = surrogates
        self._value = value
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
        self.normal = all(objective.direction != "target" for objective in objectives)
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
            quick: Preselect from a large pool: sampled improvements need not be smoothed.
        """
        return self._value(self, sampler, block, boxes, quick)

    def mean(self, block: PoolBlock) -> NDArray[np.float64]:
        """Mean scores of the candidates of a block, shape (S, N, m)."""
        return np.asarray(self._signs * block.mean / self.scale, dtype=np.float64)

    def sd(self, block: PoolBlock) -> NDArray[np.float64]:
        """Standard deviations of their scores, shape (N, m)."""
        return np.asarray(np.maximum(np.sqrt(block.residual) / self.scale, SMALLEST_SD), dtype=np.float64)
