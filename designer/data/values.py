"""The check that numbers must pass before they are accepted as measurements."""

import math
from collections.abc import Callable

from designer.data.units import Conversion, likely_units
from mdcore.chem import PropertySpec

_HUGE = 1e30
"""Numbers from here on are codes for missing values, such as 9.99e99 in spreadsheets and 9.97e36 in netCDF."""
_NAMES = {"degC": "degrees Celsius", "degF": "degrees Fahrenheit"}


def checked_value(
    spec: PropertySpec, number: float, unit: str, conversion: Conversion, remedy: Callable[[str], str], code: str
) -> float:
    """Return a value in the registry's unit after checking that it is physically possible.

    Args:
        spec: The property.
        number: The number as written, in `unit`.
        unit: Its unit.
        conversion: Conversion to the registry's unit.
        remedy: Returns how to specify another unit.
        code: What to do with a code for a missing value.

    Raises:
        ValueError: It is not; the message suggests what the number may be instead.
    """
    value = conversion.value(number)
    if spec.possible(value):
        return value
    if not math.isfinite(number):
        raise ValueError(f"{spec.name} {number} is not finite; {code}")
    units = likely_units(spec, number, unit)
    guesses = [f"if it is in {_NAMES.get(units[0], units[0])}, {remedy(units[0])}"] if units else []
    if looks_like_a_code(number):
        guesses.append(f"if it is a code for a missing value, {code}")
    return _refuse(spec, _with_unit(number, unit), guesses)


def checked_stderr(spec: PropertySpec, stderr: float, value: float) -> float:
    """Return a standard error, both in the registry's unit.

    Raises:
        ValueError: It is negative, not finite, or larger than both the span of usual values and the value itself.
    """
    if not math.isfinite(stderr) or stderr < 0:
        raise ValueError(f"the standard error must be finite and not negative, got {stderr:g}")
    most = max(spec.upper - spec.lower, abs(value))
    if stderr > most:
        raise ValueError(
            f"{spec.name} {value:g} with the standard error {_with_unit(stderr, spec.unit)} is uninformative: usual values span "
            f"{_with_unit(spec.upper - spec.lower, spec.unit)}; correct the error, or its unit"
        )
    return stderr


def unusual(spec: PropertySpec, value: float) -> str | None:
    """Return a message if a value is possible but outside the range of amorphous organic polymers, else None."""
    if spec.usual(value):
        return None
    return f"{spec.name} {_with_unit(value, spec.unit)} is outside the usual {usual_range(spec)}"


def usual_range(spec: PropertySpec) -> str:
    """Return the usual range with its unit, `0.7 to 2.5 g/cm3`."""
    return f"{spec.lower:g} to {_with_unit(spec.upper, spec.unit)}"


def looks_like_a_code(number: float) -> bool:
    """Return whether an impossible number is a common code for a missing value.

    These are 0, -1, repeated nines (-99, 999, -9999, 9.99e99) and numbers too large for any measurement.
    """
    if number in (0.0, -1.0) or not abs(number) < _HUGE:
        return True
    digits = f"{abs(number):.12g}".replace(".", "").lstrip("0")
    return abs(number) >= 9 and set(digits) == {"9"}


def _refuse(spec: PropertySpec, number: str, guesses: list[str]) -> float:
    raise ValueError(
        f"{spec.name} {number} is physically impossible ({spec.possible_range} is possible); "
        f"{'; '.join(guesses) or 'correct it'}"
    )


def _with_unit(number: float, unit: str) -> str:
    return f"{number:g}" if unit == "1" else f"{number:g} {unit}"
