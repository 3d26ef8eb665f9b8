"""Location and spread for the standardisation of a property."""

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import PROPERTIES
from surrogates.errors import NoPriorRange

PRIOR_WEIGHT = 0.02
"""Weight of the registry's range relative to the variance of the data, in measurements."""


def standardisation(name: str, values: NDArray[np.float64]) -> tuple[float, float]:
    """Choose the location and spread that standardise a property.

    Without data, location and spread are the middle and a quarter of the width of the registry's range. With data, the location is
    the mean, and the variance is that of the data combined with the registry's at a small weight, so that the spread is positive
    for a single point or equal points.

    Raises:
        NoPriorRange: The property has neither data nor a range in the registry.
    """
    spec = PROPERTIES.get(name)
    if len(values) == 0:
        if spec is None:
            raise NoPriorRange(
                f"{name} has neither measurements nor a range in the property registry; measure it or register a range"
            )
        return 0.5 * (spec.lower + spec.upper), 0.25 * (spec.upper - spec.lower)
    location = float(values.mean())
    prior_spread = 0.25 * (spec.upper - spec.lower) if spec is not None else max(abs(location), 1.0)
    if len(values) == 1:
        return location, prior_spread
    squares = float(((values - location) ** 2).sum()) + PRIOR_WEIGHT * prior_spread**2
    return location, float(np.sqrt(squares / (PRIOR_WEIGHT + len(values) - 1)))
