"""Root-mean-square end-to-end distance of the chains.

Possible values: as for the radius of gyration.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the distance from all chains and records of the sampling; chains are treated as independent."""
    from mdcore.estimate import root_mean_square

    return root_mean_square(evidence.run().role("sampling").array("end_to_end_distance_nm"))


END_TO_END_DISTANCE = Property(
    PropertySpec("end_to_end_distance", "nm", "End-to-end distance", "R_ee", 0.2, 100.0, 0.05, 5000.0, 0.05, 0.05),
    estimate,
)
