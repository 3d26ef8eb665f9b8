"""Abbe number, (n_D - 1) / (n_F - n_C).

Possible values: n_F exceeds n_C in transparent matter; CaF2 has 95, fluoropolymers 90 to 100.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property
from mdcore.properties.optical import NEEDS, optical_estimate

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the Abbe number at the density chosen by the optics settings."""
    from mdcore.estimate import abbe_estimate

    return optical_estimate(evidence, abbe_estimate)


ABBE_NUMBER = Property(
    PropertySpec("abbe_number", "1", "Abbe number", "ν_D", 8.0, 100.0, 1.0, 200.0, 1.0), estimate, needs=NEEDS
)
