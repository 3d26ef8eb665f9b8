"""State of a campaign in memory, updated incrementally: the cost of an update does not grow with the number of evaluations."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from designer.analysis.front import front_records
from designer.store.records import FINISHED, OPEN, EvaluationRecord
from surrogates import Constraint, Objective


class Ledger:
    """The evaluations of a campaign, and results of other campaigns of the same store.

    Args:
        objectives: Objectives of the front.
        limits: Limits that evaluations on the front must respect.

    Attributes:
        front: The non-dominated evaluations of this campaign.
        newest: Number of the newest known result.
    """

    def __init__(self, objectives: Sequence[Objective], limits: Sequence[Constraint] = ()) -> None:
        self._objectives, self._limits = objectives, limits
        self._own: dict[int, EvaluationRecord] = {}
        self._elsewhere: dict[int, EvaluationRecord] = {}
        self._pending: tuple[EvaluationRecord, ...] = ()
        self._counts: Counter[str] = Counter()
        self._keys: set[str] = set()
        self.front: tuple[EvaluationRecord, ...] = ()
        self.newest = 0

    def load(self, records: Iterable[EvaluationRecord]) -> None:
        """Add many evaluations of this campaign."""
        for record in records:
            self._enter(record)
        self.front = front_records(tuple(self._own.values()), self._objectives, self._limits)

    def put(self, record: EvaluationRecord) -> None:
        """Add or update an evaluation of this campaign."""
        before = self._own.get(record.id)
        self._enter(record)
        now = self._own[record.id]
        if before is not None and before.state == "done" and before.measurements != now.measurements:
            # A value was corrected or withdrawn: evaluations that it dominated may return to the front.
            self.front = front_records(tuple(self._own.values()), self._objectives, self._limits)
        elif record.state == "done" and (before is None or before.measurements != now.measurements):
            others = tuple(member for member in self.front if member.id != record.id)
            self.front = front_records((*others, self._own[record.id]), self._objectives, self._limits)

    def put_elsewhere(self, record: EvaluationRecord) -> None:
        """Add a result of another campaign."""
        self._elsewhere[record.id] = record
        if record.state == "withdrawn":
            self._keys.discard(record.key)
            self._keys.update(own.key for own in self._own.values() if own.key == record.key)
        else:
            self._keys.add(record.key)
        self.newest = max(self.newest, record.finished_no or 0)

    def set_pending_elsewhere(self, records: Sequence[EvaluationRecord]) -> None:
        """Set the evaluations that other campaigns are running."""
        self._pending = tuple(records)

    @property
    def taken(self) -> set[str]:
        """Return the canonical keys that must not be chosen again."""
        return self._keys.union(record.key for record in self._pending)

    @property
    def pending_elsewhere(self) -> int:
        """Return the number of evaluations that other campaigns are running."""
        return len(self._pending)

    def get(self, evaluation_id: int) -> EvaluationRecord | None:
        """Return an evaluation of this campaign, or None."""
        return self._own.get(evaluation_id)

    def own(self, *states: str) -> list[EvaluationRecord]:
        """Return this campaign's evaluations in one of `states`, or all, in the order of their choice."""
        found = (record for record in self._own.values() if not states or record.state in states)
        return sorted(found, key=lambda record: record.ordinal)

    def everything(self) -> tuple[EvaluationRecord, ...]:
        """Return all evaluations that a choice takes into account: own ones, results of other campaigns, and their running ones."""
        return (*self._own.values(), *self._elsewhere.values(), *self._pending)

    @property
    def finished(self) -> int:
        """Return the number of evaluations of this campaign that are done or failed."""
        return sum(self._counts[state] for state in FINISHED)

    @property
    def open(self) -> int:
        """Return the number of proposed and running evaluations; reservations are not counted."""
        return sum(self._counts[state] for state in OPEN) - self._counts["reserved"]

    def __len__(self) -> int:
        return len(self._own)

    def _enter(self, record: EvaluationRecord) -> None:
        before = self._own.get(record.id)
        if before is not None:
            self._counts[before.state] -= 1
        self._own[record.id] = record = _brief(record)
        self._counts[record.state] += 1
        self.newest = max(self.newest, record.finished_no or 0)
        if record.state == "expired":
            self._keys.discard(record.key)
        else:
            self._keys.add(record.key)


def _brief(record: EvaluationRecord) -> EvaluationRecord:
    """Drop data that no choice depends on, to bound the memory of a long campaign."""
    if not record.provenance and not record.diagnostics:
        return record
    measurements = tuple(replace(m, provenance={}) for m in record.measurements)
    return replace(record, provenance={}, diagnostics={}, measurements=measurements)
