"""Volumetric thermal expansion of the melt, from a cooling scan.

It is the slope of ln v far above the glass transition. Possible values: as for the volumetric thermal expansion.
"""

from mdcore.chem.properties import PropertySpec
from mdcore.properties.scanned import expansion

MELT_VOLUMETRIC_EXPANSION = expansion(
    "melt",
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
    linear=False,
)
