"""Read a table of polymers with known properties; whatever cannot be used is told row by row and cell by cell."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from designer.data.columns import ColumnMap, matched_columns, structure_column
from designer.errors import InvalidRequest, MissingFile
from generators.errors import InvalidList
from generators.sheets import STRUCTURES, read_sheet
from mdcore.chem import InvalidRepeatUnit, RepeatUnit, property_spec

if TYPE_CHECKING:
    import pandas as pd

SENTINELS = (-9999.0,)
"""Values that stand for a failed simulation."""

MISSING = frozenset({"", "na", "nan", "n/a", "#n/a", "<na>", "null", "none", "-"})
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
    """A row that cannot be used, or a cell of one.

    Attributes:
        line: Its line in the file.
        text: What is wrong, and why.
        column: Heading of the cell; None for a whole row.
    """

    line: int
    text: str
    column: str | None = None

    def __str__(self) -> str:
        """Return what is left out, and why, in one line."""
        what = "left out" if self.column is None else "one cell left out"
        return f"line {self.line} {what}: {self.text}"

    def document(self) -> dict[str, object]:
        """Return the same in JSON types."""
        return {"line": self.line, "reason": self.text} | ({} if self.column is None else {"column": self.column})


@dataclass(frozen=True)
class DataTable:
    """A table as it was read: every row is in `rows` or in `bad`.

    Attributes:
        path: The file; `DataFrame` for a table that came from Python.
        digest: SHA-256 of its content.
        columns: What was read from which column.
        rows: Rows with at least one measurement or failure, or none of either (nothing was measured).
        bad: Rows that cannot be used.
        notes: Columns that were left out, and why.
        bad_cells: Cells of used rows that cannot be used.
    """

    path: Path
    digest: str
    columns: tuple[ColumnMap, ...]
    rows: tuple[DataRow, ...]
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...] = ()
    bad_cells: tuple[BadRow, ...] = ()

    @property
    def told(self) -> tuple[BadRow, ...]:
        """Rows and cells that cannot be used, in the file's order."""
        return tuple(sorted((*self.bad, *self.bad_cells), key=lambda row: row.line))

    @property
    def properties(self) -> tuple[str, ...]:
        """Properties with a column, in the file's order."""
        return tuple(found.property for found in self.columns if not found.is_error)


def read_table(
    path: "Path | pd.DataFrame",
    columns: Sequence[ColumnMap] = (),
    smiles: str | None = None,
    sentinels: Sequence[float] = SENTINELS,
) -> DataTable:
    """Read a table.

    Args:
        path: Table with a heading: CSV in UTF-8 with any usual separator, .xlsx, Parquet, or a pandas DataFrame.
        columns: Mapped columns; columns that bear a registry name are found without being told.
        smiles: Heading of the structures; `psmiles` or `smiles` by default.
        sentinels: Numbers that mean a failed measurement.

    Raises:
        MissingFile: There is no such file.
        InvalidRequest: It is no such table, or a mapped column's numbers cannot be in the unit that was given.
    """
    if isinstance(path, Path) and not path.exists():
        raise MissingFile(f"data file {str(path)!r} does not exist; give the path of a CSV, Excel or Parquet file")
    try:
        sheet = read_sheet(path, structures=STRUCTURES if smiles is None else (smiles.lower(),))
    except InvalidList as error:
        raise InvalidRequest(str(error)) from error
    headings = sheet.headings
    structure = structure_column(headings, smiles)
    found = matched_columns(headings, columns)
    rows: list[DataRow] = []
    bad: list[BadRow] = []
    bad_cells: list[BadRow] = []
    for line, cells in sheet.rows:
        row, lost = _row(line, cells, headings, structure, found, sentinels)
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            rows.append(row)
            bad_cells += lost
    strange = {c: text for c in found if not c.is_error and (text := _strangeness(c, rows))}
    for column, text in strange.items():
        if column in columns:
            raise InvalidRequest(text)
    # A column that merely bears a property's name may hold something else, or another unit.
    left_out = {column.property for column in strange}
    return DataTable(
        path if isinstance(path, Path) else Path(sheet.source),
        sheet.digest,
        tuple(column for column in found if column.property not in left_out),
        tuple(_without(row, left_out) for row in rows),
        tuple(bad),
        tuple(strange.values()),
        tuple(cell for cell in bad_cells if cell.column not in {column.column for column in strange}),
    )


def _row(
    line: int,
    cells: Sequence[str],
    headings: Sequence[str],
    structure: str,
    columns: Sequence[ColumnMap],
    sentinels: Sequence[float],
) -> tuple[DataRow | BadRow, list[BadRow]]:
    """Return a row and its bad cells; a row loses these alone, and is itself bad where nothing else is in it."""
    if len(cells) != len(headings):
        why = "a cell may have moved"
        if len(cells) > len(headings):
            why = "put text and numbers that hold the separator in quotes"
        return BadRow(line, f"{len(cells)} cells where the heading has {len(headings)}; {why}"), []
    named = dict(zip(headings, cells, strict=True))
    try:
        unit = RepeatUnit.from_psmiles(named[structure], elements=None)
    except InvalidRepeatUnit as error:
        return BadRow(line, str(error)), []
    values, stderrs, failed = {}, {}, []
    lost: list[BadRow] = []
    for found in columns:
        cell = named[found.column]
        if cell.lower() in MISSING:
            continue
        try:
            number = _number(found, cell)
        except ValueError as error:
            lost.append(BadRow(line, str(error), found.column))
            continue
        if any(math.isclose(number, sentinel, rel_tol=1e-12) for sentinel in sentinels):
            if not found.is_error:
                failed.append(found.property)
        elif not math.isfinite(number) or (found.is_error and number < 0):
            text = f"{found.column} {cell} is {'negative' if number < 0 else 'not finite'}"
            lost.append(BadRow(line, text, found.column))
        elif found.is_error:
            stderrs[found.property] = found.conversion.error(number)
        else:
            values[found.property] = found.conversion.value(number)
    if lost and not values and not failed:
        return BadRow(line, "; ".join(cell.text for cell in lost)), []
    kept = {name: error for name, error in stderrs.items() if name in values}
    return DataRow(line, unit, values, kept, tuple(failed)), lost


def _number(column: ColumnMap, cell: str) -> float:
    """Return the number in a cell.

    Raises:
        ValueError: There is none.
    """
    try:
        return float(cell)
    except ValueError:
        remedy = "; write it with a decimal point and without separators of thousands" if "," in cell else ""
        raise ValueError(f"{column.column} {cell!r} is not a number{remedy}") from None


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
