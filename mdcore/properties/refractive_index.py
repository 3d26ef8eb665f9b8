"""Refractive index at the sodium D line, from molar refractions and density by the Lorentz-Lorenz equation.

Possible values: 1 in vacuum; diamond has 2.42, and polymers away from resonance less. Handbooks differ in the third decimal.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property
from mdcore.properties.optical import NEEDS, optical_estimate

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the refractive index at the density chosen by the optics settings."""
    from mdcore.estimate import index_estimate

    return optical_estimate(evidence, index_estimate)


REFRACTIVE_INDEX = Property(
    PropertySpec("refractive_index", "1", "Refractive index", "n_D", 1.25, 2.0, 1.0, 3.0, 0.005), estimate, needs=NEEDS
)
