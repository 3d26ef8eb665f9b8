"""Mapping of the columns of a table to properties."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from designer.data.units import Conversion, conversion
from designer.errors import InvalidRequest
from generators.sheets import STRUCTURES
from mdcore.chem import PROPERTIES, property_spec

STDERR = "_stderr"
"""Suffix of a property's name that denotes its standard error."""

_MAPPING = re.compile(r"^(?P<column>.+?)=(?P<name>[A-Za-z_]+)(?::(?P<unit>.+))?$")


@dataclass(frozen=True)
class ColumnMap:
    """One mapped column.

    Attributes:
        column: Heading in the file.
        property: Registry name.
        is_error: Whether it contains standard errors instead of values.
        unit: Unit in the file.
        conversion: Conversion to the registry's unit.
    """

    column: str
    property: str
    is_error: bool
    unit: str
    conversion: Conversion


def parse_columns(texts: Sequence[str]) -> tuple[ColumnMap, ...]:
    """Parse mappings such as `Cp=heat_capacity_cp:J/kg/K` or `Cp_std=heat_capacity_cp_stderr:J/kg/K`.

    The default unit is that of the registry.

    Raises:
        InvalidRequest: A text is not such a mapping, or two mappings have the same property.
        UnknownProperty: The registry has no such property.
    """
    maps: list[ColumnMap] = []
    for text in texts:
        match = _MAPPING.match(text.strip())
        if match is None:
            raise InvalidRequest(f"--column {text!r} is not a mapping; write it as 'Cp=heat_capacity_cp:J/kg/K'")
        maps.append(_map(match["column"].strip(), match["name"], match["unit"]))
        if [(m.property, m.is_error) for m in maps].count((maps[-1].property, maps[-1].is_error)) > 1:
            raise InvalidRequest(f"--column {text!r} maps a second column to {match['name']}; keep one of them")
    for found in maps:
        if found.is_error and not any(m.property == found.property and not m.is_error for m in maps):
            raise InvalidRequest(
                f"--column {found.column}={found.property}{STDERR} needs a column of {found.property}; map it as well"
            )
    return tuple(maps)


def matched_columns(headings: Sequence[str], given: Sequence[ColumnMap]) -> tuple[ColumnMap, ...]:
    """Add the columns with registry names, in the registry's units, to the given mappings; returned in the file's order.

    Raises:
        InvalidRequest: A given column is not in the file, or no column contains a property.
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
            f"no column has the name of a property; map one with --column 'COLUMN=property:unit' ({_listed(headings)})"
        )
    return tuple(sorted(maps, key=lambda found: headings.index(found.column)))


def structure_column(headings: Sequence[str], given: str | None) -> str:
    """Find the column of the repeat units.

    Raises:
        InvalidRequest: It does not exist.
    """
    if given is not None:
        if given not in headings:
            raise InvalidRequest(f"--smiles {given!r} is not a column of the file; it has {_listed(headings)}")
        return given
    for wanted in STRUCTURES:
        for heading in headings:
            if heading.lower() == wanted:
                return heading
    raise InvalidRequest(
        f"no column is named {' or '.join(STRUCTURES)}; specify it with --smiles ({_listed(headings)})"
    )


def _map(column: str, name: str, unit: str | None) -> ColumnMap:
    is_error = name.endswith(STDERR)
    spec = property_spec(name.removesuffix(STDERR))
    unit = unit.strip() if unit else spec.unit
    return ColumnMap(column, spec.name, is_error, unit, conversion(unit, spec.name))


def _listed(headings: Sequence[str]) -> str:
    shown = ", ".join(headings[:8])
    return f"{shown}, and {len(headings) - 8} more" if len(headings) > 8 else shown
