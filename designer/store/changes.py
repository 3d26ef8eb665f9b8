"""Follow a campaign in its store without reading it all again and again."""

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from designer.store.convert import evaluation_record
from designer.store.orm import EvaluationRow, MeasurementRow
from designer.store.records import EvaluationRecord
from designer.store.store import CampaignStore

OPEN = ("proposed", "running")
_AT_ONCE = 500
"""Rows named in one query; databases limit its length."""


class Changes:
    """Hands out what is new since the last call; no clock is involved.

    Args:
        store: The campaign.
    """

    def __init__(self, store: CampaignStore) -> None:
        self._store = store
        self._open: dict[int, EvaluationRecord] = {}
        self._last_ordinal = 0
        self._last_measurement = 0
        self._begun = False

    def poll(self) -> tuple[EvaluationRecord, ...]:
        """Return the open evaluations, and those that finished or were measured again since the last call."""
        query = select(func.coalesce(func.max(MeasurementRow.id), 0))
        with Session(self._store.engine) as session:
            newest = session.scalar(query) or 0
            found = self._since(session, newest) if self._begun else self._store.evaluations()
        self._begun, self._last_measurement = True, newest
        self._last_ordinal = max([self._last_ordinal, *(record.ordinal for record in found)])
        self._open = {record.id: record for record in found if record.state in OPEN}
        return found

    def _since(self, session: Session, newest: int) -> tuple[EvaluationRecord, ...]:
        mine = EvaluationRow.campaign_id == self._store.campaign_id
        still = {row.id: row for row in session.execute(select(*_MOVING).where(mine, EvaluationRow.state.in_(OPEN)))}
        found = {number: _moved(record, still[number]) for number, record in self._open.items() if number in still}
        # What was open and is so no longer has finished; failures leave no measurement to find them by.
        wanted = (still.keys() | self._open.keys()) - found.keys()
        fresh = select(EvaluationRow.id).where(mine, EvaluationRow.ordinal > self._last_ordinal)
        wanted |= set(session.scalars(fresh)) - found.keys()
        if newest > self._last_measurement:
            measured = select(MeasurementRow.evaluation_id).where(MeasurementRow.id > self._last_measurement)
            wanted |= set(session.scalars(select(EvaluationRow.id).where(mine, EvaluationRow.id.in_(measured))))
        numbers = sorted(wanted)
        for start in range(0, len(numbers), _AT_ONCE):
            rows = select(EvaluationRow).where(EvaluationRow.id.in_(numbers[start : start + _AT_ONCE]))
            found |= {row.id: evaluation_record(row) for row in session.scalars(rows)}
        return tuple(sorted(found.values(), key=lambda record: record.ordinal))


_MOVING = (
    EvaluationRow.id,
    EvaluationRow.state,
    EvaluationRow.stage,
    EvaluationRow.fraction,
    EvaluationRow.attempts,
    EvaluationRow.started_at,
)
"""What changes while an evaluation is open; the rest of its row is read once."""


def _moved(record: EvaluationRecord, row: Any) -> EvaluationRecord:
    return replace(
        record,
        state=row.state,
        stage=row.stage,
        fraction=row.fraction,
        attempts=row.attempts,
        started_at=row.started_at,
    )
