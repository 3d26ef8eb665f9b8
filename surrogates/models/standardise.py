"""Location and spread of a property before and after data."""

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import PROPERTIES
from surrogates.errors import NoPriorRange

PRIOR_WEIGHT = 0.02
"""Weight of the registry's range beside the data's own variance, in measurements."""


def standardisation(name: str, values: NDArray[np.float64]) -> tuple[float, float]:
    """Choose the location and spread that standardise a property.

    Without data the registry's range gives both: its middle, and a quarter of its width. With data the location is
    the mean and the variance is the data's own, blended with the registry's at a small weight, so that a single point and equal
    points have a positive spread.

    Raises:
        NoPriorRange: The property has neither data nor a range in the registry.
    """
    spec = PROPERTIES.get(name)
    if len(values) == 0:
        if spec is None:
            raise NoPriorRange(
                f"{name} has no measurement and no range in the registry; measure it or register its range"
            )
        return 0.5 * (spec.lower + spec.upper), 0.25 * (spec.upper - spec.lower)
    location = float(values.mean())
    prior_spread = 0.25 * (spec.upper - spec.lower) if spec is not None else max(abs(location), 1.0)
    if len(values) == 1:
        return location, prior_spread
    squares = float(((values - location) ** 2).sum()) + PRIOR_WEIGHT * prior_spread**2
    return location, float(np.sqrt(squares / (PRIOR_WEIGHT + len(values) - 1)))
