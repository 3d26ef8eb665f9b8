"""Which column of a table holds what."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from designer.data.units import Conversion, conversion
from designer.errors import InvalidRequest
from generators.sheets import STRUCTURES
from mdcore.chem import PROPERTIES, property_spec

STDERR = "_stderr"
"""Ending of a property's name that means its standard error."""

_MAPPING = re.compile(r"^(?P<column>.+?)=(?P<name>[A-Za-z_]+)(?::(?P<unit>.+))?$")


@dataclass(frozen=True)
class ColumnMap:
    """One column and what it means.

    Attributes:
        column: Heading in the file.
        property: Registry name.
        is_error: Whether it holds the property's standard error instead of its value.
        unit: Unit in the file.
        conversion: From there to the registry's unit.
    """

    column: str
    property: str
    is_error: bool
    unit: str
    conversion: Conversion


def parse_columns(texts: Sequence[str]) -> tuple[ColumnMap, ...]:
    """Read texts like `Cp=heat_capacity_cp:J/kg/K` or `Cp_std=heat_capacity_cp_stderr:J/kg/K`.

    Without a unit the column is taken in the registry's.

    Raises:
        InvalidRequest: A text is no such mapping, or two of them give one property.
        UnknownProperty: The registry has no such property.
    """
    maps: list[ColumnMap] = []
    for text in texts:
        match = _MAPPING.match(text.strip())
        if match is None:
            raise InvalidRequest(f"--column {text!r} is no mapping; write it as 'Cp=heat_capacity_cp:J/kg/K'")
        maps.append(_map(match["column"].strip(), match["name"], match["unit"]))
        if [(m.property, m.is_error) for m in maps].count((maps[-1].property, maps[-1].is_error)) > 1:
            raise InvalidRequest(f"--column {text!r} gives {match['name']} a second column; keep one of them")
    for found in maps:
        if found.is_error and not any(m.property == found.property and not m.is_error for m in maps):
            raise InvalidRequest(
                f"--column {found.column}={found.property}{STDERR} comes without {found.property}; map its column, too"
            )
    return tuple(maps)


def matched_columns(headings: Sequence[str], given: Sequence[ColumnMap]) -> tuple[ColumnMap, ...]:
    """Add the columns that bear a registry name, in the registry's unit, to those given; the file's order.

    Raises:
        InvalidRequest: A given column is not in the file, or there is no column of a property at all.
    """
    for found in given:
        if found.column not in headings:
            raise InvalidRequest(f"column {found.column!r} is not in the file; it has {_listed(headings)}")
    maps = list(given)
    used = {found.column for found in maps}
    taken = {(found.property, found.is_error) for found in maps}
    for heading in headings:
        name = heading.removesuffix(STDERR)
        if heading in used or name not in PROPERTIES or (name, heading != name) in taken:
            continue
        if heading != name and name not in headings:
            continue
        maps.append(_map(heading, heading, None))
    if not any(not found.is_error for found in maps):
        raise InvalidRequest(
            f"no column bears the name of a property; map one with --column 'COLUMN=property:unit' ({_listed(headings)})"
        )
    return tuple(sorted(maps, key=lambda found: headings.index(found.column)))


def structure_column(headings: Sequence[str], given: str | None) -> str:
    """Find the column of the repeat units.

    Raises:
        InvalidRequest: It is not there.
    """
    if given is not None:
        if given not in headings:
            raise InvalidRequest(f"--smiles {given!r} is not in the file; it has {_listed(headings)}")
        return given
    for wanted in STRUCTURES:
        for heading in headings:
            if heading.lower() == wanted:
                return heading
    raise InvalidRequest(f"no column is named {' or '.join(STRUCTURES)}; name it with --smiles ({_listed(headings)})")


def _map(column: str, name: str, unit: str | None) -> ColumnMap:
    is_error = name.endswith(STDERR)
    spec = property_spec(name.removesuffix(STDERR))
    unit = unit.strip() if unit else spec.unit
    return ColumnMap(column, spec.name, is_error, unit, conversion(unit, spec.name))


def _listed(headings: Sequence[str]) -> str:
    shown = ", ".join(headings[:8])
    return f"{shown}, and {len(headings) - 8} more" if len(headings) > 8 else shown
