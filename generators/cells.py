"""CSV cells that spreadsheets do not evaluate as formulas, and that are read back unchanged."""

import csv
import io
import re
from collections.abc import Iterable
from typing import TextIO

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_LINE_END = "\r\n"
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|nan)")


class TableWriter:
    """Writes CSV in which no text starts a formula.

    Args:
        stream: Opened with `newline=""`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = io.StringIO()
        # The csv module quotes carriage returns only with its own line end.
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
    """Return a cell that spreadsheets do not evaluate: text that would start a formula is prefixed with an apostrophe.

    Numbers, including those written as text, are not changed.
    """
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def as_meant(cell: str) -> str:
    """Return the original text of a cell that `inert` made."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
