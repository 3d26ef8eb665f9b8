"""Read a CSV file of polymers with known properties; whatever cannot be used is told row by row."""

import csv
import hashlib
import io
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from designer.data.columns import ColumnMap, matched_columns, structure_column
from designer.errors import InvalidRequest, MissingFile
from mdcore.chem import InvalidRepeatUnit, RepeatUnit, property_spec

SENTINELS = (-9999.0,)
"""Values that stand for a failed simulation."""

MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", "-"})
"""Cells that mean: not measured."""

FAR = 1.0
"""Widths of the registry's range by which a column's median may lie outside of it; farther off the unit is wrong."""


@dataclass(frozen=True)
class DataRow:
    """One polymer of a table.

    Attributes:
        line: Its line in the file.
        unit: The repeat unit.
        values: What was measured, in the registry's units.
        stderrs: Standard errors of some of these, same units.
        failed: Properties whose cell holds a sentinel: the measurement was tried and failed.
    """

    line: int
    unit: RepeatUnit
    values: Mapping[str, float]
    stderrs: Mapping[str, float]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used.

    Attributes:
        line: Its line in the file.
        text: What is wrong, and why.
    """

    line: int
    text: str


@dataclass(frozen=True)
class DataTable:
    """A table as it was read: every row is in `rows` or in `bad`.

    Attributes:
        path: The file.
        digest: SHA-256 of its bytes.
        columns: What was read from which column.
        rows: Rows with at least one measurement or failure, or none of either (nothing was measured).
        bad: Rows that cannot be used.
        notes: Columns that were left out, and why.
    """

    path: Path
    digest: str
    columns: tuple[ColumnMap, ...]
    rows: tuple[DataRow, ...]
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...] = ()

    @property
    def properties(self) -> tuple[str, ...]:
        """Properties with a column, in the file's order."""
        return tuple(found.property for found in self.columns if not found.is_error)


def read_table(
    path: Path,
    columns: Sequence[ColumnMap] = (),
    smiles: str | None = None,
    sentinels: Sequence[float] = SENTINELS,
) -> DataTable:
    """Read a table.

    Args:
        path: CSV file with a heading, in UTF-8.
        columns: Mapped columns; columns that bear a registry name are found without being told.
        smiles: Heading of the structures; `psmiles` or `smiles` by default.
        sentinels: Numbers that mean a failed measurement.

    Raises:
        MissingFile: There is no such file.
        InvalidRequest: It is no such table, or a mapped column's numbers cannot be in the unit that was given.
    """
    if not path.is_file():
        raise MissingFile(f"data file {str(path)!r} does not exist; give the path of a CSV file")
    content = path.read_bytes()
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        headings = [heading.strip() for heading in next(reader, [])]
        if not any(headings):
            raise InvalidRequest(f"data file {str(path)!r} is empty; give a CSV file with a heading")
        for heading in headings:
            if heading and headings.count(heading) > 1:
                raise InvalidRequest(f"{path}: column {heading!r} is there twice; rename one of them")
        structure = structure_column(headings, smiles)
        found = matched_columns(headings, columns)
        rows: list[DataRow] = []
        bad: list[BadRow] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            row = _row(reader.line_num, cells, headings, structure, found, sentinels)
            (rows if isinstance(row, DataRow) else bad).append(row)  # type: ignore[arg-type]
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"data file {str(path)!r} is not UTF-8 text ({error}); save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise InvalidRequest(f"{path}: line {reader.line_num} is no CSV ({error}); correct it") from error
    strange = {c: text for c in found if not c.is_error and (text := _strangeness(c, rows))}
    for column, text in strange.items():
        if column in columns:
            raise InvalidRequest(text)
    # A column that merely bears a property's name may hold something else, or another unit.
    left_out = {column.property for column in strange}
    return DataTable(
        path,
        hashlib.sha256(content).hexdigest(),
        tuple(column for column in found if column.property not in left_out),
        tuple(_without(row, left_out) for row in rows),
        tuple(bad),
        tuple(strange.values()),
    )


def _row(
    line: int,
    cells: Sequence[str],
    headings: Sequence[str],
    structure: str,
    columns: Sequence[ColumnMap],
    sentinels: Sequence[float],
) -> DataRow | BadRow:
    if len(cells) != len(headings):
        return BadRow(line, f"{len(cells)} cells where the heading has {len(headings)}")
    named = {heading: cell.strip() for heading, cell in zip(headings, cells, strict=True)}
    try:
        unit = RepeatUnit.from_psmiles(named[structure], elements=None)
    except InvalidRepeatUnit as error:
        return BadRow(line, str(error))
    values, stderrs, failed = {}, {}, []
    for found in columns:
        cell = named[found.column]
        if cell.lower() in MISSING:
            continue
        try:
            number = float(cell)
        except ValueError:
            return BadRow(line, f"{found.column} {cell!r} is no number")
        if any(math.isclose(number, sentinel, rel_tol=1e-12) for sentinel in sentinels):
            if not found.is_error:
                failed.append(found.property)
            continue
        if not math.isfinite(number) or (found.is_error and number < 0):
            return BadRow(line, f"{found.column} {cell} is {'negative' if number < 0 else 'no finite number'}")
        if found.is_error:
            stderrs[found.property] = found.conversion.error(number)
        else:
            values[found.property] = found.conversion.value(number)
    kept = {name: error for name, error in stderrs.items() if name in values}
    return DataRow(line, unit, values, kept, tuple(failed))


def _strangeness(column: ColumnMap, rows: Sequence[DataRow]) -> str | None:
    """Tell when a column's typical value is one that no polymer has, so that its unit must be another one."""
    measured = [row.values[column.property] for row in rows if column.property in row.values]
    if not measured:
        return None
    spec, middle = property_spec(column.property), float(np.median(measured))
    reach = FAR * (spec.upper - spec.lower)
    if spec.lower - reach <= middle <= spec.upper + reach:
        return None
    return (
        f"column {column.column!r} read in {column.unit} has the median {middle:.4g}, far from the {spec.lower:g} to "
        f"{spec.upper:g} {spec.unit} of {spec.name}; give its unit as --column '{column.column}={spec.name}:UNIT'"
    )


def _without(row: DataRow, properties: Collection[str]) -> DataRow:
    if not properties:
        return row
    return DataRow(
        row.line,
        row.unit,
        {name: value for name, value in row.values.items() if name not in properties},
        {name: error for name, error in row.stderrs.items() if name not in properties},
        tuple(name for name in row.failed if name not in properties),
    )
