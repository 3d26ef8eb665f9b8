"""Isothermal bulk modulus, the reciprocal of the compressibility.

Possible values: up to diamond's 443 GPa.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the bulk modulus from the compressibility."""
    from mdcore.estimate import bulk_modulus

    return bulk_modulus(evidence.estimate("isothermal_compressibility"))


BULK_MODULUS = Property(
    PropertySpec("bulk_modulus", "GPa", "Bulk modulus", "K_T", 0.3, 20.0, 0.02, 500.0, 0.05, 0.1),
    estimate,
    needs=Needs(properties=("isothermal_compressibility",)),
)
