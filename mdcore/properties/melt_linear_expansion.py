"""Linear thermal expansion of the melt, a third of the volumetric one, from a cooling scan.

Possible values: as for the linear thermal expansion.
"""

from mdcore.chem.properties import PropertySpec
from mdcore.properties.scanned import expansion

MELT_LINEAR_EXPANSION = expansion(
    "melt",
    PropertySpec(
        "melt_linear_expansion",
        "1/K",
        "Linear thermal expansion of the melt",
        "α_L,melt",
        7e-5,
        5e-4,
        -1e-4,
        3e-3,
        5e-6,
        0.1,
    ),
    linear=True,
)
