"""Volumetric thermal expansion of the melt, from a cooling scan.

It is the slope of ln v far above the glass transition. Possible values: as for the volumetric thermal expansion.
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
    """Return the asymptotic slope of the melt."""
    from mdcore.estimate import scan_expansion

    return scan_expansion(scan_of(cells), "melt")


MELT_VOLUMETRIC_EXPANSION = Property.of_cells(
    PropertySpec(
        "melt_volumetric_expansion",
        "1/K",
        "Volumetric thermal expansion of the melt",
        "α_V,melt",
        2e-4,
        1.5e-3,
        -3e-4,
        1e-2,
        1.5e-5,
        0.1,
    ),
    joint,
    needs=NEEDS,
    refuses=refuses("melt_volumetric_expansion"),
)
