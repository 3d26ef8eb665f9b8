"""Plausibility checks of the unit of a column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from designer.data.columns import ColumnMap
from designer.data.units import conversion, likely_units
from designer.data.values import looks_like_a_code, usual_range
from mdcore.chem import PropertySpec, property_spec

if TYPE_CHECKING:
    from designer.data.table import DataRow

FAR = 1.0
"""Maximum distance from the usual range, in widths of that range; beyond it, the unit is considered wrong."""

MOST_LINES = 5
"""Maximum number of lines listed."""


def strangeness(column: ColumnMap, numbers: Sequence[float]) -> str | None:
    """Return a message if most values of a column are impossible for polymers, so that its unit must be wrong.

    Codes for missing values are ignored.

    Args:
        column: The column.
        numbers: Its numbers as written.
    """
    spec = property_spec(column.property)
    measured = [number for number in numbers if np.isfinite(number) and not _code(spec, column, number)]
    strange = [number for number in measured if _strange(spec, column.conversion.value(number))]
    if 2 * len(strange) <= len(measured):
        return None
    middle = float(np.median([column.conversion.value(number) for number in measured]))
    units = likely_units(spec, float(np.median(strange)), column.unit)
    return (
        f"column {column.column!r} in {column.unit} has the median {middle:.4g}, far from the {usual_range(spec)} of "
        f"{spec.name}; give its unit as --column '{column.column}={spec.name}:{units[0] if units else 'UNIT'}'"
    )


def doubts(column: ColumnMap, numbers: Sequence[float], rows: Sequence["DataRow"]) -> str | None:
    """Return a message about unusual values of a column, and about another unit that all of them would fit.

    Args:
        column: The column.
        numbers: Its numbers as written.
        rows: The rows that are used.
    """
    spec = property_spec(column.property)
    taken = {row.line: row.values[spec.name] for row in rows if spec.name in row.values}
    odd = {line: value for line, value in taken.items() if not spec.usual(value)}
    told = []
    if odd:
        lines = ", ".join(map(str, list(odd)[:MOST_LINES])) + (" ..." if len(odd) > MOST_LINES else "")
        span = f"{min(odd.values()):.4g} to {max(odd.values()):.4g}" if len(odd) > 1 else f"{min(odd.values()):.4g}"
        many = len(odd) > 1
        told.append(
            f"{len(odd)} value{'s' if many else ''} outside the usual {usual_range(spec)} {'were' if many else 'was'} accepted "
            f"({span}; line{'s' if many else ''} {lines})"
        )
    impossible = [
        number
        for number in numbers
        if not spec.possible(column.conversion.value(number)) and not _code(spec, column, number)
    ]
    units = likely_units(spec, float(np.median(impossible)), column.unit) if impossible else []
    if units and len(taken) > len(odd) and _all_possible(spec, numbers, units[0]):
        told.append(
            f"{len(impossible)} of its values would be possible in {units[0]}, as would all others; check the unit of the column"
        )
    return f"column {column.column!r}: {'; '.join(told)}" if told else None


def _strange(spec: PropertySpec, value: float) -> bool:
    reach = FAR * (spec.upper - spec.lower)
    return not spec.possible(value) or not spec.lower - reach <= value <= spec.upper + reach


def _code(spec: PropertySpec, column: ColumnMap, number: float) -> bool:
    return not spec.possible(column.conversion.value(number)) and looks_like_a_code(number)


def _all_possible(spec: PropertySpec, numbers: Sequence[float], unit: str) -> bool:
    return all(spec.possible(conversion(unit, spec.name).value(number)) for number in numbers)
