"""Linear thermal expansion of the glass, a third of the volumetric one, from a cooling scan.

Possible values: as for the linear thermal expansion.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property
from mdcore.properties.scanned import NEEDS, refuses, scan_of

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def joint(cells: "Sequence[Evidence]") -> "Estimate":
    """Return a third of the volumetric expansion of the glass."""
    from mdcore.estimate import Estimate, scan_expansion

    volumetric = scan_expansion(scan_of(cells), "glass")
    return Estimate(volumetric.value / 3.0, volumetric.stderr / 3.0)


GLASS_LINEAR_EXPANSION = Property.of_cells(
    PropertySpec(
        "glass_linear_expansion",
        "1/K",
        "Linear thermal expansion of the glass",
        "α_L,glass",
        1e-5,
        2e-4,
        -1e-4,
        3e-3,
        5e-6,
        0.1,
    ),
    joint,
    needs=NEEDS,
    refuses=refuses("glass_linear_expansion"),
)
