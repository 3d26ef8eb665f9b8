"""Volumetric thermal expansion of the glass, from a cooling scan.

It is the slope of ln v far below the glass transition. Possible values: as for the volumetric thermal expansion.
"""

from mdcore.chem.properties import PropertySpec
from mdcore.properties.scanned import expansion

GLASS_VOLUMETRIC_EXPANSION = expansion(
    "glass",
    PropertySpec(
        "glass_volumetric_expansion",
        "1/K",
        "Volumetric thermal expansion of the glass",
        "α_V,glass",
        3e-5,
        6e-4,
        -3e-4,
        1e-2,
        1.5e-5,
        0.1,
    ),
    linear=False,
)
