"""Cells of CSV files that spreadsheets take for text: none of ours starts a formula, and ours are read back as they were."""

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_LINE_END = "\r\n"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan)")


class TableWriter:
    """Writes CSV whose texts do not start a formula.

    Args:
        stream: Opened with `newline=""`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = io.StringIO()
        # With the line end that it writes itself, the csv module would leave carriage returns without quotation marks.
        self._writer = csv.writer(self._line, lineterminator=_LINE_END)

    def row(self, cells: Iterable[object]) -> None:
        """Write one row; None is an empty cell."""
        self._writer.writerow([inert(cell) for cell in cells])
        self._stream.write(f"{self._line.getvalue().removesuffix(_LINE_END)}\n")
        self._line.seek(0)
        self._line.truncate()

    def rows(self, rows: Iterable[Iterable[object]]) -> None:
        """Write several rows."""
        for cells in rows:
            self.row(cells)


def inert(cell: object) -> object:
    """Return a cell that spreadsheets take for a text: one that would start a formula gets an apostrophe in front.

    Numbers, also those written as text, stay as they are.
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def as_meant(cell: str) -> str:
    """Return what `inert` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
