"""What the generator is steered by: the probability that a repeat unit reaches the region worth reaching."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from designer.config.sections import ObjectiveSettings
from generators import LogLikelihood
from mdcore.chem import RepeatUnit
from surrogates import Constraint, SurrogateSet, log_interval_probability

Bounds = tuple[float | None, float | None]
MAX_FRONT_POINTS = 8
"""Points of the front that the likelihood averages over; more add cost and hardly change the average."""


def targets_beyond(
    objectives: Sequence[ObjectiveSettings], front: NDArray[np.float64]
) -> tuple[Mapping[str, Bounds], ...]:
    """Return the regions of interest: one per point of the front, each the set of values that beat that point.

    An objective with a region of its own keeps it at every point.

    Args:
        objectives: The m objectives.
        front: Measured values on the front, shape (k, m).
    """
    if front.shape[0] > MAX_FRONT_POINTS:
        order = np.argsort(front[:, 0], kind="stable")
        chosen = np.linspace(0, front.shape[0] - 1, MAX_FRONT_POINTS).round().astype(int)
        front = front[order[chosen]]
    regions = [{o.property: _bounds(o, float(v)) for o, v in zip(objectives, row, strict=True)} for row in front]
    return tuple(dict(items) for items in dict.fromkeys(tuple(region.items()) for region in regions))


def within_limits(
    regions: Sequence[Mapping[str, Bounds]], limits: Sequence[Constraint]
) -> tuple[Mapping[str, Bounds], ...]:
    """Cut every region with the limits; a region that a limit excludes keeps the limit alone."""
    cut = []
    for region in regions:
        bounds = dict(region)
        for limit in limits:
            low, high = bounds.get(limit.property, (None, None))
            low = limit.low if low is None else (low if limit.low is None else max(low, limit.low))
            high = limit.high if high is None else (high if limit.high is None else min(high, limit.high))
            empty = low is not None and high is not None and low >= high
            bounds[limit.property] = (limit.low, limit.high) if empty else (low, high)
        cut.append(bounds)
    return tuple(cut)


def improvement_likelihood(surrogates: SurrogateSet, regions: Sequence[Mapping[str, Bounds]]) -> LogLikelihood:
    """Return log p(a repeat unit lies in a region drawn at random from `regions`), the mean taken in log space."""

    def log_likelihood(units: Sequence[RepeatUnit]) -> NDArray[np.float64]:
        prediction = surrogates.predict(units)
        column = {name: j for j, name in enumerate(prediction.properties)}
        terms = np.stack(
            [
                sum(
                    log_interval_probability(
                        prediction.mean[:, column[name]], prediction.sd[:, column[name]], low, high
                    )
                    for name, (low, high) in region.items()
                )
                for region in regions
            ]
        )
        return np.asarray(np.logaddexp.reduce(terms, axis=0) - np.log(len(regions)), dtype=np.float64)

    return log_likelihood


def _bounds(objective: ObjectiveSettings, value: float) -> Bounds:
    if objective.region is not None:
        return objective.region.low, objective.region.high
    if objective.direction == "maximise":
        return value, None
    if objective.direction == "minimise":
        return None, value
    aim = objective.objective()
    assert aim.target is not None, "validated: direction target comes with a value"
    # A point that hits its target exactly cannot be beaten; a sliver around it keeps the logarithm finite.
    distance = max(-float(aim.score(np.array([value]))[0]), 1e-6 * max(1.0, abs(aim.target)))
    return aim.target - distance, aim.target + distance
