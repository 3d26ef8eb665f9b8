"""Lists of polymers and monomers: the built-in ones and those of users."""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from generators.errors import InvalidList
from generators.sheets import STRUCTURES, Sheet, lines_of, read_bytes, read_sheet, sheet_of_text, text_of

TABLES = (".csv", ".tsv", ".xlsx", ".parquet", ".pq")
"""File extensions of tables with a header."""


@dataclass(frozen=True)
class Entry:
    """One line of a list: a name (may be empty) and a SMILES or pSMILES."""

    name: str
    smiles: str


def built_in(name: str) -> str:
    """Return the text of a built-in data file, such as `monomers.csv`."""
    return (files("generators") / "data" / name).read_text(encoding="utf-8")


def known_polymers() -> list[Entry]:
    """Return the built-in list of known homopolymers."""
    return parse_list(built_in("known_polymers.csv"), "known_polymers.csv", is_csv=True)


def common_monomers() -> list[Entry]:
    """Return the built-in list of common monomers."""
    return parse_list(built_in("monomers.csv"), "monomers.csv", is_csv=True)


def read_list(path: Path | str) -> list[Entry]:
    """Read a table with a column `psmiles` or `smiles` (and optionally `name`), or a text file of SMILES and names.

    Tables are CSV files with any separator, .xlsx and Parquet files; see `generators.sheets`.

    Raises:
        InvalidList: The file cannot be read, has no such column or is empty.
    """
    path = Path(path)
    content = read_bytes(path)
    if content.startswith((b"PK\x03\x04", b"PAR1")):
        return _entries(read_sheet(path))
    text = text_of(path, content)
    return parse_list(text, str(path), is_csv=path.suffix.lower() in TABLES or _has_heading(text))


def parse_list(text: str, source: str, *, is_csv: bool) -> list[Entry]:
    """Return the entries of a list.

    Args:
        text: The file's content.
        source: Name of the list in messages.
        is_csv: Whether it is CSV with a header; otherwise each line is a SMILES and optionally a name, with `#` for comments.

    Raises:
        InvalidList: The SMILES column is missing, or there are no entries.
    """
    if is_csv:
        return _entries(sheet_of_text(text, source))
    lines = [line.strip().strip("\ufeff") for line in lines_of(text)]
    parts = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return _some([Entry(part[1] if len(part) > 1 else "", part[0]) for part in parts], source)


def _has_heading(text: str) -> bool:
    """Return whether a text file is a table, that is, whether its first line names a column of structures."""
    first = next((line for line in lines_of(text) if line.strip()), "")
    names = {cell.strip().strip('"').strip("\ufeff").lower() for cell in re.split(r"[,;\t|]", first)}
    return first.lower().startswith("sep=") or bool(names & {*STRUCTURES})


def _entries(sheet: Sheet) -> list[Entry]:
    names = {name.lower(): place for place, name in reversed(list(enumerate(sheet.headings)))}
    column = next((names[name] for name in STRUCTURES if name in names), None)
    if column is None:
        raise InvalidList(
            f"list {sheet.source} needs a column psmiles or smiles, got {', '.join(sheet.headings) or 'an empty header'}; rename one"
        )
    label = names.get("name")
    return _some(
        [
            Entry("" if label is None or label >= len(cells) else cells[label], cells[column])
            for _, cells in sheet.rows
            if column < len(cells)
        ],
        sheet.source,
    )


def _some(entries: list[Entry], source: str) -> list[Entry]:
    entries = [entry for entry in entries if entry.smiles]
    if not entries:
        raise InvalidList(f"list {source} contains no SMILES; give at least one")
    return entries
