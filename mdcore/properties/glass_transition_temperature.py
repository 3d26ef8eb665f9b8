"""Glass transition temperature at the cooling rate of measurements, 10 K/min.

It is the transition of a cooling scan, shifted by the universal constants of Williams, Landel and Ferry; nothing is fitted to measured
transitions. `simulated_glass_transition` is the unshifted value.

Possible values: a glass transition below 50 K is below that of 1-butene, a small molecule (60 K), and organic matter is carbonised long
before 1500 K. The default error is 10 K: heating rate, molar mass and definition of the onset differ between tables.
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
    """Return the transition of the volume, shifted to 10 K/min; see `mdcore.estimate.slow_cooling_transition`."""
    from mdcore.estimate import scan_transition, slow_cooling_transition

    scan = scan_of(cells)
    return slow_cooling_transition(scan_transition(scan), scan.rate_k_per_ps)


GLASS_TRANSITION_TEMPERATURE = Property.of_cells(
    PropertySpec(
        "glass_transition_temperature", "K", "Glass transition temperature", "T_g", 120.0, 750.0, 50.0, 1500.0, 10.0
    ),
    joint,
    needs=NEEDS,
    refuses=refuses("glass_transition_temperature"),
)
