"""The region of property values that improves a Pareto front, as disjoint boxes."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from surrogates.boxes import boxes_of
from surrogates.objective import Objective
from surrogates.pareto import reference_point, scores

Interval = tuple[float | None, float | None]

_SLIVER = 1e-6
"""Half width, relative to the target, of the interval that counts as an improvement on a point exactly at the target."""


def regions_beyond(front: NDArray[np.float64], objectives: Sequence[Objective]) -> tuple[Mapping[str, Interval], ...]:
    """Return disjoint boxes of property values whose union is the region that improves a front.

    A value improves the front if it adds to the hypervolume: no point of the front dominates it, and it lies above the reference
    point that `reference_point` infers. The probability of improving the front is the sum of the boxes' probabilities.

    Args:
        front: Values of its k points, shape (k, m), k at least 1.
        objectives: The m objectives, of distinct properties.

    Returns:
        Interval of each property, with None for an open end; one box for one objective, at most k + 1 for two. An objective with a target
        has an interval on either side of it, which doubles the number of boxes.
    """
    lower, upper = boxes_of(scores(front, objectives), reference_point(front, objectives))
    names = [objective.property for objective in objectives]
    return tuple(
        dict(zip(names, sides, strict=True))
        for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
        for sides in product(*map(_values_between, objectives, low, high))
    )


def _values_between(objective: Objective, low: float, high: float) -> list[Interval]:
    """Return the intervals of values whose score lies between two scores."""
    if objective.direction == "maximise":
        return [(_finite(low), _finite(high))]
    if objective.direction == "minimise":
        return [(_finite(-high), _finite(-low))]
    aim = 0.0 if objective.target is None else objective.target
    outer = max(-low, _SLIVER * max(1.0, abs(aim)))
    if high >= 0.0:
        return [(aim - outer, aim + outer)]
    return [(aim - outer, aim + high), (aim - high, aim + outer)]


def _finite(edge: float) -> float | None:
    return edge if np.isfinite(edge) else None
