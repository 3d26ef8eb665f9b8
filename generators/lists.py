"""Reading lists of polymers and monomers: the project's own and a user's."""

import csv
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from generators.errors import InvalidList

_COLUMNS = ("psmiles", "smiles")


@dataclass(frozen=True)
class Entry:
    """One line of a list: a name (may be empty) and a SMILES or pSMILES."""

    name: str
    smiles: str


def built_in(name: str) -> str:
    """Return the text of one of the project's own data files, such as `monomers.csv`."""
    return (files("generators") / "data" / name).read_text(encoding="utf-8")


def known_polymers() -> list[Entry]:
    """Return the project's list of known homopolymers."""
    return parse_list(built_in("known_polymers.csv"), "known_polymers.csv", is_csv=True)


def common_monomers() -> list[Entry]:
    """Return the project's list of common monomers."""
    return parse_list(built_in("monomers.csv"), "monomers.csv", is_csv=True)


def read_list(path: Path | str) -> list[Entry]:
    """Read a CSV file with a column `psmiles` or `smiles` (and perhaps `name`), or a text file of SMILES and names.

    Raises:
        InvalidList: The file cannot be read, has no such column or is empty.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidList(f"list {path} cannot be read ({error}); give a UTF-8 CSV or SMILES file") from error
    return parse_list(text, str(path), is_csv=path.suffix.lower() == ".csv")


def parse_list(text: str, source: str, *, is_csv: bool) -> list[Entry]:
    """Return the entries of a list.

    Args:
        text: The file's content.
        source: What to call it in messages.
        is_csv: CSV with a header; else one SMILES a line, a name behind it, `#` for comments.

    Raises:
        InvalidList: There is no column of SMILES or no entry.
    """
    if is_csv:
        reader = csv.DictReader(text.splitlines())
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        column = next((names[name] for name in _COLUMNS if name in names), None)
        if column is None:
            raise InvalidList(f"list {source} has the columns {', '.join(names) or 'none'}; name one psmiles or smiles")
        label = names.get("name")
        entries = [Entry((row[label] or "") if label else "", (row[column] or "").strip()) for row in reader]
    else:
        lines = [line.strip() for line in text.splitlines()]
        parts = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
        entries = [Entry(part[1] if len(part) > 1 else "", part[0]) for part in parts]
    entries = [entry for entry in entries if entry.smiles]
    if not entries:
        raise InvalidList(f"list {source} holds no SMILES; give at least one")
    return entries
