"""Step of the heat capacity at the glass transition, melt minus glass, from the enthalpy in a cooling scan.

It is classical. The vibrations of glass and melt are similar, so that most of the quantum correction cancels in the difference.

Possible values: 0.2 to 0.6 J/g/K in polymers; the default error is 0.05 J/g/K.
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
    """Return the bend of the enthalpy at the transition of the volume."""
    from mdcore.estimate import scan_heat_capacity_step

    return scan_heat_capacity_step(scan_of(cells))


HEAT_CAPACITY_STEP = Property.of_cells(
    PropertySpec(
        "heat_capacity_step", "J/g/K", "Heat-capacity step at the glass transition", "Δc_p", 0.05, 1.0, -0.5, 5.0, 0.05
    ),
    joint,
    needs=NEEDS,
    refuses=refuses("heat_capacity_step"),
)
