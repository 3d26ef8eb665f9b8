"""Known data in a store: values and failures that no campaign of it measured."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.orm import Session

from designer.errors import ImportConflict
from designer.store.orm import ImportedRow
from designer.store.transactions import transaction
from mdcore.chem import property_spec

AT_A_TIME = 1000
"""Rows written by one statement."""


@dataclass(frozen=True)
class ImportedRecord:
    """One known value of one polymer, or the record that its measurement failed.

    Attributes:
        key: Canonical key of the repeat unit.
        psmiles: Its spelling.
        property: Registry name.
        value: Value in the registry's unit, None for a failure.
        stderr: Its standard error, zero where none was given.
        fidelity: Where it comes from, as `md-gaff2` or `experiment`.
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


def add_imported(
    engine: Engine, records: Sequence[ImportedRecord], *, source: str, digest: str, replace: bool = False
) -> int:
    """Add what one file holds, all of it or nothing.

    A file that is there already is left as it is. One of the same name and fidelity but other content is refused, or
    takes the place of the older one.

    Args:
        engine: The store.
        records: What the file holds, all of one fidelity.
        source: Name of the file.
        digest: SHA-256 of its bytes.
        replace: Take older content of this source and fidelity away.

    Returns:
        Number of values and failures that were added.

    Raises:
        ImportConflict: Other content of this source is there.
    """
    fidelities = sorted({record.fidelity for record in records})
    now = time.time()
    with transaction(engine) as session:
        for fidelity in fidelities:
            there = (ImportedRow.source == source) & (ImportedRow.fidelity == fidelity)
            other = session.scalar(select(func.count()).where(there & (ImportedRow.digest != digest)))
            if other and not replace:
                raise ImportConflict(
                    f"{source!r} was imported at {fidelity} before with other content ({other} values); pass --replace to "
                    "put this in its place, or rename the file to keep both"
                )
            if replace:
                session.execute(delete(ImportedRow).where(there))
        known = {
            (row.fidelity, row.line, row.property)
            for row in session.execute(
                select(ImportedRow.fidelity, ImportedRow.line, ImportedRow.property).where(ImportedRow.digest == digest)
            )
        }
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
        for start in range(0, len(rows), AT_A_TIME):
            session.execute(insert(ImportedRow), rows[start : start + AT_A_TIME])
    return len(rows)


def imported_records(engine: Engine) -> tuple[ImportedRecord, ...]:
    """Return the known data of a store, sorted by content so that the order of imports changes nothing."""
    with Session(engine) as session:
        found = [
            ImportedRecord(
                row.key, row.psmiles, row.property, row.value, row.stderr, row.fidelity, row.line, row.digest
            )
            for row in session.scalars(select(ImportedRow))
        ]
    return tuple(sorted(found, key=lambda r: (r.key, r.fidelity, r.digest, r.line, r.property)))
