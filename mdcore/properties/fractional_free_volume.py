"""Fractional free volume, after Bondi.

Possible values: 0 to 1.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the fractional free volume from the density of the cell and the van der Waals volume."""
    from mdcore.estimate import fractional_free_volume

    substance = evidence.substance
    return fractional_free_volume(evidence.estimate("density"), substance.vdw_volume_nm3, substance.molar_mass_g_mol)


FRACTIONAL_FREE_VOLUME = Property(
    PropertySpec("fractional_free_volume", "1", "Fractional free volume", "FFV", 0.02, 0.5, 0.0, 1.0, 0.01),
    estimate,
    needs=Needs(properties=("density",)),
)
