"""Corrections and withdrawals; the old value, author, time and reason stay on record.

A change of a simulated result also applies to its copies in other campaigns. Surrogates, fronts and reports use the corrected data; a
running campaign notices the change with its next update.
"""

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from designer.errors import CampaignBusy, InvalidRequest
from designer.store.convert import reasons_of
from designer.store.orm import (
    CampaignRow,
    CandidateRow,
    ClaimRow,
    CorrectionRow,
    EvaluationRow,
    EventRow,
    ImportedRow,
    MeasurementRow,
)
from designer.store.records import CorrectionRecord
from designer.store.store import next_finished_no
from designer.store.transactions import Patience, read
from designer.text import with_error
from mdcore.chem import seed_sequence

MOST_LISTED = 8


@dataclass(frozen=True)
class Selection:
    """Selection of results to correct or withdraw; omitted criteria match everything.

    Attributes:
        campaign_id: A campaign; known data match as well unless `evaluation` is given.
        evaluation: Number of an evaluation of that campaign.
        key: Canonical key of a repeat unit.
        property: Registry name.
        fidelity: Fidelity of the values.
        source: Name of an imported file; only its values match.
        line: Line of that file.
    """

    campaign_id: int | None = None
    evaluation: int | None = None
    key: str | None = None
    property: str | None = None
    fidelity: str | None = None
    source: str | None = None
    line: int | None = None


def author() -> str:
    """Return the user and the host, for the record."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def correct(
    session: Session,
    selection: Selection,
    new: Callable[[float, float], tuple[float, float]],
    *,
    reason: str,
    kind: str = "corrected",
) -> CorrectionRecord:
    """Replace the value that a selection matches.

    Args:
        session: A transaction that writes.
        selection: Matches exactly one value.
        new: Returns the new value and standard error from the stored ones, in the registry's unit; an error of zero is unknown.
        reason: Reason for the record.
        kind: `corrected` or `replaced`.

    Raises:
        InvalidRequest: Nothing matches, or more than one value.
    """
    found = _measured(session, selection)
    known = _imported(session, selection)
    if len(found) + len(known) != 1:
        raise InvalidRequest(_without_result(session, selection) or _which(found, known, "correct"))
    if known:
        imported = known[0]
        if imported.value is None:
            raise InvalidRequest(f"{_place(imported)} is a failure; withdraw it and import the value")
        value, stderr = _changed(new, imported.property, imported.value, imported.stderr, _place(imported))
        record = _add(session, _about_imported(imported), kind, reason, (value, stderr))
        imported.value, imported.stderr = value, stderr
        session.flush()
        return _record(session, record)
    evaluation, measurement = found[0]
    where = f"evaluation {evaluation.ordinal}"
    value, stderr = _changed(new, measurement.property, measurement.value, measurement.stderr, where)
    record = _add(session, _about_measured(evaluation, measurement), kind, reason, (value, stderr))
    session.flush()
    for row in (evaluation, *_copies(session, evaluation)):
        for own in row.measurements:
            if (own.property, own.fidelity) == (measurement.property, measurement.fidelity):
                own.provenance = {
                    **own.provenance,
                    "corrections": [*own.provenance.get("corrections", ()), _mark(record)],
                }
                own.value, own.stderr = value, stderr
        row.finished_no = next_finished_no(session)
        _tell(session, row, record)
    session.flush()
    return _record(session, record)


def _changed(
    new: Callable[[float, float], tuple[float, float]], name: str, old_value: float, old_stderr: float, where: str
) -> tuple[float, float]:
    """Return the value and error of a property that replace the old ones.

    Raises:
        InvalidRequest: They are equal to the old ones.
    """
    value, stderr = new(old_value, old_stderr)
    if (value, stderr) == (old_value, old_stderr):
        raise InvalidRequest(
            f"{name} of {where} is {with_error(value, stderr)} already; give a different value or error"
        )
    return value, stderr


def withdraw(
    session: Session, selection: Selection, *, reason: str, again: bool = False, everything: bool = False
) -> list[CorrectionRecord]:
    """Withdraw what a selection matches: single values, or whole evaluations.

    Args:
        session: A transaction that writes.
        selection: Results to withdraw.
        reason: Reason for the record.
        again: Whether to repeat the simulation with another seed, or to make the polymer available to `ask` again.
        everything: Whether several results may match.

    Raises:
        InvalidRequest: Nothing matches, or several results and `everything` is not set.
        CampaignBusy: The evaluation is running.
    """
    known = _imported(session, selection)
    whole = _evaluations(session, selection) if selection.property is None else []
    found = _measured(session, selection) if selection.property is not None else []
    if again and (known or found):
        raise InvalidRequest("only whole evaluations can be repeated; withdraw it without a property")
    n = len(known) + len(whole) + len(found)
    if not n or (n > 1 and not everything and not (selection.source and not whole and not found)):
        raise InvalidRequest((not n and _without_result(session, selection)) or _which(found, known, "withdraw", whole))
    records = []
    for imported in known:
        records.append(_add(session, _about_imported(imported), "withdrawn", reason))
        imported.withdrawn = True
    for evaluation, measurement in found:
        records.append(_add(session, _about_measured(evaluation, measurement), "withdrawn", reason))
        session.flush()
        for row in (evaluation, *_copies(session, evaluation)):
            _take(session, row, records[-1], (measurement.property, measurement.fidelity))
    for evaluation in whole:
        records += _withdraw_evaluation(session, evaluation, reason, again=again)
        if again:
            # A campaign that had copied the result repeats it itself.
            mine = (c for c in _copies(session, evaluation) if c.campaign_id == selection.campaign_id)
            _once_more(session, next(mine, evaluation))
    session.flush()
    return [_record(session, record) for record in records]


def record_replaced(
    session: Session, old: Sequence[ImportedRow], new: Iterable[Mapping[str, Any]], *, reason: str
) -> None:
    """Record the rows that an import replaces or removes."""
    fresh: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in new:
        fresh.setdefault((row["key"], row["property"]), []).append(row)
    now, who = time.time(), author()
    documents = []
    for before in old:
        if before.withdrawn:
            continue
        choices = fresh.get((before.key, before.property), [])
        if any((row["value"], row["stderr"]) == (before.value, before.stderr) for row in choices):
            continue
        # By line if the file kept its order, else by polymer if unique.
        after = next((row for row in choices if row["line"] == before.line), choices[0] if len(choices) == 1 else None)
        changed = {"new_value": after["value"], "new_stderr": after["stderr"]} if after else {}
        documents.append(
            {"campaign_id": None, "evaluation_id": None, "new_value": None, "new_stderr": None}
            | _about_imported(before)
            | changed
            | {"at": now, "who": who, "reason": reason, "kind": "replaced" if after else "withdrawn"}
        )
    if documents:
        session.execute(insert(CorrectionRow), documents)


def corrections(engine: Engine, campaign_id: int | None = None) -> tuple[CorrectionRecord, ...]:
    """Return the corrections, replacements and withdrawals of a store, oldest first.

    Args:
        engine: The store.
        campaign_id: A campaign, to return its corrections and those of known data only.
    """
    query = select(CorrectionRow).order_by(CorrectionRow.id)
    if campaign_id is not None:
        query = query.where(or_(CorrectionRow.campaign_id == campaign_id, CorrectionRow.campaign_id.is_(None)))
    return read(
        engine, Patience(), lambda session: tuple(_record(session, row) for row in session.scalars(query).all())
    )


def knowledge_version(session: Session) -> tuple[int, int]:
    """Return two numbers that change whenever the known data of a store change."""
    return (
        session.scalar(select(func.max(CorrectionRow.id)).where(CorrectionRow.origin == "imported")) or 0,
        session.scalar(select(func.max(ImportedRow.id))) or 0,
    )


def _place(row: ImportedRow) -> str:
    return f"line {row.line} of {row.source}"


def _measured(session: Session, selection: Selection) -> list[tuple[EvaluationRow, MeasurementRow]]:
    """Return matching values of evaluations; for a copy, the original result."""
    if selection.source is not None or selection.line is not None:
        return []
    query = (
        _matching(selection)
        .join(MeasurementRow, MeasurementRow.evaluation_id == EvaluationRow.id)
        .add_columns(MeasurementRow)
    )
    if selection.property is not None:
        query = query.where(MeasurementRow.property == selection.property)
    if selection.fidelity is not None:
        query = query.where(MeasurementRow.fidelity == selection.fidelity)
    found: dict[tuple[int, str, str], tuple[EvaluationRow, MeasurementRow]] = {}
    for evaluation, measurement in session.execute(query):
        origin = _origin(session, evaluation)
        own = next(
            (
                m
                for m in origin.measurements
                if (m.property, m.fidelity) == (measurement.property, measurement.fidelity)
            ),
            measurement,
        )
        found[origin.id, measurement.property, measurement.fidelity] = origin, own
    return list(found.values())


def _evaluations(session: Session, selection: Selection) -> list[EvaluationRow]:
    """Return matching evaluations with an outcome, or withdrawn ones selected by number; for a copy, the original."""
    if selection.source is not None or selection.line is not None:
        return []
    query = _matching(selection)
    wanted = ["done", "failed", "running"] + (["withdrawn"] if selection.evaluation is not None else [])
    query = query.where(EvaluationRow.state.in_(wanted))
    found: dict[int, EvaluationRow] = {}
    for row in session.scalars(query):
        if selection.fidelity is None or any(m.fidelity == selection.fidelity for m in row.measurements):
            origin = _origin(session, row)
            found[origin.id] = origin
    return list(found.values())


def _matching(selection: Selection) -> Any:
    query = select(EvaluationRow).join(CandidateRow, CandidateRow.id == EvaluationRow.candidate_id)
    if selection.campaign_id is not None:
        query = query.where(EvaluationRow.campaign_id == selection.campaign_id)
    if selection.evaluation is not None:
        query = query.where(EvaluationRow.ordinal == selection.evaluation)
    if selection.key is not None:
        query = query.where(CandidateRow.key == selection.key)
    return query.order_by(EvaluationRow.id)


def _imported(session: Session, selection: Selection) -> list[ImportedRow]:
    if selection.evaluation is not None:
        return []
    query = select(ImportedRow).where(ImportedRow.withdrawn.is_(False)).order_by(ImportedRow.id)
    for column, wanted in (
        (ImportedRow.key, selection.key), (ImportedRow.property, selection.property), (ImportedRow.line, selection.line),
        (ImportedRow.fidelity, selection.fidelity), (ImportedRow.source, selection.source),
    ):  # fmt: skip
        if wanted is not None:
            query = query.where(column == wanted)
    return list(session.scalars(query))


def _origin(session: Session, row: EvaluationRow) -> EvaluationRow:
    return row if row.shared_from is None else session.get_one(EvaluationRow, row.shared_from)


def _copies(session: Session, row: EvaluationRow) -> list[EvaluationRow]:
    return list(session.scalars(select(EvaluationRow).where(EvaluationRow.shared_from == row.id)))


def _withdraw_evaluation(session: Session, row: EvaluationRow, reason: str, *, again: bool) -> list[CorrectionRow]:
    if row.state == "running":
        raise CampaignBusy(f"evaluation {row.ordinal} is running; stop the campaign, or wait for the result")
    about = [_about_measured(row, measurement) for measurement in row.measurements]
    if row.failure is not None and not reasons_of(row.failure):
        failure = {"kind": row.failure.kind, "message": row.failure.message, "provenance": row.failure.provenance}
        about.append(_about_evaluation(row) | {"about": {"failure": failure, "provenance": row.provenance}})
    records = [_add(session, document, "withdrawn", reason) for document in about]
    if not records and not again:
        raise InvalidRequest(f"evaluation {row.ordinal} is withdrawn already; add --again to repeat it")
    session.flush()
    for own in (row, *_copies(session, row)):
        for record in records:
            _take(session, own, record, None)
        own.state, own.finished_no = "withdrawn", next_finished_no(session)
    return records


def _take(session: Session, row: EvaluationRow, record: CorrectionRow, measured: tuple[str, str] | None) -> None:
    """Remove one value of an evaluation, or all with the failure; an evaluation without values is withdrawn."""
    for own in row.measurements:
        if measured is None or (own.property, own.fidelity) == measured:
            session.delete(own)
    if measured is None and row.failure is not None:
        session.delete(row.failure)
    session.flush()
    session.expire(row, ["measurements", "failure"])
    if not row.measurements:
        row.state = "withdrawn"
        if row.failure is not None:
            session.delete(row.failure)
        session.execute(delete(ClaimRow).where(ClaimRow.evaluation_id == row.id))
    row.finished_no = next_finished_no(session)
    _tell(session, row, record)


def _once_more(session: Session, row: EvaluationRow) -> None:
    """Make an evaluation repeatable: with a new folder and seed, or as a candidate for `ask`."""
    if row.source == "outside":
        row.state = "expired"
        return
    campaign = session.get_one(CampaignRow, row.campaign_id)
    row.shared_from = None
    first = f"evaluations/{row.ordinal:05d}"
    times = int(row.folder.removeprefix(first).lstrip("-") or 1) + 1
    row.state, row.attempts, row.stage, row.fraction = "proposed", 0, None, None
    row.started_at = row.finished_at = row.ns_per_day = row.remaining_s = row.worker = None
    row.seed = int(seed_sequence(campaign.seed, row.candidate.key, f"again {times}").generate_state(1)[0]) >> 1
    row.folder = f"{first}-{times}"
    row.provenance, row.diagnostics = {}, {}
    campaign.stop_reason = campaign.finished_at = None


def _about_evaluation(row: EvaluationRow) -> dict[str, Any]:
    return {
        "campaign_id": row.campaign_id,
        "evaluation_id": row.id,
        "origin": "told" if row.source == "outside" else "simulated",
        "key": row.candidate.key,
        "psmiles": row.candidate.psmiles,
        "property": None, "fidelity": None, "unit": None, "old_value": None, "old_stderr": None, "about": {},
    }  # fmt: skip


def _about_measured(row: EvaluationRow, measurement: MeasurementRow) -> dict[str, Any]:
    return _about_evaluation(row) | {
        "property": measurement.property,
        "fidelity": measurement.fidelity,
        "unit": measurement.unit,
        "old_value": measurement.value,
        "old_stderr": measurement.stderr,
        "about": {"provenance": {**row.provenance, **measurement.provenance}, "folder": row.folder, "seed": row.seed},
    }


def _about_imported(row: ImportedRow) -> dict[str, Any]:
    return {
        "campaign_id": None,
        "evaluation_id": None,
        "origin": "imported",
        "key": row.key,
        "psmiles": row.psmiles,
        "property": row.property,
        "fidelity": row.fidelity,
        "unit": row.unit,
        "old_value": row.value,
        "old_stderr": row.stderr,
        "about": {"source": row.source, "digest": row.digest, "line": row.line, "imported_at": row.imported_at},
    }


def _add(
    session: Session, about: Mapping[str, Any], kind: str, reason: str, new: tuple[float, float] | None = None
) -> CorrectionRow:
    row = CorrectionRow(
        **about, at=time.time(), who=author(), reason=reason, kind=kind,
        new_value=new[0] if new else None, new_stderr=new[1] if new else None,
    )  # fmt: skip
    session.add(row)
    return row


def _mark(row: CorrectionRow) -> dict[str, Any]:
    return {
        "at": row.at, "who": row.who, "reason": row.reason, "old_value": row.old_value, "old_stderr": row.old_stderr
    }  # fmt: skip


def _tell(session: Session, row: EvaluationRow, record: CorrectionRow) -> None:
    message = f"{correction_text(_record(session, record))} ({record.who}: {record.reason})"
    session.add(
        EventRow(
            campaign_id=row.campaign_id, evaluation_id=row.id, at=record.at, kind=record.kind, message=message
        )
    )  # fmt: skip


def correction_text(record: CorrectionRecord) -> str:
    """Return the change in one line, without author and reason."""
    what = "its failure" if record.property is None else f"{record.property} at {record.fidelity}"
    unit = f" {record.unit}" if record.unit not in (None, "1") else ""
    old = "" if record.old_value is None else f" {with_error(record.old_value, record.old_stderr or 0.0)}{unit}"
    new = "" if record.new_value is None else f" to {with_error(record.new_value, record.new_stderr or 0.0)}{unit}"
    done = "replaced" if record.kind == "replaced" else f"{record.kind}{new}"
    return f"{record.psmiles}: {what}{old} {done}" + (f" by{new[3:]}" if new and record.kind == "replaced" else "")


def _record(session: Session, row: CorrectionRow) -> CorrectionRecord:
    campaign = session.get(CampaignRow, row.campaign_id) if row.campaign_id is not None else None
    evaluation = session.get(EvaluationRow, row.evaluation_id) if row.evaluation_id is not None else None
    return CorrectionRecord(
        id=row.id, at=row.at, who=row.who, reason=row.reason, kind=row.kind, origin=row.origin,
        campaign=campaign.name if campaign else None, ordinal=evaluation.ordinal if evaluation else None,
        key=row.key, psmiles=row.psmiles, property=row.property, fidelity=row.fidelity, unit=row.unit,
        old_value=row.old_value, old_stderr=row.old_stderr, new_value=row.new_value, new_stderr=row.new_stderr,
        about=dict(row.about),
    )  # fmt: skip


def _without_result(session: Session, selection: Selection) -> str:
    """Return an error message if the selected evaluation has no result yet, else an empty string."""
    if selection.evaluation is None:
        return ""
    row = session.scalars(
        _matching(selection).where(EvaluationRow.state.in_(("proposed", "reserved", "expired")))
    ).first()
    if row is None:
        return ""
    waits = (
        "has no result yet"
        if row.state == "proposed"
        else "waits for a result measured outside; record it with `designer tell`"
    )
    return f"evaluation {row.ordinal} is {row.state} and {waits}"


def _which(
    found: Sequence[tuple[EvaluationRow, MeasurementRow]],
    known: Sequence[ImportedRow],
    verb: str,
    whole: Sequence[EvaluationRow] = (),
) -> str:
    """Return that nothing matches, or a list of the matches."""
    listed = [f"evaluation {e.ordinal} ({m.property} {m.value:.6g} at {m.fidelity})" for e, m in found] + [
        f"evaluation {e.ordinal} ({e.candidate.psmiles}, {e.state})" for e in whole
    ]
    listed += [
        f"{k.source} line {k.line} ({k.property} {'failed' if k.value is None else f'{k.value:.6g}'} at {k.fidelity})"
        for k in known
    ]
    if not listed:
        return f"nothing to {verb} matches; `designer export STORE` lists the results"
    more = f" and {len(listed) - MOST_LISTED} more" if len(listed) > MOST_LISTED else ""
    remedy = "select one with --evaluation, --fidelity, or --source and --line"
    return (
        f"{len(listed)} results match: {', '.join(listed[:MOST_LISTED])}{more}; {remedy}"
        f"{', or pass --all' if verb == 'withdraw' else ''}"
    )
