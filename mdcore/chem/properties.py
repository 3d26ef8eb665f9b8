"""The property registry: names, units, labels, ranges and typical errors of each property.

Each property has two ranges. The usual one, `lower` to `upper`, is what amorphous organic polymers are expected to have; it informs
priors, and a value outside of it is reported as unusual. The physical one, `lowest` to `highest`, ends where no polymer can be, so that a
number beyond it is a misprint, another unit or a code for a missing value. The files of `mdcore.properties` give the reasons.

The default standard error stands in for the error of a value that comes without one. It is the scatter between laboratories, samples
and methods that tables of polymers show for one repeat unit, not the precision of an instrument.
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
        unit: Unit of every value, `1` for a pure number.
        label: Name for people.
        symbol: Symbol for axes and tables.
        lower: Smallest value an amorphous organic polymer is expected to have, in `unit`.
        upper: Largest such value. The usual range informs priors; it is no hard limit.
        lowest: Smallest value that is physically possible, in `unit`.
        highest: Largest such value.
        default_stderr: Standard error in `unit` that a value without one is assumed to have.
        default_relative: The same as a share of the value, for properties that span orders of magnitude; the larger of both counts.
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
        """Label with unit, as plots print it."""
        return self.label if self.unit == "1" else f"{self.label} ({self.unit})"

    def possible(self, value: float) -> bool:
        """Tell whether a value in `unit` is finite and physically possible."""
        return math.isfinite(value) and self.lowest <= value <= self.highest

    @property
    def possible_range(self) -> str:
        """The physical range with its unit, `0.3 to 5 g/cm3`."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.lowest:g} to {self.highest:g}{unit}"

    def why_unreachable(self, low: float | None, high: float | None) -> str | None:
        """Say why no polymer can have a value between two limits in `unit`, None for an open end; None if one can."""
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
        """Tell whether amorphous organic polymers are expected to have such a value."""
        return self.lower <= value <= self.upper

    def assumed_stderr(self, value: float) -> float:
        """Return the standard error of a value that came without one, in `unit`."""
        return max(self.default_stderr, self.default_relative * abs(value))


PROPERTIES: Registry[PropertySpec] = Registry("property", UnknownProperty)
"""Specifications by name. The room `mdcore.properties` fills it when `mdcore` is imported."""


def property_spec(name: str) -> PropertySpec:
    """Look a property up.

    Raises:
        UnknownProperty: The registry has no such name; the message names the nearest one.
    """
    try:
        return PROPERTIES[name]
    except KeyError:
        near = difflib.get_close_matches(name, PROPERTIES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(PROPERTIES)}"
        raise UnknownProperty(f"property {name!r} is not in the registry; {hint}") from None
