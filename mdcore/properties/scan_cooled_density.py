"""Density at the temperature of the measurement after cooling at the rate of a cooling scan.

Possible values: as for the density.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property
from mdcore.properties.scanned import NEEDS, refuses_density, scan_of

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def joint(cells: "Sequence[Evidence]") -> "Estimate":
    """Return the density of the stair at the temperature of the measurement, or interpolated between stairs."""
    from dataclasses import replace

    from mdcore.estimate import scan_density

    scan = scan_of(cells)
    found = scan_density(scan, cells[0].temperature_k)
    return replace(found, about={"cooling": {"rate_K_per_ps": scan.rate_k_per_ps}})


SCAN_COOLED_DENSITY = Property.of_cells(
    PropertySpec("scan_cooled_density", "g/cm3", "Density after the cooling scan", "ρ_scan", 0.7, 2.5, 0.3, 5.0, 0.01),
    joint,
    needs=NEEDS,
    refuses=refuses_density,
)
