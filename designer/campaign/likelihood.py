"""The likelihood of the generator: the probability that a repeat unit lies in a target region."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from designer.config.sections import ObjectiveSettings
from generators import LogLikelihood
from mdcore.chem import RepeatUnit
from surrogates import Constraint, SurrogateSet, log_interval_probability, regions_beyond

Bounds = tuple[float | None, float | None]
Regions = tuple[Mapping[str, Bounds], ...]

MAX_FRONT_POINTS = 64
"""Maximum number of front points from which regions are constructed; a longer front is subsampled evenly."""

MAX_POINTS_OF_MANY = 16
"""The same for four and more objectives, where the number of boxes grows fastest."""


def improving(objectives: Sequence[ObjectiveSettings], front: NDArray[np.float64]) -> Regions:
    """Return disjoint boxes of property values that improve the front; their probabilities add up to the probability of improvement.

    An objective with a region must lie in that region. The front to improve is then that of the other objectives among the points in the
    region; if there are none, the region alone counts.

    Args:
        objectives: The m objectives.
        front: Measured values on the front, shape (k, m).
    """
    own = {o.property: (o.region.low, o.region.high) for o in objectives if o.region is not None}
    inside = np.ones(len(front), dtype=bool)
    for column, objective in enumerate(objectives):
        if objective.region is not None:
            low, high = own[objective.property]
            inside &= (front[:, column] > (-np.inf if low is None else low)) & (
                front[:, column] < (np.inf if high is None else high)
            )
    free = [column for column, objective in enumerate(objectives) if objective.region is None]
    points = _spread(front[inside][:, free]) if free else front[:0]
    if not len(points):
        return (own,)
    boxes = regions_beyond(points, [objectives[column].objective() for column in free])
    return tuple({**box, **own} for box in boxes)


def within_limits(regions: Regions, limits: Sequence[Constraint]) -> Regions:
    """Intersect every region with the limits; if all intersections are empty, the limits alone remain."""
    cut = [box for region in regions if (box := _cut(region, limits)) is not None]
    return tuple(cut) or ({limit.property: (limit.low, limit.high) for limit in limits},)


def region_likelihood(surrogates: SurrogateSet, regions: Regions) -> LogLikelihood:
    """Return log p(a repeat unit lies in one of several disjoint regions), summed in log space so that tails do not underflow."""

    def log_likelihood(units: Sequence[RepeatUnit]) -> NDArray[np.float64]:
        prediction = surrogates.predict(units)
        column = {name: j for j, name in enumerate(prediction.properties)}
        known: dict[tuple[str, Bounds], NDArray[np.float64]] = {}
        for name, bounds in {side for region in regions for side in region.items()}:
            mean, sd = prediction.mean[:, column[name]], prediction.sd[:, column[name]]
            known[name, bounds] = log_interval_probability(mean, sd, *bounds)
        terms = [sum((known[side] for side in region.items()), np.zeros(len(units))) for region in regions]
        return np.asarray(np.minimum(np.logaddexp.reduce(terms, axis=0), 0.0), dtype=np.float64)

    return log_likelihood


def _spread(front: NDArray[np.float64]) -> NDArray[np.float64]:
    most = MAX_FRONT_POINTS if front.shape[1] < 4 else MAX_POINTS_OF_MANY
    if len(front) <= most:
        return front
    order = np.argsort(front[:, 0], kind="stable")
    return np.asarray(front[order[np.linspace(0, len(front) - 1, most).round().astype(int)]])


def _cut(region: Mapping[str, Bounds], limits: Sequence[Constraint]) -> Mapping[str, Bounds] | None:
    bounds = dict(region)
    for limit in limits:
        low, high = bounds.get(limit.property, (None, None))
        low = limit.low if low is None else (low if limit.low is None else max(low, limit.low))
        high = limit.high if high is None else (high if limit.high is None else min(high, limit.high))
        if low is not None and high is not None and low >= high:
            return None
        bounds[limit.property] = (low, high)
    return bounds
