"""Results from outside: read as rows, each checked on its own, the good ones recorded."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from designer.config.campaign import CampaignConfig
from designer.data.units import conversion
from designer.data.values import checked_stderr, checked_value, unusual
from designer.errors import InvalidRequest, MissingFile
from designer.machine import program
from designer.store.outside import candidates, outside_digest, record_outside, told
from designer.store.store import CampaignStore
from generators.errors import InvalidList
from generators.sheets import Sheet, read_bytes, read_sheet, sheet_of_text, text_of
from mdcore.chem import Failure, InvalidRepeatUnit, Measurement, RepeatUnit, UnknownProperty, property_spec
from mdcore.chem.numbers import parse_number

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("candidate", "psmiles", "property", "value", "stderr", "unit", "fidelity", "failure", "note")
"""What a row may hold. `candidate` is the number that `designer ask` printed; either it or `psmiles` is needed."""
IGNORED = ("key", "reserved_until", "predicted", "predicted_sd")
"""What `designer ask` prints beside and a filled-in file may still hold."""


@dataclass(frozen=True)
class Refused:
    """A row that was not recorded.

    Attributes:
        line: Its line in the file, 1 for the first.
        reason: The value, the rule and the remedy.
    """

    line: int
    reason: str


@dataclass(frozen=True)
class Told:
    """What became of a file.

    Attributes:
        recorded: Measurements and failures that are now in the store.
        empty: Rows without a value, not measured yet.
        refused: Rows that were not recorded.
        unusual: Rows that were recorded although their values are unusual, and why they are.
    """

    recorded: int
    empty: int
    refused: tuple[Refused, ...]
    unusual: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class _Result:
    line: int
    key: str
    fidelity: str
    outcome: Measurement | Failure
    note: str


def read_rows(path: "Path | pd.DataFrame") -> list[tuple[int, dict[str, Any]]]:
    """Read a table with a heading, or a JSON list of objects; each row with its line (its place in the list).

    Tables are CSV files of any separator, .xlsx and Parquet files, and pandas DataFrames.

    Raises:
        MissingFile: There is none.
        InvalidRequest: It is neither, or has columns of another meaning.
    """
    if isinstance(path, Path) and not path.exists():
        raise MissingFile(f"file {str(path)!r} does not exist; give a CSV or JSON file of results")
    try:
        content = read_bytes(path) if isinstance(path, Path) else b""
        if not isinstance(path, Path) or content.startswith((b"PK\x03\x04", b"PAR1")):
            rows = _sheet_rows(read_sheet(path, structures=("candidate", "psmiles")))
        else:
            text = text_of(path, content).lstrip("\ufeff")
            if path.suffix == ".json" or text.lstrip().startswith(("[", "{")):
                rows = _json_rows(path, text)
            else:
                rows = _sheet_rows(sheet_of_text(text, str(path)))
    except InvalidList as error:
        raise InvalidRequest(str(error)) from error
    source = path if isinstance(path, Path) else "DataFrame"
    known = {*COLUMNS, *IGNORED}
    names = {name for _, row in rows for name in row}
    if unknown := sorted(names - known):
        raise InvalidRequest(f"{source}: unknown column {unknown[0]!r}; use {', '.join(COLUMNS)}")
    if rows and not {"candidate", "psmiles"} & names:
        raise InvalidRequest(f"{source}: no column tells the polymer; add candidate or psmiles")
    return rows


def tell(
    store: CampaignStore, config: CampaignConfig, rows: Iterable[tuple[int, Mapping[str, Any]]], fidelity: str
) -> Told:
    """Record results; each row stands for itself.

    Args:
        store: The campaign.
        config: Its configuration.
        rows: Line and cells of each row; see `COLUMNS`.
        fidelity: Where results come from whose row does not say it.

    Returns:
        What was recorded and what was refused, why.
    """
    known = candidates(store)
    by_ordinal = {ordinal: key for key, (_, ordinals) in known.items() for ordinal in ordinals}
    there = told(store)
    taken = {(key, m.fidelity, m.property) for (key, _), record in there.items() for m in record.measurements}
    refused: list[Refused] = []
    good: list[_Result] = []
    empty = 0
    for line, raw in rows:
        row = {name: str(cell).strip() for name, cell in raw.items() if cell is not None and str(cell).strip()}
        try:
            result = _checked(line, row, known, by_ordinal, fidelity)
            if result is None:
                empty += 1
                continue
            _refuse_repeated(result, taken, there)
        except (InvalidRequest, UnknownProperty) as error:
            refused.append(Refused(line, str(error)))
            continue
        if isinstance(result.outcome, Measurement):
            taken.add((result.key, result.fidelity, result.outcome.property))
        good.append(result)
    for result in good:
        about = {"source": "outside", "campaign": config.name, "recorded_by": program(), "line": result.line}
        note = {"note": result.note} if result.note else {}
        outcome = result.outcome if isinstance(result.outcome, Failure) else (result.outcome,)
        record_outside(store, result.key, fidelity=result.fidelity, outcome=outcome, provenance={**about, **note})
    if good:
        store.add_event("told", f"{len(good)} results from outside were recorded, {len(refused)} rows refused")
    odd = [Refused(result.line, text) for result in good if (text := _unusual(result.outcome))]
    return Told(len(good), empty, tuple(refused), tuple(odd))


def _checked(
    line: int,
    row: Mapping[str, str],
    known: Mapping[str, tuple[str, tuple[int, ...]]],
    by_ordinal: Mapping[int, str],
    fidelity: str,
) -> _Result | None:
    """Return the result in a row, or None if it has none yet."""
    if not {"value", "failure"} & row.keys():
        return None
    key = _candidate(row, known, by_ordinal)
    fidelity = row.get("fidelity", fidelity)
    if "failure" in row:
        if "value" in row:
            raise InvalidRequest("the row has a value and a failure; keep one of them")
        return _Result(line, key, fidelity, Failure("outside", row["failure"]), row.get("note", ""))
    if "property" not in row:
        raise InvalidRequest("no property is named; write one, as refractive_index")
    spec = property_spec(row["property"])
    number, stderr = _number(row, "value"), _number(row, "stderr", "0")
    if "unit" not in row and spec.unit != "1":
        raise InvalidRequest(f"{spec.name} {row['value']} has no unit; write it, as {spec.unit}")
    unit = row.get("unit", "1")
    change = conversion(unit, spec.name)
    try:
        code = "leave it empty, or say in the column failure why there is none"
        value = checked_value(spec, number, unit, change, "write {} in the column unit".format, code)
        stderr = checked_stderr(spec, change.error(stderr), value)
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    return _Result(line, key, fidelity, Measurement(spec.name, value, stderr, spec.unit, fidelity), row.get("note", ""))


def _unusual(outcome: Measurement | Failure) -> str | None:
    return None if isinstance(outcome, Failure) else unusual(property_spec(outcome.property), outcome.value)


def _candidate(
    row: Mapping[str, str], known: Mapping[str, tuple[str, tuple[int, ...]]], by_ordinal: Mapping[int, str]
) -> str:
    """Return the key of the polymer of a row, which the campaign must know."""
    keys = []
    if "candidate" in row:
        number = row["candidate"].lstrip("#")
        if not number.isdigit() or int(number) not in by_ordinal:
            raise InvalidRequest(
                f"candidate {row['candidate']!r} is unknown here; use a number that `designer ask` printed"
            )
        keys.append(by_ordinal[int(number)])
    if "psmiles" in row:
        try:
            key = RepeatUnit.from_psmiles(row["psmiles"]).key
        except InvalidRepeatUnit as error:
            raise InvalidRequest(str(error)) from error
        if key not in known:
            raise InvalidRequest(
                f"{row['psmiles']!r} was never proposed here; ask for candidates first, or `designer import` known data"
            )
        keys.append(key)
    if not keys:
        raise InvalidRequest("no polymer is named; fill in candidate or psmiles")
    if len(set(keys)) > 1:
        raise InvalidRequest(
            f"candidate {row['candidate']} is {known[keys[0]][0]}, not {row['psmiles']}; correct one of them"
        )
    return keys[0]


def _number(row: Mapping[str, str], name: str, default: str | None = None) -> float:
    text = row.get(name, default)
    try:
        number = parse_number(text) if text is not None else math.nan
    except ValueError as error:
        raise InvalidRequest(f"{name} {error}") from error
    if not math.isfinite(number):
        raise InvalidRequest(f"{name} {text!r} is no finite number; write one with a point, as 1.52")
    return number


def _refuse_repeated(result: _Result, taken: set[tuple[str, str, str]], there: Mapping[tuple[str, str], Any]) -> None:
    before = there.get((result.key, outside_digest(result.fidelity)))
    if before is not None and before.state == "failed":
        raise InvalidRequest(
            f"a failure is recorded at {result.fidelity} for this polymer; tell it at another fidelity"
        )
    if isinstance(result.outcome, Failure):
        if before is not None and before.state == "done":
            raise InvalidRequest(f"measurements at {result.fidelity} are recorded for this polymer; it has not failed")
        return
    if (result.key, result.fidelity, result.outcome.property) in taken:
        raise InvalidRequest(
            f"{result.outcome.property} of this polymer is recorded at {result.fidelity} already; tell a repeat at another fidelity"
        )


def _sheet_rows(sheet: Sheet) -> list[tuple[int, dict[str, Any]]]:
    width = len(sheet.headings)
    if moved := next((line for line, cells in sheet.rows if len(cells) > width), None):
        raise InvalidRequest(f"{sheet.source} line {moved}: more cells than columns; correct the row")
    return [(line, dict(zip(sheet.headings, cells, strict=False))) for line, cells in sheet.rows]


def _json_rows(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"{path} is no JSON ({error}); correct it there") from error
    rows = document.get("results") or document.get("candidates") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidRequest(f"{path}: results must be a list of objects; write [{{...}}, ...]")
    return list(enumerate(rows, start=1))
