"""Density of the simulated cell.

Possible values: liquid methane has 0.42 g/cm3, solid tetraiodomethane 4.3. The default error is 1 %: tacticity, residual
crystallinity and temperature differ between tables.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the mean over the sampling; its error includes the fluctuation that is frozen in a glass of this size."""
    import math

    from mdcore.estimate import Estimate, frozen_fluctuation, mean_estimate

    sampling = evidence.run().role("sampling")
    mean = mean_estimate(sampling.array("density_g_cm3"))
    frozen = mean.value * frozen_fluctuation(sampling.array("volume_nm3"))
    return Estimate(mean.value, math.hypot(mean.stderr, frozen))


DENSITY = Property(
    PropertySpec("density", "g/cm3", "Density", "ρ", 0.7, 2.5, 0.3, 5.0, 0.01),
    estimate,
)
