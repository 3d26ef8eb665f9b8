"""Follow a campaign in its store without reading it all again and again."""

from sqlalchemy import func, or_, select
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
        self._open: set[int] = set()
        self._last_ordinal = 0
        self._last_measurement = 0
        self._begun = False

    def poll(self) -> tuple[EvaluationRecord, ...]:
        """Return the open evaluations, and those that finished or were measured again since the last call."""
        query = select(func.coalesce(func.max(MeasurementRow.id), 0))
        with Session(self._store.engine) as session:
            newest = session.scalar(query) or 0
        found = self._since() if self._begun else self._store.evaluations()
        self._begun, self._last_measurement = True, newest
        self._last_ordinal = max([self._last_ordinal, *(record.ordinal for record in found)])
        self._open = {record.id for record in found if record.state in OPEN}
        return found

    def _since(self) -> tuple[EvaluationRecord, ...]:
        mine = EvaluationRow.campaign_id == self._store.campaign_id
        measured = select(MeasurementRow.evaluation_id).where(MeasurementRow.id > self._last_measurement)
        fresh = or_(
            EvaluationRow.state.in_(OPEN), EvaluationRow.ordinal > self._last_ordinal, EvaluationRow.id.in_(measured)
        )
        with Session(self._store.engine) as session:
            rows = {row.id: row for row in session.scalars(select(EvaluationRow).where(mine, fresh))}
            # What was open and is so no longer has finished; failures leave no measurement to find them by.
            gone = sorted(self._open - rows.keys())
            for start in range(0, len(gone), _AT_ONCE):
                chosen = EvaluationRow.id.in_(gone[start : start + _AT_ONCE])
                rows |= {row.id: row for row in session.scalars(select(EvaluationRow).where(chosen))}
            return tuple(evaluation_record(row) for row in sorted(rows.values(), key=lambda row: row.ordinal))
