"""Known data in a store: values and failures that none of its campaigns measured."""

import math
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.orm import Session

from designer.errors import ImportConflict
from designer.store.engine import durable
from designer.store.orm import CorrectionRow, ImportedRow
from designer.store.transactions import transaction
from mdcore.chem import property_spec

AT_A_TIME = 1000
"""Rows written by one statement."""
ROUNDING = 1e-9
"""Numbers that differ by less are the same one in other units."""


@dataclass(frozen=True)
class ImportedRecord:
    """One known value of one polymer, or the record that its measurement failed.

    Attributes:
        key: Canonical key of the repeat unit.
        psmiles: Its spelling.
        property: Registry name.
        value: Value in the registry's unit, None for a failure.
        stderr: Its standard error, zero where none was given.
        fidelity: Source of the value, such as `md-gaff2` or `experiment`.
        line: Line of the source it was read from.
        digest: SHA-256 of the source, empty before it is in the store.
    """

    key: str
    psmiles: str
    property: str
    value: float | None
    stderr: float
    fidelity: str
    line: int
    digest: str = ""


@dataclass(frozen=True)
class Added:
    """Outcome of an import.

    Attributes:
        added: Number of added values and failures.
        withdrawn: Number left out because they had been withdrawn.
        differing: Number of polymers and properties with different values in other files at the same fidelity.
        restored: Number of corrected or withdrawn values that the file restored.
    """

    added: int
    withdrawn: int
    differing: int
    restored: int = 0


def add_imported(
    engine: Engine, records: Sequence[ImportedRecord], *, source: str, digest: str, replace: bool = False
) -> Added:
    """Add the content of a file in one transaction.

    Existing values are kept, including corrections and withdrawals. Different numbers for an existing row, or different content under the
    same name, are rejected, or replace the older ones, which stay on record.

    Args:
        engine: The store.
        records: Content of the file, all of one fidelity.
        source: Name of the file.
        digest: SHA-256 of its bytes.
        replace: Whether to replace earlier content of this source and fidelity.

    Raises:
        ImportConflict: The source was imported before with different content.
    """
    from designer.store.corrections import author, record_replaced

    fidelities = sorted({record.fidelity for record in records})
    now = time.time()
    with transaction(durable(engine)) as session:
        for fidelity in fidelities:
            there = (ImportedRow.source == source) & (ImportedRow.fidelity == fidelity)
            other = session.scalar(select(func.count()).where(there & (ImportedRow.digest != digest)))
            if other and not replace:
                raise ImportConflict(
                    f"{source!r} was imported before at {fidelity} with different content ({other} values); pass --replace to "
                    "replace it, or rename the file to keep both"
                )
        mine = (ImportedRow.digest == digest) & ImportedRow.fidelity.in_(fidelities)
        restored = 0
        if replace:
            named = (ImportedRow.source == source) & ImportedRow.fidelity.in_(fidelities)
            old = list(session.scalars(select(ImportedRow).where(mine | named).order_by(ImportedRow.id)))
            fresh = [
                {"key": r.key, "property": r.property, "value": r.value, "stderr": r.stderr, "line": r.line}
                for r in records
            ]
            restored = _restored(session, old, {(record.key, record.property) for record in records})
            record_replaced(session, old, fresh, reason=f"import --replace of {source} by {author()}")
            for row in old:
                session.expunge(row)
            session.execute(delete(ImportedRow).where(mine | named))
        known = {
            (row.fidelity, row.line, row.property): row for row in session.scalars(select(ImportedRow).where(mine))
        }
        _refuse_other_numbers(session, records, known, source)
        rows = [
            {
                "key": record.key,
                "psmiles": record.psmiles,
                "property": record.property,
                "value": record.value,
                "stderr": record.stderr,
                "unit": property_spec(record.property).unit,
                "fidelity": record.fidelity,
                "source": source,
                "digest": digest,
                "line": record.line,
                "imported_at": now,
            }
            for record in records
            if (record.fidelity, record.line, record.property) not in known
        ]
        differing = _differing(session, records, digest) if rows else 0
        for start in range(0, len(rows), AT_A_TIME):
            session.execute(insert(ImportedRow), rows[start : start + AT_A_TIME])
        withdrawn = sum(
            known[place].withdrawn
            for record in records
            if (place := (record.fidelity, record.line, record.property)) in known
        )
    return Added(len(rows), withdrawn, differing, restored)


def _refuse_other_numbers(
    session: Session,
    records: Sequence[ImportedRecord],
    known: Mapping[tuple[str, int, str], ImportedRow],
    source: str,
) -> None:
    """Reject numbers that differ from the stored ones of the same rows of the same file, unless these were corrected."""
    others = []
    for record in records:
        row = known.get((record.fidelity, record.line, record.property))
        if row is not None and not row.withdrawn and not _same(record, row):
            others.append((record, row))
    if not others:
        return
    corrected = _corrected(session)
    others = [(r, row) for r, row in others if (row.digest, row.line, row.property) not in corrected]
    if others:
        record, row = others[0]
        unit = "" if row.unit == "1" else f" {row.unit}"
        raise ImportConflict(
            f"{source!r} was imported before with {len(others)} other number{'s' if len(others) > 1 else ''} (line {row.line}: "
            f"{row.property} {_shown(row.value)}{unit} is stored, {_shown(record.value)}{unit} was read); pass --replace to "
            "replace them"
        )


def _corrected(session: Session) -> set[tuple[str | None, int | None, str | None]]:
    """Return digest, line and property of the known values that were ever corrected."""
    query = select(CorrectionRow.about, CorrectionRow.property).where(
        CorrectionRow.origin == "imported", CorrectionRow.kind == "corrected"
    )
    return {(about.get("digest"), about.get("line"), name) for about, name in session.execute(query)}


def _restored(session: Session, old: Sequence[ImportedRow], fresh: Collection[tuple[str, str]]) -> int:
    """Count the corrected or withdrawn values that a file restores for the same polymer and property."""
    corrected = _corrected(session)
    return sum(
        (row.key, row.property) in fresh and (row.withdrawn or (row.digest, row.line, row.property) in corrected)
        for row in old
    )


def _same(record: ImportedRecord, row: ImportedRow) -> bool:
    if record.value is None or row.value is None:
        return record.value is row.value
    return math.isclose(record.value, row.value, rel_tol=ROUNDING) and math.isclose(
        record.stderr, row.stderr, rel_tol=ROUNDING
    )


def _shown(value: float | None) -> str:
    return "a failure" if value is None else f"{value:.6g}"


def _differing(session: Session, records: Sequence[ImportedRecord], digest: str) -> int:
    """Count the polymers and properties with different values in other files at the same fidelity."""
    there: dict[tuple[str, str, str], list[float]] = {}
    query = select(ImportedRow.key, ImportedRow.property, ImportedRow.fidelity, ImportedRow.value).where(
        ImportedRow.digest != digest, ImportedRow.withdrawn.is_(False), ImportedRow.value.is_not(None)
    )
    for key, name, fidelity, value in session.execute(query):
        if value is not None:
            there.setdefault((key, name, fidelity), []).append(value)
    found = set()
    for record in records:
        place = (record.key, record.property, record.fidelity)
        others = there.get(place, ()) if record.value is not None else ()
        if any(not math.isclose(value, record.value or 0.0, rel_tol=ROUNDING) for value in others):
            found.add(place)
    return len(found)


def imported_records(engine: Engine) -> tuple[ImportedRecord, ...]:
    """Return the known data of a store, sorted by content so that the order of imports changes nothing."""
    with Session(engine) as session:
        found = [
            ImportedRecord(
                row.key, row.psmiles, row.property, row.value, row.stderr, row.fidelity, row.line, row.digest
            )
            for row in session.scalars(select(ImportedRow).where(ImportedRow.withdrawn.is_(False)))
        ]
    return tuple(sorted(found, key=lambda r: (r.key, r.fidelity, r.digest, r.line, r.property)))
