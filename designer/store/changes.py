"""Incremental reading of a campaign from its store."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from designer.store.knowledge import brief_records
from designer.store.orm import EvaluationRow
from designer.store.records import OPEN, EvaluationRecord
from designer.store.store import CampaignStore

UNFINISHED = (*OPEN, "expired")
"""States that may still end in a result, expired reservations included."""
_AT_ONCE = 500
"""Maximum number of identities in one query, whose length databases limit."""
_MOVING = ("state", "stage", "fraction", "ns_per_day", "remaining_s", "attempts", "started_at")
"""Columns that change while an evaluation is open; the others are read once."""


class Changes:
    """Returns what has changed since the last call, without using clocks.

    Args:
        store: The campaign.
    """

    def __init__(self, store: CampaignStore) -> None:
        self._store = store
        self._open: dict[int, EvaluationRecord] = {}
        self._newest = 0
        self._begun = False

    def poll(self) -> tuple[EvaluationRecord, ...]:
        """Return the open evaluations and those finished since the last call, without diagnostics and provenance."""
        with Session(self._store.engine) as session:
            records = self._since(session) if self._begun else self._everything(session)
        self._begun = True
        self._newest = max([self._newest, *(record.finished_no or 0 for record in records)])
        self._open = {record.id: record for record in records if record.state in UNFINISHED}
        return records

    def _everything(self, session: Session) -> tuple[EvaluationRecord, ...]:
        return tuple(brief_records(session, EvaluationRow.campaign_id == self._store.campaign_id))

    def _since(self, session: Session) -> tuple[EvaluationRecord, ...]:
        mine = EvaluationRow.campaign_id == self._store.campaign_id
        still = {
            row.id: row for row in session.execute(select(*_columns()).where(mine, EvaluationRow.state.in_(UNFINISHED)))
        }
        found = {number: _moved(record, still[number]) for number, record in self._open.items() if number in still}
        new = sorted(still.keys() - found.keys())
        for start in range(0, len(new), _AT_ONCE):
            chosen = brief_records(session, mine & EvaluationRow.id.in_(new[start : start + _AT_ONCE]))
            found |= {record.id: record for record in chosen}
        # Last, so that evaluations that finish meanwhile are returned as finished.
        finished = brief_records(session, mine & (EvaluationRow.finished_no > self._newest))
        found |= {record.id: record for record in finished}
        return tuple(sorted(found.values(), key=lambda record: record.ordinal))


def _columns() -> list[Any]:
    return [EvaluationRow.id, *(getattr(EvaluationRow, name) for name in _MOVING)]


def _moved(record: EvaluationRecord, row: Any) -> EvaluationRecord:
    return replace(record, **{name: getattr(row, name) for name in _MOVING})
