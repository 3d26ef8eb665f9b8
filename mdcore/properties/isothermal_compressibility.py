"""Isothermal compressibility, from the fluctuations of the volume.

Possible values: positive for stable matter; diamond has 0.0023 1/GPa, volatile liquids about 2.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the compressibility from the sampling at constant pressure."""
    from mdcore.estimate import isothermal_compressibility

    return isothermal_compressibility(evidence.run().role("sampling").array("volume_nm3"), evidence.temperature_k)


ISOTHERMAL_COMPRESSIBILITY = Property(
    PropertySpec(
        "isothermal_compressibility", "1/GPa", "Isothermal compressibility", "κ_T", 0.05, 3.0, 1e-3, 50.0, 0.01, 0.1
    ),
    estimate,
)
