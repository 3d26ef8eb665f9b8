"""Results measured outside: read as rows, checked one by one, and recorded together or not at all."""

import json
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from designer.config.campaign import CampaignConfig
from designer.data.fidelity import checked_fidelity
from designer.data.units import conversion
from designer.data.values import checked_stderr, checked_value, unusual
from designer.digests import outside_digest
from designer.errors import InvalidRequest, MissingFile
from designer.machine import program
from designer.store.corrections import Selection, correct, withdraw
from designer.store.engine import durable
from designer.store.orm import EvaluationRow, EventRow
from designer.store.records import EvaluationRecord
from designer.store.reservations import candidates, lock_campaign, record_outside, told
from designer.store.store import CampaignStore
from designer.store.transactions import write
from designer.text import with_error
from generators.errors import InvalidList
from generators.sheets import Sheet, read_bytes, read_sheet, sheet_of_text, text_of
from mdcore.chem import Failure, InvalidRepeatUnit, Measurement, RepeatUnit, UnknownProperty, property_spec
from mdcore.chem.numbers import parse_number

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("candidate", "psmiles", "property", "value", "stderr", "unit", "fidelity", "failure", "note")
"""Columns of results. `candidate` is the number printed by `designer ask`; either it or `psmiles` is required."""
IGNORED = ("key", "novelty", "route", "reserved_until", "predicted", "predicted_sd")
"""Further columns printed by `designer ask`, which are ignored."""

_ROUNDING = 1e-9
"""Relative difference below which two values are equal: unit conversions cause rounding errors."""
_ANOTHER = "pass --replace to replace it, or record a repeated measurement at another fidelity"


@dataclass(frozen=True)
class Refused:
    """A row that breaks a rule.

    Attributes:
        line: Its line in the file, 1 for the first.
        reason: The value, the rule and the remedy.
    """

    line: int
    reason: str


@dataclass(frozen=True)
class Told:
    """Outcome of recording a file; if any row is rejected, nothing is recorded.

    Attributes:
        recorded: Number of measurements and failures added to the store.
        empty: Number of rows without a value.
        refused: Rows that break a rule.
        unusual: Rows recorded with unusual values, and why they are unusual.
        already: Number of rows that had been recorded before.
        replaced: Number of recorded rows that replaced another result.
    """

    recorded: int
    empty: int
    refused: tuple[Refused, ...]
    unusual: tuple[Refused, ...] = ()
    already: int = 0
    replaced: int = 0


@dataclass(frozen=True)
class _Result:
    line: int
    key: str
    fidelity: str
    outcome: Measurement | Failure
    note: str

    @property
    def property(self) -> str | None:
        """The measured property; None for a failure, which applies to the whole polymer."""
        return None if isinstance(self.outcome, Failure) else self.outcome.property


def read_rows(path: "Path | pd.DataFrame") -> list[tuple[int, dict[str, Any]]]:
    """Read a table with a heading, or a JSON list of objects; returns each row with its line (its position in the list).

    Tables are CSV files of any separator, .xlsx and Parquet files, and pandas DataFrames.

    Raises:
        MissingFile: The file does not exist.
        InvalidRequest: It is neither of these, or has unknown columns.
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
        raise InvalidRequest(f"{source}: no column identifies the polymer; add candidate or psmiles")
    if rows and not {"value", "failure"} & names:
        raise InvalidRequest(f"{source}: no column contains results; add value or failure")
    return rows


def tell(
    store: CampaignStore,
    config: CampaignConfig,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    fidelity: str,
    *,
    replace: bool = False,
) -> Told:
    """Record results in one transaction: all of them, or none if a row breaks a rule.

    Results that are recorded already are left unchanged, so that a file can be recorded twice.

    Args:
        store: The campaign.
        config: Its configuration.
        rows: Line and cells of each row; see `COLUMNS`.
        fidelity: Fidelity of rows that do not specify one.
        replace: Whether results replace recorded ones, which are kept as replaced or withdrawn.

    Returns:
        What was recorded, or what was rejected and why.
    """
    cells = [(line, {name: text for name, cell in row.items() if (text := _text(cell))}) for line, row in rows]
    about = {"source": "outside", "campaign": config.name, "recorded_by": program()}

    def action(session: Session) -> Told:
        lock_campaign(session, store.campaign_id)
        results, refused, empty = _read(candidates(session, store.campaign_id), cells, fidelity)
        there = told(session, store.campaign_id, (result.key for result in results))
        new, contradicting, other = _compare(results, there, replace=replace)
        if refused := sorted([*refused, *contradicting], key=lambda row: row.line):
            return Told(0, empty, tuple(refused))
        new += [result for result in other if _make_place(session, store.campaign_id, result, there)]
        for result in new:
            note = {"note": result.note} if result.note else {}
            outcome = result.outcome if isinstance(result.outcome, Failure) else (result.outcome,)
            provenance = {**about, "line": result.line, **note}
            record_outside(
                session, store.campaign_id, result.key,
                fidelity=result.fidelity, outcome=outcome, provenance=provenance,
            )  # fmt: skip
        if new:
            message = f"{len(new)} results measured outside were recorded"
            session.add(EventRow(campaign_id=store.campaign_id, at=time.time(), kind="told", message=message))
        said = [*new, *(result for result in other if result not in new)]
        odd = [Refused(result.line, text) for result in said if (text := _unusual(result.outcome))]
        return Told(len(said), empty, (), tuple(odd), len(results) - len(said), len(other))

    return write(durable(store.engine), store.patience, action)


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()


def _read(
    known: Mapping[str, tuple[str, tuple[int, ...]]], rows: Iterable[tuple[int, Mapping[str, str]]], fidelity: str
) -> tuple[list[_Result], list[Refused], int]:
    """Return the results, the rows that break a rule, and the number of rows without a result."""
    by_ordinal = {ordinal: key for key, (_, ordinals) in known.items() for ordinal in ordinals}
    results: list[_Result] = []
    refused: list[Refused] = []
    empty = 0
    for line, row in rows:
        try:
            result = _checked(line, row, known, by_ordinal, fidelity)
        except (InvalidRequest, UnknownProperty) as error:
            refused.append(Refused(line, str(error)))
            continue
        if result is None:
            empty += 1
        else:
            results.append(result)
    return results, refused, empty


def _make_place(
    session: Session, campaign_id: int, result: _Result, there: Mapping[tuple[str, str], EvaluationRecord]
) -> bool:
    """Replace the recorded value, or withdraw the results that this one contradicts; returns whether it still has to be recorded."""
    before = there[result.key, outside_digest(result.fidelity)]
    reason = f"replaced with --replace, line {result.line}" + (f": {result.note}" if result.note else "")
    selection = Selection(campaign_id, before.ordinal, property=result.property, fidelity=result.fidelity)
    if isinstance(result.outcome, Measurement) and before.failure is None:
        value, stderr = result.outcome.value, result.outcome.stderr
        correct(session, selection, lambda *_: (value, stderr), reason=reason, kind="replaced")
        return False
    row = session.get_one(EvaluationRow, before.id)
    if row.state != "withdrawn":
        withdraw(session, Selection(campaign_id, before.ordinal), reason=reason)
    return True


def _compare(
    results: Sequence[_Result], there: Mapping[tuple[str, str], EvaluationRecord], *, replace: bool
) -> tuple[list[_Result], list[Refused], list[_Result]]:
    """Return the new results, those that contradict another row or a recorded result, and those that replace one."""
    new: list[_Result] = []
    replacing: list[_Result] = []
    refused: list[Refused] = []
    seen: dict[tuple[str, str], dict[str | None, _Result]] = {}
    for result in results:
        seen.setdefault((result.key, result.fidelity), {}).setdefault(result.property, result)
    for result in results:
        told_here = seen[result.key, result.fidelity]
        first = told_here[result.property]
        other = next((r for name, r in told_here.items() if (name is None) != (result.property is None)), None)
        before = there.get((result.key, outside_digest(result.fidelity)))
        if other is not None:
            what = ("a failure", "a value") if result.property is None else ("a value", "a failure")
            reason = f"this row has {what[0]} and line {other.line} {what[1]} for the same polymer; keep one of them"
        elif first is not result and not _same(first.outcome, result.outcome):
            reason = f"line {first.line} has another value for the same polymer and property; keep one of them"
        elif (reason := _contradiction(result, before)) and replace:
            if first is result:
                replacing.append(result)
            continue
        if reason:
            refused.append(Refused(result.line, reason))
        elif first is result and not _is_recorded(result, before):
            new.append(result)
    return new, refused, replacing


def _contradiction(result: _Result, before: EvaluationRecord | None) -> str:
    """Return why a result conflicts with the recorded ones of its polymer and fidelity; empty if it does not."""
    if before is None:
        return ""
    if before.failure is not None:
        if isinstance(result.outcome, Failure) and _same(before.failure, result.outcome):
            return ""
        return f"a failure is recorded at {result.fidelity} for this polymer ({before.failure.message}); {_ANOTHER}"
    if isinstance(result.outcome, Failure):
        if before.state == "done":
            return (
                f"measurements at {result.fidelity} are recorded for this polymer, which contradict a failure; "
                "pass --replace to withdraw them"
            )
        return ""
    recorded = before.measured(result.outcome.property)
    if recorded is None or _same(recorded, result.outcome):
        return ""
    return (
        f"{recorded.property} of this polymer is already recorded at {result.fidelity} as "
        f"{with_error(recorded.value, recorded.stderr)}; {_ANOTHER}"
    )


def _is_recorded(result: _Result, before: EvaluationRecord | None) -> bool:
    if before is None:
        return False
    if isinstance(result.outcome, Failure):
        return before.failure is not None
    return before.measured(result.outcome.property) is not None


def _same(one: Measurement | Failure, other: Measurement | Failure) -> bool:
    """Return whether two results are equal; values may differ by rounding errors of unit conversions."""
    if isinstance(one, Failure) or isinstance(other, Failure):
        return isinstance(one, Failure) and isinstance(other, Failure) and one.message == other.message
    pairs = (one.value, other.value), (one.stderr, other.stderr)
    return all(math.isclose(a, b, rel_tol=_ROUNDING) for a, b in pairs)


def _checked(
    line: int,
    row: Mapping[str, str],
    known: Mapping[str, tuple[str, tuple[int, ...]]],
    by_ordinal: Mapping[int, str],
    fidelity: str,
) -> _Result | None:
    """Return the result in a row, or None if it is empty."""
    if odd := next((name for name, text in row.items() if not _storable(text)), None):
        raise InvalidRequest(f"{odd} {row[odd]!r} contains a character that databases cannot store; remove it")
    if not {"value", "failure"} & row.keys():
        return None
    key = _candidate(row, known, by_ordinal)
    fidelity = checked_fidelity(row.get("fidelity", fidelity))
    if "failure" in row:
        if "value" in row:
            raise InvalidRequest("the row has a value and a failure; keep one of them")
        return _Result(line, key, fidelity, Failure("outside", row["failure"]), row.get("note", ""))
    if "property" not in row:
        raise InvalidRequest("no property is given; write one, such as refractive_index")
    spec = property_spec(row["property"])
    number, stderr = _number(row, "value"), _number(row, "stderr", "0")
    if "unit" not in row and spec.unit != "1":
        raise InvalidRequest(f"{spec.name} {row['value']} has no unit; write it, for example {spec.unit}")
    unit = row.get("unit", "1")
    change = conversion(unit, spec.name)
    try:
        code = "leave it empty, or give the reason in the column failure"
        value = checked_value(spec, number, unit, change, "write {} in the column unit".format, code)
        stderr = checked_stderr(spec, change.error(stderr), value)
    except ValueError as error:
        raise InvalidRequest(str(error)) from error
    return _Result(line, key, fidelity, Measurement(spec.name, value, stderr, spec.unit, fidelity), row.get("note", ""))


def _storable(text: str) -> bool:
    """Return whether databases can store a text: PostgreSQL rejects NUL, and lone surrogates cannot be encoded."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _unusual(outcome: Measurement | Failure) -> str | None:
    return None if isinstance(outcome, Failure) else unusual(property_spec(outcome.property), outcome.value)


def _candidate(
    row: Mapping[str, str], known: Mapping[str, tuple[str, tuple[int, ...]]], by_ordinal: Mapping[int, str]
) -> str:
    """Return the key of the polymer of a row, which must be a candidate of the campaign."""
    keys = []
    if "candidate" in row:
        number = row["candidate"].lstrip("#")
        if not re.fullmatch("[0-9]{1,9}", number) or int(number) not in by_ordinal:
            raise InvalidRequest(f"candidate {row['candidate']!r} is unknown; use a number printed by `designer ask`")
        keys.append(by_ordinal[int(number)])
    if "psmiles" in row:
        try:
            key = RepeatUnit.from_psmiles(row["psmiles"]).key
        except InvalidRepeatUnit as error:
            # A label rounds fractions, so that several substances may have it.
            called = [key for key, (label, _) in known.items() if row["psmiles"].strip() in (label, key)]
            if not called:
                raise InvalidRequest(str(error)) from error
            if len(called) > 1 and not set(keys) & set(called):
                raise InvalidRequest(
                    f"{row['psmiles']!r} is the label of {len(called)} substances; fill in candidate"
                ) from error
            key = next((one for one in called if one in keys), called[0])
        if key not in known:
            raise InvalidRequest(
                f"{row['psmiles']!r} is not a candidate of this campaign; reserve it with `designer ask`, or use `designer import`"
            )
        keys.append(key)
    if not keys:
        raise InvalidRequest("no polymer is given; fill in candidate or psmiles")
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
        raise InvalidRequest(f"{name} {text!r} is not a finite number; write it with a decimal point, for example 1.52")
    return number


def _sheet_rows(sheet: Sheet) -> list[tuple[int, dict[str, Any]]]:
    width = len(sheet.headings)
    if moved := next((line for line, cells in sheet.rows if len(cells) > width), None):
        raise InvalidRequest(f"{sheet.source} line {moved}: more cells than columns; correct the row")
    return [(line, dict(zip(sheet.headings, cells, strict=False))) for line, cells in sheet.rows]


def _json_rows(path: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    try:
        document = json.loads(text, object_pairs_hook=_object)
    except InvalidRequest as error:
        raise InvalidRequest(f"{path}: {error}") from error
    except RecursionError as error:
        raise InvalidRequest(f"{path} is JSON nested too deeply; write [{{...}}, ...]") from error
    except ValueError as error:
        raise InvalidRequest(f"{path} is not valid JSON ({error}); correct it") from error
    rows = document.get("results") or document.get("candidates") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidRequest(f"{path}: results must be a list of objects; write [{{...}}, ...]")
    return list(enumerate(rows, start=1))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Parse a JSON object; duplicate keys are rejected, because the intended value is ambiguous."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidRequest(f"key {twice!r} is duplicated in one object; remove one of them")
    return found
