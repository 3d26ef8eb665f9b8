"""Linear thermal expansion of an isotropic polymer, a third of the volumetric one.

Possible values: drawn fibres shrink by some 1e-5 1/K; at most twice that of the most expansible liquids.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return a third of the volumetric expansion."""
    from mdcore.estimate import Estimate

    volumetric = evidence.estimate("volumetric_thermal_expansion")
    return Estimate(volumetric.value / 3.0, volumetric.stderr / 3.0)


LINEAR_THERMAL_EXPANSION = Property(
    PropertySpec(
        "linear_thermal_expansion", "1/K", "Linear thermal expansion", "α_L", 1e-5, 5e-4, -1e-4, 3e-3, 5e-6, 0.1
    ),
    estimate,
    needs=Needs(properties=("volumetric_thermal_expansion",)),
)
