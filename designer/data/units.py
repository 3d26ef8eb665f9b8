"""Conversion of units to those of the registry."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from designer.errors import InvalidRequest
from mdcore.chem import PropertySpec, property_spec

if TYPE_CHECKING:
    from pint import UnitRegistry

OTHER_UNITS: Mapping[str, tuple[str, ...]] = {
    "g/cm3": ("kg/m3", "lb/ft3", "mg/cm3"),
    "K": ("degC", "degF"),
    "J/g/K": ("J/kg/K", "cal/g/K", "kJ/g/K"),
    "1/K": ("1e-6/K", "1e-5/K", "1e-4/K"),
    "1/GPa": ("1/Pa", "1/MPa", "1e-10/Pa", "1/TPa"),
    "GPa": ("MPa", "Pa", "kPa", "psi"),
    "W/m/K": ("mW/m/K", "W/cm/K", "cal/s/cm/K"),
    "m2/s": ("mm2/s", "cm2/s", "1e-7 m2/s"),
    "cm2/s": ("m2/s", "1e-6 cm2/s", "1e-8 cm2/s"),
    "nm": ("angstrom", "pm", "m"),
    "eV": ("meV", "hartree"),
}
"""Common alternative units of a property, the most likely first."""

_SHARES = ("fractional_free_volume", "nematic_order")
"""Dimensionless properties that are also given in percent."""


@dataclass(frozen=True)
class Conversion:
    """Registry value = scale * value of the table + offset; a standard error is only scaled.

    Attributes:
        scale: Factor.
        offset: Zero of the table's unit in the registry's unit; non-zero for temperatures in degrees.
    """

    scale: float
    offset: float

    def value(self, number: float) -> float:
        """Convert a value."""
        return self.scale * number + self.offset

    def error(self, number: float) -> float:
        """Convert a standard error, which does not depend on the offset."""
        return abs(self.scale) * number


@lru_cache(maxsize=512)
def conversion(unit: str, name: str) -> Conversion:
    """Return the conversion of values of the property `name` from `unit` to the registry's unit.

    Units are written as in the registry (`g/cm3`, `J/kg/K`, `1e-4/K`, `degC`), if pint knows them.

    Raises:
        InvalidRequest: The unit is unknown or of another dimension.
        UnknownProperty: The registry has no such property.
    """
    target = property_spec(name).unit
    if unit == target:
        return Conversion(1.0, 0.0)
    import pint

    registry = _registry()
    factor, plain = _factor(unit)
    try:
        source = registry.parse_units(_exponents(plain)) if plain != "1" else registry.parse_units("")
        goal = registry.parse_units(_exponents(target)) if target != "1" else registry.parse_units("")
        zero = registry.Quantity(0.0, source).to(goal).magnitude
        one = registry.Quantity(1.0, source).to(goal).magnitude
    except pint.DimensionalityError as error:
        raise InvalidRequest(
            f"unit {unit!r} cannot be converted to {target!r}, the unit of {name}; give the unit of the column"
        ) from error
    except (pint.PintError, ValueError, TypeError, AttributeError, AssertionError, SyntaxError) as error:
        raise InvalidRequest(
            f"unit {unit!r} is unknown; write it in the form of {target!r}, the unit of {name}"
        ) from error
    return Conversion(float(one - zero) * factor, float(zero))


def likely_units(spec: PropertySpec, number: float, unit: str) -> list[str]:
    """Return the units other than `unit` in which a number would be a usual value of a property, the most likely first."""
    others = OTHER_UNITS.get(spec.unit, ()) if spec.unit != "1" else ("%",) if spec.name in _SHARES else ()
    return [
        other
        for other in (spec.unit, *others)
        if other != unit and spec.usual(conversion(other, spec.name).value(number))
    ]


@lru_cache(maxsize=1)
def _registry() -> "UnitRegistry[float]":
    import pint

    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def _factor(unit: str) -> tuple[float, str]:
    """Split off a leading number: `1e-4/K` is 0.0001 and `1/K`."""
    match = re.match(r"^\s*(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?:\s*\*\s*|\s+|(?=/)|$)(.*)$", unit)
    if not match:
        return 1.0, unit.strip()
    rest = match[2].strip()
    return float(match[1]), f"1{rest}" if rest.startswith("/") else rest or "1"


def _exponents(unit: str) -> str:
    """Rewrite exponents for pint: `g/cm3` and `g/cm^3` become `g/cm**3`."""
    return re.sub(r"([A-Za-z°µμ])\^?(-?\d+)", r"\1**\2", unit.replace("%", "percent"))
