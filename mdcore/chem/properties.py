"""The property registry: names, units, labels, ranges and typical errors of each property.

Each property has two ranges. The usual range, `lower` to `upper`, is expected for amorphous organic polymers; it informs priors,
and a value outside it is reported as unusual. The physical range, `lowest` to `highest`, bounds what is possible, so that a number outside
it is a misprint, has another unit, or is a code for a missing value. The modules of `mdcore.properties` give the reasons.

The default standard error is assumed for a value reported without one. It is the scatter between laboratories, samples and methods
in tables of polymers with the same repeat unit, not the precision of an instrument.
"""

import difflib
import math
from dataclasses import dataclass

from mdcore.chem.errors import UnknownProperty
from mdcore.chem.registry import Registry


@dataclass(frozen=True)
class PropertySpec:
    """One property of a polymer.

    Attributes:
        name: Registry name.
        unit: Unit of all values, `1` if dimensionless.
        label: Human-readable name.
        symbol: Symbol for axes and tables.
        lower: Smallest value expected for an amorphous organic polymer, in `unit`.
        upper: Largest such value. The usual range informs priors; it is not a hard limit.
        lowest: Smallest value that is physically possible, in `unit`.
        highest: Largest such value.
        default_stderr: Standard error in `unit` assumed for a value reported without one.
        default_relative: The same as a fraction of the value, for properties that span orders of magnitude; the larger of both is used.
    """

    name: str
    unit: str
    label: str
    symbol: str
    lower: float
    upper: float
    lowest: float
    highest: float
    default_stderr: float
    default_relative: float = 0.0

    @property
    def axis_label(self) -> str:
        """Label with unit, for plots."""
        return self.label if self.unit == "1" else f"{self.label} ({self.unit})"

    def possible(self, value: float) -> bool:
        """Return whether a value in `unit` is finite and physically possible."""
        return math.isfinite(value) and self.lowest <= value <= self.highest

    @property
    def possible_range(self) -> str:
        """The physical range with its unit, `0.3 to 5 g/cm3`."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.lowest:g} to {self.highest:g}{unit}"

    def why_unreachable(self, low: float | None, high: float | None) -> str | None:
        """Return why values between two limits in `unit` (None: no limit) are impossible, or None if they are possible."""
        if low is not None and low > self.highest:
            aim = f"above {low:g}"
        elif high is not None and high < self.lowest:
            aim = f"below {high:g}"
        else:
            return None
        aim = f"{low:g}" if low is not None and low == high else aim
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.name} {aim}{unit} is physically impossible ({self.possible_range} is possible); correct it, or its unit"

    def usual(self, value: float) -> bool:
        """Return whether a value in `unit` is in the usual range of amorphous organic polymers."""
        return self.lower <= value <= self.upper

    def assumed_stderr(self, value: float) -> float:
        """Return the standard error assumed for a value reported without one, in `unit`."""
        return max(self.default_stderr, self.default_relative * abs(value))


PROPERTIES: Registry[PropertySpec] = Registry("property", UnknownProperty)
"""Specifications by name, filled by `mdcore.properties` when `mdcore` is imported."""


def property_spec(name: str) -> PropertySpec:
    """Look a property up.

    Raises:
        UnknownProperty: The name is not in the registry; the message suggests the nearest one.
    """
    try:
        return PROPERTIES[name]
    except KeyError:
        near = difflib.get_close_matches(name, PROPERTIES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(PROPERTIES)}"
        raise UnknownProperty(f"property {name!r} is not in the registry; {hint}") from None
