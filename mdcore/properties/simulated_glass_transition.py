"""Glass transition at the cooling rate of the simulation, from the specific volume in a cooling scan.

It is far above measured transitions, as the cooling is about ten orders of magnitude faster; `glass_transition_temperature` is comparable
with measurements. Possible values: as for that one, up to 2000 K.
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
    """Return T0 of the hyperbola of ln v, with the fits of volume and enthalpy and their agreement."""
    from mdcore.estimate import scan_transition

    return scan_transition(scan_of(cells))


SIMULATED_GLASS_TRANSITION = Property.of_cells(
    PropertySpec(
        "simulated_glass_transition",
        "K",
        "Glass transition at the cooling rate of the simulation",
        "T_g,sim",
        150.0,
        900.0,
        50.0,
        2000.0,
        20.0,
    ),
    joint,
    needs=NEEDS,
    refuses=refuses("simulated_glass_transition"),
)
