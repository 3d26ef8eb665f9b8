"""Reading of tables of polymers with known properties; unusable rows and cells are reported one by one."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from designer.data.columns import ColumnMap, matched_columns, structure_column
from designer.data.doubts import doubts, strangeness
from designer.data.values import checked_stderr, checked_value
from designer.errors import InvalidRequest, MissingFile
from generators.errors import InvalidList
from generators.sheets import STRUCTURES, read_sheet
from mdcore.chem import InvalidRepeatUnit, RepeatUnit, property_spec
from mdcore.chem.numbers import parse_number

if TYPE_CHECKING:
    import pandas as pd

SENTINELS = (-9999.0,)
"""Values that denote a failed simulation."""

MISSING = frozenset({"", "na", "nan", "n/a", "#n/a", "<na>", "null", "none", "-"})
"""Cells that denote a missing measurement."""


@dataclass(frozen=True)
class DataRow:
    """One polymer of a table.

    Attributes:
        line: Its line in the file.
        unit: The repeat unit.
        values: Measured values, in the registry's units.
        stderrs: Standard errors of some of these, same units.
        failed: Properties with a sentinel, whose measurement failed.
    """

    line: int
    unit: RepeatUnit
    values: Mapping[str, float]
    stderrs: Mapping[str, float]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class BadRow:
    """An unusable row, or an unusable cell.

    Attributes:
        line: Its line in the file.
        text: The problem.
        column: Heading of the cell; None for a whole row.
    """

    line: int
    text: str
    column: str | None = None

    def __str__(self) -> str:
        """Return in one line what is left out and why."""
        what = "left out" if self.column is None else "one cell left out"
        return f"line {self.line} {what}: {self.text}"

    def document(self) -> dict[str, object]:
        """Return the same in JSON types."""
        return {"line": self.line, "reason": self.text} | ({} if self.column is None else {"column": self.column})


@dataclass(frozen=True)
class DataTable:
    """A table; every row is in `rows` or in `bad`.

    Attributes:
        path: The file; `DataFrame` for a pandas table.
        digest: SHA-256 of its content.
        columns: The mapped columns.
        rows: Usable rows, also those without any measurement or failure.
        bad: Unusable rows.
        notes: Columns left out, and why.
        unusual: Columns with unusual accepted values or with impossible values, and what to check.
        bad_cells: Unusable cells of usable rows.
    """

    path: Path
    digest: str
    columns: tuple[ColumnMap, ...]
    rows: tuple[DataRow, ...]
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...] = ()
    bad_cells: tuple[BadRow, ...] = ()
    unusual: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[BadRow, ...]:
        """Unusable rows and cells, in the file's order."""
        return tuple(sorted((*self.bad, *self.bad_cells), key=lambda row: row.line))

    def why_empty(self) -> str:
        """Return the first reason why a table has no usable value: a column or row left out; empty if there is none."""
        if self.notes:
            return self.notes[0]
        return f"line {self.told[0].line}: {self.told[0].text}" if self.told else ""

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
        columns: Mapped columns; columns with registry names are recognised.
        smiles: Heading of the structures; `psmiles` or `smiles` by default.
        sentinels: Numbers that denote a failed measurement.

    Raises:
        MissingFile: The file does not exist.
        InvalidRequest: It is not such a table, or the numbers of a mapped column are impossible in the given unit.
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
    read: list[tuple[DataRow, list[BadRow]]] = []
    bad: list[BadRow] = []
    numbers: dict[str, list[float]] = {column.column: [] for column in found}
    for line, cells in sheet.rows:
        row, lost = _row(line, cells, headings, structure, found, sentinels, numbers)
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            read.append((row, lost))
    strange = {c: text for c in found if not c.is_error and (text := strangeness(c, numbers[c.column]))}
    for column, text in strange.items():
        if column in columns:
            raise InvalidRequest(text)
    # A column that only has the name of a property may contain something else, or another unit.
    left_out = {column.property for column in strange}
    rows: list[DataRow] = []
    bad_cells: list[BadRow] = []
    for row, lost in read:
        own = _without(row, left_out)
        kept = [cell for cell in lost if cell.column not in {c.column for c in found if c.property in left_out}]
        if kept and not own.values and not own.failed:
            bad.append(BadRow(row.line, "; ".join(cell.text for cell in kept)))
        else:
            rows.append(own)
            bad_cells += kept
    used = tuple(column for column in found if column.property not in left_out)
    return DataTable(
        path if isinstance(path, Path) else Path(sheet.source),
        sheet.digest,
        used,
        tuple(rows),
        tuple(sorted(bad, key=lambda row: row.line)),
        tuple(strange.values()),
        tuple(bad_cells),
        tuple(text for c in used if not c.is_error and (text := doubts(c, numbers[c.column], rows))),
    )


def _row(
    line: int,
    cells: Sequence[str],
    headings: Sequence[str],
    structure: str,
    columns: Sequence[ColumnMap],
    sentinels: Sequence[float],
    numbers: Mapping[str, list[float]],
) -> tuple[DataRow | BadRow, list[BadRow]]:
    """Return a row and its unusable cells; the numbers of each column are appended to `numbers`."""
    if len(cells) != len(headings):
        why = "a cell may have moved"
        if len(cells) > len(headings):
            why = "put text and numbers that contain the separator in quotes"
        return BadRow(line, f"the row has {len(cells)} cells and the heading {len(headings)}; {why}"), []
    named = dict(zip(headings, cells, strict=True))
    try:
        unit = RepeatUnit.from_psmiles(named[structure], elements=None)
    except InvalidRepeatUnit as error:
        return BadRow(line, str(error)), []
    values: dict[str, float] = {}
    stderrs: dict[str, float] = {}
    failed: list[str] = []
    lost: list[BadRow] = []
    # Values first: a standard error is checked against its value.
    for found in sorted(columns, key=lambda column: column.is_error):
        cell = named[found.column]
        if cell.lower() in MISSING:
            continue
        try:
            number = parse_number(cell)
            if any(math.isclose(number, sentinel, rel_tol=1e-12) for sentinel in sentinels):
                if not found.is_error:
                    failed.append(found.property)
            elif found.is_error:
                if found.property in values:
                    stderrs[found.property] = _stderr(found, number, values)
            else:
                numbers[found.column].append(number)
                values[found.property] = _value(found, number)
        except ValueError as error:
            text = str(error)
            text = text if text.startswith(found.column) else f"{found.column} {text}"
            lost.append(BadRow(line, text, found.column))
    return DataRow(line, unit, values, stderrs, tuple(failed)), lost


def _stderr(column: ColumnMap, number: float, values: dict[str, float]) -> float:
    """Return a standard error in the registry's unit; if it is too large, the value is unusable as well.

    Raises:
        ValueError: It is impossible.
    """
    stderr = column.conversion.error(number)
    try:
        return checked_stderr(property_spec(column.property), stderr, values[column.property])
    except ValueError:
        if stderr > 0 and math.isfinite(stderr):
            del values[column.property]
        raise


def _value(column: ColumnMap, number: float) -> float:
    """Return a value in the registry's unit.

    Raises:
        ValueError: It is physically impossible.
    """
    return checked_value(
        property_spec(column.property),
        number,
        column.unit,
        column.conversion,
        lambda unit: f"map the column with --column '{column.column}={column.property}:{unit}'",
        f"leave the cell empty, or pass --failed {number:g} if it denotes a failed measurement",
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
