"""Root-mean-square radius of gyration of the chains.

Possible values: at least about a bond length; coils of the longest synthetic chains span 1 um.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the radius of gyration from all chains and records of the sampling; chains are treated as independent."""
    from mdcore.estimate import root_mean_square

    return root_mean_square(evidence.run().role("sampling").array("radius_of_gyration_nm"))


RADIUS_OF_GYRATION = Property(
    PropertySpec("radius_of_gyration", "nm", "Radius of gyration", "R_g", 0.2, 30.0, 0.05, 5000.0, 0.02, 0.05), estimate
)
