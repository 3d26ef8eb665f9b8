"""Nematic order parameter of the backbone segments.

Possible values: the limits of the second Legendre polynomial, -0.5 to 1.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the mean over the sampling."""
    from mdcore.estimate import mean_estimate

    return mean_estimate(evidence.run().role("sampling").array("nematic_order"))


NEMATIC_ORDER = Property(
    PropertySpec("nematic_order", "1", "Nematic order parameter", "P_2", 0.0, 1.0, -0.5, 1.0, 0.05), estimate
)
