"""Linear thermal expansion of the glass, a third of the volumetric one, from a cooling scan.

Possible values: as for the linear thermal expansion.
"""

from mdcore.chem.properties import PropertySpec
from mdcore.properties.scanned import expansion

GLASS_LINEAR_EXPANSION = expansion(
    "glass",
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
    linear=True,
)
