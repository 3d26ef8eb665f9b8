"""Reading and writing of one campaign; every method is one transaction, so that a killed process loses nothing."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from designer.errors import CampaignMismatch, UnknownCampaign
from designer.store.convert import beyond, campaign_record, evaluation_record, measurement_rows
from designer.store.engine import close_engine, settle_engine
from designer.store.identities import difference
from designer.store.orm import (
    CampaignRow,
    CandidateRow,
    ClaimRow,
    CounterRow,
    EvaluationRow,
    EventRow,
    FailureRow,
    MeasurementRow,
)
from designer.store.records import FINISHED, STATES, CampaignRecord, EvaluationRecord, EventRecord, PredictedValue
from designer.store.transactions import Patience, read, transaction, write
from mdcore.chem import Failure, Measurement, unconverged

T = TypeVar("T")
_FLAWED = (
    (func.abs(MeasurementRow.value) > sys.float_info.max)
    | (MeasurementRow.stderr > sys.float_info.max)
    | (MeasurementRow.stderr < 0)
)
"""Invalid measurements, NaN included, which PostgreSQL sorts above all numbers and SQLite cannot store."""


def campaign_names(engine: Engine) -> list[str]:
    """Return the names of the campaigns in a store, oldest first."""
    return read(
        engine, Patience(), lambda session: list(session.scalars(select(CampaignRow.name).order_by(CampaignRow.id)))
    )


class CampaignStore:
    """One campaign in a store.

    Args:
        engine: An opened store.
        campaign_id: The campaign.

    Attributes:
        patience: Time to wait for a store that does not answer; initially that of the engine for locks.
    """

    def __init__(self, engine: Engine, campaign_id: int) -> None:
        self.engine = engine
        self.campaign_id = campaign_id
        self.patience = Patience(engine.get_execution_options().get("wait_s", 0.0))

    @classmethod
    def find(cls, engine: Engine, name: str | None = None) -> "CampaignStore":
        """Find a campaign by name; without a name, the only one.

        Raises:
            UnknownCampaign: It does not exist, or there are several and no name was given.
        """
        names = campaign_names(engine)
        if name is None and len(names) == 1:
            name = names[0]
        if not names:
            absent = "" if name is None else f"campaign {name!r} is not in the store: "
            raise UnknownCampaign(f"{absent}the store has no campaign; start one with `designer run CONFIG`")
        if name not in names:
            held = ", ".join(names)
            what = "no name was given" if name is None else f"campaign {name!r} is not in the store"
            raise UnknownCampaign(f"{what}; choose one with --campaign (held: {held})")
        with Session(engine) as session:
            row = session.scalars(select(CampaignRow).where(CampaignRow.name == name)).one()
            return cls(engine, row.id)

    @classmethod
    def begin(
        cls, engine: Engine, *, name: str, seed: int, config: Mapping[str, Any], identity: Mapping[str, Any]
    ) -> "CampaignStore":
        """Create a campaign, or resume the one of this name.

        Raises:
            CampaignMismatch: The stored campaign has another identity.
        """
        with transaction(engine) as session:
            row = session.scalar(select(CampaignRow).where(CampaignRow.name == name))
            if new := row is None:
                row = CampaignRow(
                    name=name, seed=seed, config=dict(config), identity=dict(identity), created_at=time.time()
                )
                session.add(row)
                session.flush()
            elif any(row.identity.get(key) != identity[key] for key in identity):
                raise CampaignMismatch(
                    f"campaign {name!r} differs from the stored one in {difference(row.identity, identity)}"
                )
            elif row.config != dict(config):
                row.config = dict(config)
                session.add(
                    EventRow(campaign_id=row.id, at=time.time(), kind="config", message="configuration changed")
                )
        if new:
            # A copy of the file alone, made while the campaign runs, then contains at least the campaign.
            settle_engine(engine)
        return cls(engine, row.id)

    def transaction(self) -> AbstractContextManager[Session]:
        """Open a writing transaction, without retries."""
        return transaction(self.engine)

    def check_writable(self) -> None:
        """Check that the store is writable.

        Raises:
            StoreLocked: The database is locked.
            StoreReadOnly: It is read-only.
        """
        row = update(CampaignRow).where(CampaignRow.id == self.campaign_id)
        self.write(lambda session: session.execute(row.values(name=CampaignRow.name)))

    def write(self, action: Callable[[Session], T]) -> T:
        """Run an action in one writing transaction, with retries within `patience`."""
        return write(self.engine, self.patience, action)

    def read(self, action: Callable[[Session], T]) -> T:
        """Run an action that reads, with retries within `patience`."""
        return read(self.engine, self.patience, action)

    def campaign(self) -> CampaignRecord:
        """Return the campaign itself."""
        return self.read(lambda session: campaign_record(session.get_one(CampaignRow, self.campaign_id)))

    def evaluations(self, *states: str) -> tuple[EvaluationRecord, ...]:
        """Return the evaluations in one of `states` (all by default), in the order of their choice."""
        query = select(EvaluationRow).where(EvaluationRow.campaign_id == self.campaign_id)
        if states:
            # Invalid measurements that an earlier version stored as done are returned as failures.
            query = query.where(EvaluationRow.state.in_({*states, *(("done",) if "failed" in states else ())}))
        query = query.order_by(EvaluationRow.ordinal)
        records = self.read(lambda session: [evaluation_record(row) for row in session.scalars(query)])
        return tuple(record for record in records if not states or record.state in states)

    def counts(self) -> dict[str, int]:
        """Return the number of evaluations in each state."""
        query = (
            select(EvaluationRow.state, func.count())
            .where(EvaluationRow.campaign_id == self.campaign_id)
            .group_by(EvaluationRow.state)
        )
        unusable = (
            select(func.count(func.distinct(MeasurementRow.evaluation_id)))
            .join(EvaluationRow, EvaluationRow.id == MeasurementRow.evaluation_id)
            .where(EvaluationRow.campaign_id == self.campaign_id, EvaluationRow.state == "done", _FLAWED)
        )

        def count(session: Session) -> dict[str, int]:
            found = {row[0]: row[1] for row in session.execute(query)}
            if flawed := session.scalar(unusable):
                found["done"] -= flawed
                found["failed"] = found.get("failed", 0) + flawed
            return found

        found = self.read(count)
        return {
            state: found.get(state, 0)
            for state in STATES
            if state in found or state not in ("reserved", "expired", "withdrawn")
        }

    def propose(
        self,
        *,
        key: str,
        psmiles: str,
        origin: str,
        log_prior: float | None,
        in_corpus: bool,
        step: str,
        settings_digest: str,
        acquisition: float | None,
        predicted: Mapping[str, PredictedValue],
        substance: Mapping[str, Any] | None = None,
    ) -> EvaluationRecord:
        """Record a chosen candidate and its evaluation, not yet running.

        Without the document of a `substance` it is the homopolymer of `psmiles`.

        Raises:
            IntegrityError: The campaign evaluates this candidate already.
        """

        def action(session: Session) -> EvaluationRecord:
            row = new_evaluation(
                session,
                self.campaign_id,
                candidate={
                    "key": key, "psmiles": psmiles, "origin": origin, "log_prior": log_prior, "in_corpus": in_corpus,
                    "substance": None if substance is None else dict(substance),
                },
                state="proposed",
                step=step,
                settings_digest=settings_digest,
                acquisition=acquisition,
                predicted={name: [value.mean, value.sd] for name, value in predicted.items()},
            )  # fmt: skip
            return evaluation_record(row)

        return self.write(action)

    def start(self, evaluation_id: int) -> EvaluationRecord:
        """Mark an evaluation as running until its outcome is recorded."""

        def action(session: Session) -> EvaluationRecord:
            row = session.get_one(EvaluationRow, evaluation_id)
            row.state = "running"
            row.attempts += 1
            row.started_at = row.started_at or time.time()
            return evaluation_record(row)

        return self.write(action)

    def progress(
        self,
        evaluation_id: int,
        stage: str,
        fraction: float,
        ns_per_day: float | None = None,
        remaining_s: float | None = None,
    ) -> None:
        """Record progress, speed and remaining time of a running evaluation, for other processes."""
        values = {"stage": stage, "fraction": fraction, "ns_per_day": ns_per_day, "remaining_s": remaining_s}
        self.write(
            lambda session: session.execute(
                update(EvaluationRow).where(EvaluationRow.id == evaluation_id).values(values)
            )
        )

    def finish(
        self,
        evaluation_id: int,
        outcome: Sequence[Measurement] | Failure,
        *,
        worker: str,
        wall_s: float,
        diagnostics: Mapping[str, Any],
        provenance: Mapping[str, Any],
        cpu_hours: float = 0.0,
        gpu_hours: float = 0.0,
    ) -> EvaluationRecord:
        """Record the outcome of an evaluation; further outcomes are ignored."""

        def action(session: Session) -> EvaluationRecord:
            row = session.get_one(EvaluationRow, evaluation_id)
            if row.state not in FINISHED:
                row.worker, row.wall_s = worker, wall_s
                row.diagnostics, row.provenance = dict(diagnostics), dict(provenance)
                row.cpu_hours, row.gpu_hours = cpu_hours, gpu_hours
                record_outcome(session, row, outcome)
                session.execute(delete(ClaimRow).where(ClaimRow.evaluation_id == row.id))
                session.flush()
            return evaluation_record(row)

        return self.write(action)

    def add_event(self, kind: str, message: str, evaluation_id: int | None = None) -> None:
        """Record an event."""
        event = {"campaign_id": self.campaign_id, "evaluation_id": evaluation_id, "at": time.time()}
        self.write(lambda session: session.add(EventRow(kind=kind, message=message, **event)))

    def events(self) -> tuple[EventRecord, ...]:
        """Return the events, oldest first."""
        query = (
            select(EventRow, EvaluationRow.ordinal)
            .outerjoin(EvaluationRow, EvaluationRow.id == EventRow.evaluation_id)
            .where(EventRow.campaign_id == self.campaign_id)
            .order_by(EventRow.id)
        )
        return self.read(
            lambda session: tuple(EventRecord(e.at, e.kind, e.message, no) for e, no in session.execute(query))
        )

    def mark_finished(self, reason: str | None) -> None:
        """Record the stopping criterion that was reached; None removes it after a criterion was relaxed."""
        values = {"stop_reason": reason, "finished_at": None if reason is None else time.time()}
        self.write(
            lambda session: session.execute(
                update(CampaignRow).where(CampaignRow.id == self.campaign_id).values(values)
            )
        )

    def close(self) -> bool:
        """Close the connections; for the return value see `close_engine`."""
        return close_engine(self.engine)

    def __enter__(self) -> "CampaignStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def new_evaluation(session: Session, campaign_id: int, *, candidate: Mapping[str, Any], **values: Any) -> EvaluationRow:
    """Add an evaluation with the next ordinal, and its candidate if it is new."""
    now = time.time()
    # The lock prevents two processes from choosing the same ordinal.
    campaign = session.get_one(CampaignRow, campaign_id, with_for_update=True)
    last = session.scalar(select(func.max(EvaluationRow.ordinal)).where(EvaluationRow.campaign_id == campaign_id))
    ordinal = (last or 0) + 1
    known = session.scalar(
        select(CandidateRow).where(CandidateRow.campaign_id == campaign_id, CandidateRow.key == candidate["key"])
    )
    row = EvaluationRow(
        campaign_id=campaign_id,
        candidate=known or CandidateRow(campaign_id=campaign_id, created_at=now, **candidate),
        ordinal=ordinal,
        seed=campaign.seed,
        folder=f"evaluations/{ordinal:05d}",
        created_at=now,
        **{"attempts": 0, "wall_s": 0.0, "diagnostics": {}, "provenance": {}, "source": "simulation"} | values,
    )
    session.add(row)
    session.flush()
    return row


def record_outcome(session: Session, row: EvaluationRow, outcome: Sequence[Measurement] | Failure) -> None:
    """Set the outcome of an evaluation and its result number.

    Measurements with non-finite values or errors are recorded as a failure.
    """
    if not isinstance(outcome, Failure):
        outcome = unconverged(outcome) or outcome
    if isinstance(outcome, Failure):
        row.state = "failed"
        own = beyond(outcome.provenance, row.provenance)
        row.failure = FailureRow(kind=outcome.kind, message=outcome.message, provenance=own)
    else:
        row.state = "done"
        row.measurements = measurement_rows(outcome, row.provenance)
    row.finished_at = time.time()
    row.finished_no = next_finished_no(session)


def next_finished_no(session: Session) -> int:
    """Return the next number of a result; the counter stays locked until the transaction ends."""
    counter = session.get_one(CounterRow, "finished", with_for_update=True, populate_existing=True)
    counter.value += 1
    return counter.value
