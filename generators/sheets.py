"""Reading of tables as rows of text: CSV with any separator, Excel, Parquet and pandas.

The format is detected from the first bytes of a file, not from its name. Decimal commas are converted to points if the file as a whole
shows that they are decimal commas; all other text is returned as it is written, for the caller to interpret.
"""

import csv
import hashlib
import importlib
import io
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generators.cells import as_meant
from generators.errors import InvalidList

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t", "|")
"""Separators that are recognised in the header; a first line `sep=;` sets any other."""

STRUCTURES = ("psmiles", "smiles")
"""Headings of columns of structures, in lower case."""

_MAGICS = {
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook (.xls) or has a password; save it as .xlsx without one, or as CSV",
    b"\x1f\x8b": "is compressed; unpack it first",
    b"BZh": "is compressed; unpack it first",
    b"\xfd7zXZ": "is compressed; unpack it first",
    b"ARROW1": "is a Feather file; save it as Parquet or CSV",
    b"\x89HDF": "is an HDF5 file; save the table as CSV",
    b"SQLite format 3\x00": "is a database; give a table, or export one to CSV",
    b"%PDF": "is a PDF; give a table as CSV",
}
_ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?|[+-]?\d+\.\d*(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_UNSEEN = "".join(map(chr, (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF)))
_MINUS = re.compile(r"\N{MINUS SIGN}(?=[\d.,])")


@dataclass(frozen=True)
class Sheet:
    """A table of text.

    Attributes:
        source: Name of the table in messages.
        headings: Column headings, without surrounding blanks.
        rows: Line number and cells of each non-empty row, without trailing empty cells beyond the header.
        digest: SHA-256 of the content.
        decimal_comma: Whether numbers were written with a decimal comma.
    """

    source: str
    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    digest: str
    decimal_comma: bool = False


def read_sheet(source: "Path | str | pd.DataFrame", *, structures: Sequence[str] = STRUCTURES) -> Sheet:
    """Read a table.

    Args:
        source: A file (CSV with any of `SEPARATORS`, .xlsx, Parquet), or a pandas DataFrame.
        structures: Headings, in lower case, that identify the sheet of a workbook.

    Raises:
        InvalidList: It cannot be read.
    """
    if not isinstance(source, str | Path):
        return _frame(source)
    path = Path(source)
    content = read_bytes(path)
    if content.startswith(b"PAR1"):
        return _parquet(path, content)
    if content.startswith(b"PK\x03\x04"):
        return _workbook(path, content, structures)
    return sheet_of_text(text_of(path, content), str(path), hashlib.sha256(content).hexdigest())


def read_bytes(path: Path) -> bytes:
    """Return the content of a user's file.

    Raises:
        InvalidList: It does not exist, is a folder, or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InvalidList(f"file {str(path)!r} does not exist; give the path of a table") from error
    except IsADirectoryError as error:
        raise InvalidList(f"{str(path)!r} is a folder; give the path of a table") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidList(f"{str(path)!r} cannot be read ({reason}); check the path and its permissions") from error


def text_of(path: Path, content: bytes) -> str:
    """Decode a file as UTF-8, or as its byte-order mark specifies.

    Raises:
        InvalidList: It is not text.
    """
    for magic, text in _MAGICS.items():
        if content.startswith(magic):
            raise InvalidList(f"{str(path)!r} {text}")
    encoding = next((name for mark, name in _ENCODINGS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidList(
            f"{str(path)!r} is not UTF-8 text (line {line}: byte 0x{content[error.start]:02x}); save it as CSV in UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidList(f"{str(path)!r} is not text (zero byte in line {line}); save the table as CSV in UTF-8")
    return text


def sheet_of_text(text: str, source: str, digest: str = "") -> Sheet:
    """Read a table from the text of a CSV file.

    Raises:
        InvalidList: It is empty or not CSV.
    """
    if text.lstrip().startswith(("{", "[{", "<?xml", "<!DOCTYPE", "<html")):
        raise InvalidList(f"{source!r} is JSON, XML or HTML, not a table; save it as CSV")
    stream = io.StringIO(text, newline="")
    skipped = 0
    separator = ""
    while True:
        start = stream.tell()
        line = stream.readline()
        named = re.fullmatch(r"sep=(.)[\s,;]*", line, re.IGNORECASE) if not separator else None
        if named:
            separator = named[1]
        elif line.strip() or not line:
            break
        skipped += 1
    stream.seek(start)
    separator = separator or _separator(line)
    reader = csv.reader(stream, delimiter=separator, strict=True)
    cells: list[tuple[int, list[str]]] = []
    try:
        cells.extend((skipped + reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise InvalidList(
            f"{source}: line {skipped + reader.line_num} is not valid CSV ({error}); correct it"
        ) from error
    return _sheet(source, iter(cells), digest, separator)


def lines_of(text: str) -> list[str]:
    """Split text at line ends only; other Unicode separators, such as U+2028, are part of a line."""
    return re.split(r"\r\n|\r|\n", text)


def _separator(heading: str) -> str:
    """Return the separator that occurs most often in the header outside quotes."""
    bare = re.sub(r'"[^"]*"', "", heading)
    return max(SEPARATORS, key=lambda separator: (bare.count(separator), -SEPARATORS.index(separator)))


def _sheet(source: str, lines: Iterator[tuple[int, Sequence[str]]], digest: str, separator: str) -> Sheet:
    headings: tuple[str, ...] | None = None
    rows: list[tuple[int, tuple[str, ...]]] = []
    for line, raw in lines:
        cells = [_MINUS.sub("-", as_meant(cell.strip().strip(_UNSEEN).strip()).strip()) for cell in raw]
        if headings is None:
            headings = _trimmed(cells, 0)
            continue
        if any(cells):
            rows.append((line, _trimmed(cells, len(headings))))
    if not headings:
        raise InvalidList(f"{source!r} is empty; give a table with a header")
    for heading in headings:
        if heading and headings.count(heading) > 1:
            raise InvalidList(f"{source}: column {heading!r} occurs twice; rename one")
    decimal_comma = _has_decimal_comma(rows, separator)
    if decimal_comma:
        rows = [(line, tuple(_pointed(cell) for cell in cells)) for line, cells in rows]
    return Sheet(source, headings, tuple(rows), digest, decimal_comma)


def _trimmed(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Remove empty cells at the end, but keep at least `width` cells."""
    end = len(cells)
    while end > width and not cells[end - 1]:
        end -= 1
    return tuple(cells[:end])


def _has_decimal_comma(rows: Iterable[tuple[int, Sequence[str]]], separator: str) -> bool:
    """Return whether commas in numbers are decimal commas: no number has a point, and not all commas can separate thousands.

    A semicolon as separator indicates decimal commas.
    """
    commas = sure = False
    for _, cells in rows:
        for cell in cells:
            if _POINT.fullmatch(cell):
                return False
            if _COMMA.fullmatch(cell):
                commas = True
                sure = sure or not _THOUSANDS.fullmatch(cell)
    return commas and (sure or separator == ";")


def _pointed(cell: str) -> str:
    return cell.replace(",", ".") if _COMMA.fullmatch(cell) else cell


def _text(value: Any) -> str:
    """Return a cell of a typed table as text from which numbers are recovered exactly."""
    if value is None:
        return ""
    if isinstance(value, float):
        # Integer columns with missing values are floats: 3.0 is written as 3.
        whole = value.is_integer() and abs(value) < 1e15
        return "" if math.isnan(value) else str(int(value)) if whole else repr(float(value))
    if isinstance(value, bytes):
        # Text in Parquet files that is not marked as such.
        return value.decode("utf-8", errors="backslashreplace")
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def _need(module: str, what: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InvalidList(
            f"{what} needs {module.partition('.')[0]}; pip install 'polymer-designer[{extra}]', or save the table as CSV"
        ) from error


def _workbook(path: Path, content: bytes, structures: Sequence[str]) -> Sheet:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except zipfile.BadZipFile as error:
        raise InvalidList(f"{str(path)!r} is a damaged archive ({error}); save the table again") from error
    if "xl/workbook.xml" not in names:
        kind = "an OpenDocument file" if "content.xml" in names else "an archive"
        raise InvalidList(f"{str(path)!r} is {kind}, not an Excel workbook; save the table as .xlsx or CSV")
    openpyxl = _need("openpyxl", f"Excel file {str(path)!r}", "excel")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Values as computed by Excel, and formulas to distinguish ones that were never computed from empty cells.
            books = [
                openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=only) for only in (True, False)
            ]
            found = {sheet.title: list(_excel_rows(sheet, books[1][sheet.title])) for sheet in books[0].worksheets}
            for book in books:
                book.close()
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, OSError, SyntaxError) as error:
        raise InvalidList(f"{str(path)!r} is a damaged workbook ({error}); save it again, or as CSV") from error
    filled = {title: rows for title, rows in found.items() if rows}
    if len(filled) > 1:
        named = {t: rows for t, rows in filled.items() if {cell.strip().lower() for cell in rows[0][1]} & {*structures}}
        if len(named) != 1:
            raise InvalidList(
                f"{str(path)!r} has {len(filled)} non-empty sheets ({', '.join(filled)}), of which exactly one must have a "
                "column psmiles or smiles; save the sheet as a separate file"
            )
        filled = named
    rows = next(iter(filled.values()), [])
    return _sheet(str(path), iter(rows), hashlib.sha256(content).hexdigest(), "")


def _excel_rows(values: Any, formulas: Any) -> Iterator[tuple[int, list[str]]]:
    pairs = zip(values.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True)
    for line, (row, written) in enumerate(pairs, start=1):
        cells = [
            str(formula) if value is None and isinstance(formula, str) and formula.startswith("=") else _text(value)
            for value, formula in zip(row, written, strict=True)
        ]
        if any(cells):
            yield line, cells


def _parquet(path: Path, content: bytes) -> Sheet:
    parquet = _need("pyarrow.parquet", f"Parquet file {str(path)!r}", "parquet")
    try:
        # `read_table` would fail on a duplicate heading without naming it.
        table = parquet.ParquetFile(io.BytesIO(content)).read()
        columns = [column.to_pylist() for column in table.columns]
    except (ValueError, OSError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidList(f"{str(path)!r} is a damaged Parquet file ({reason}); save it again") from error
    return _typed(str(path), table.column_names, zip(*columns, strict=True), hashlib.sha256(content).hexdigest())


def _frame(frame: "pd.DataFrame") -> Sheet:
    if type(frame).__name__ != "DataFrame" or not hasattr(frame, "itertuples"):
        raise InvalidList(f"{type(frame).__name__} is not a table; give the path of a file or a pandas DataFrame")
    if any(frame.index.names):
        # A named index is a column that `set_index` or `groupby` removed.
        frame = frame.reset_index()
    text = frame.to_csv(index=False)
    frame = frame.astype(object).where(frame.notna(), None)
    rows = frame.itertuples(index=False, name=None)
    return _typed("DataFrame", [str(name) for name in frame.columns], rows, hashlib.sha256(text.encode()).hexdigest())


def _typed(source: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], digest: str) -> Sheet:
    """Number the rows as if the header were the first line of a file."""
    lines = ((line, [_text(cell) for cell in row]) for line, row in enumerate(rows, start=2))
    return _sheet(source, iter([(1, list(headings)), *lines]), digest, "")
