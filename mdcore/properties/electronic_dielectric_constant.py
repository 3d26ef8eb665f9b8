"""Electronic dielectric constant at the sodium D line, the square of the refractive index, with its limits."""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property
from mdcore.properties.optical import NEEDS, optical_estimate

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the dielectric constant at the density chosen by the optics settings."""
    from mdcore.estimate import dielectric_estimate

    return optical_estimate(evidence, dielectric_estimate)


ELECTRONIC_DIELECTRIC_CONSTANT = Property(
    PropertySpec(
        "electronic_dielectric_constant", "1", "Electronic dielectric constant", "ε_∞", 1.5, 4.0, 1.0, 9.0, 0.02, 0.02
    ),
    estimate,
    needs=NEEDS,
)
