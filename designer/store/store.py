"""Read and write one campaign; every method is one transaction, so that a process killed at any instant loses nothing."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from designer.errors import CampaignMismatch, UnknownCampaign
from designer.store.convert import campaign_record, evaluation_record
from designer.store.opening import locked, writing
from designer.store.orm import CampaignRow, CandidateRow, EvaluationRow, EventRow, FailureRow, MeasurementRow
from designer.store.records import CampaignRecord, EvaluationRecord, EventRecord, PredictedValue
from mdcore.chem import Failure, Measurement


def campaign_names(engine: Engine) -> list[str]:
    """Return the names of the campaigns in a store, oldest first."""
    with Session(engine) as session:
        return list(session.scalars(select(CampaignRow.name).order_by(CampaignRow.id)))


@contextmanager
def _transaction(engine: Engine) -> Iterator[Session]:
    try:
        with Session(writing(engine), expire_on_commit=False) as session, session.begin():
            yield session
    except OperationalError as error:
        raise locked(engine.url.render_as_string(hide_password=True), error) from error


class CampaignStore:
    """One campaign in a store.

    Args:
        engine: An opened store.
        campaign_id: The campaign.
    """

    def __init__(self, engine: Engine, campaign_id: int) -> None:
        self.engine = engine
        self.campaign_id = campaign_id

    @classmethod
    def find(cls, engine: Engine, name: str | None = None) -> "CampaignStore":
        """Find a campaign; without a name, the only one.

        Raises:
            UnknownCampaign: There is none, or no name tells several apart.
        """
        names = campaign_names(engine)
        if name is None and len(names) == 1:
            name = names[0]
        if name not in names:
            held = ", ".join(names) or "none"
            what = "no name was given" if name is None else f"campaign {name!r} is not in the store"
            raise UnknownCampaign(f"{what}; choose one with --campaign (held: {held})")
        with Session(engine) as session:
            row = session.scalars(select(CampaignRow).where(CampaignRow.name == name)).one()
            return cls(engine, row.id)

    @classmethod
    def begin(
        cls, engine: Engine, *, name: str, seed: int, config: Mapping[str, Any], identity: Mapping[str, Any]
    ) -> "CampaignStore":
        """Create a campaign, or go on with the one of this name.

        Raises:
            CampaignMismatch: The stored one asks for other measurements.
        """
        with _transaction(engine) as session:
            row = session.scalar(select(CampaignRow).where(CampaignRow.name == name))
            if row is None:
                row = CampaignRow(
                    name=name, seed=seed, config=dict(config), identity=dict(identity), created_at=time.time()
                )
                session.add(row)
                session.flush()
            elif changed := [key for key in identity if row.identity.get(key) != identity[key]]:
                raise CampaignMismatch(
                    f"campaign {name!r} is in the store with another {' and '.join(changed)}; choose a new name, or "
                    "restore the configuration it was started with"
                )
            elif row.config != dict(config):
                row.config = dict(config)
                session.add(
                    EventRow(campaign_id=row.id, at=time.time(), kind="config", message="configuration changed")
                )
            return cls(engine, row.id)

    def transaction(self) -> AbstractContextManager[Session]:
        """Open a transaction that writes."""
        return _transaction(self.engine)

    def campaign(self) -> CampaignRecord:
        """Return the campaign itself."""
        with Session(self.engine) as session:
            return campaign_record(session.get_one(CampaignRow, self.campaign_id))

    def evaluations(self, *states: str) -> tuple[EvaluationRecord, ...]:
        """Return the evaluations in one of `states` (all without any), in the order in which they were chosen."""
        query = select(EvaluationRow).where(EvaluationRow.campaign_id == self.campaign_id)
        if states:
            query = query.where(EvaluationRow.state.in_(states))
        with Session(self.engine) as session:
            return tuple(evaluation_record(row) for row in session.scalars(query.order_by(EvaluationRow.ordinal)))

    def counts(self) -> dict[str, int]:
        """Return how many evaluations are in each state."""
        query = (
            select(EvaluationRow.state, func.count())
            .where(EvaluationRow.campaign_id == self.campaign_id)
            .group_by(EvaluationRow.state)
        )
        with Session(self.engine) as session:
            found = {row[0]: row[1] for row in session.execute(query)}
        return {state: found.get(state, 0) for state in ("proposed", "running", "done", "failed")}

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
    ) -> EvaluationRecord:
        """Record a chosen candidate and its evaluation, not yet running."""
        with self.transaction() as session:
            now = time.time()
            campaign = session.get_one(CampaignRow, self.campaign_id)
            query = select(func.max(EvaluationRow.ordinal)).where(EvaluationRow.campaign_id == self.campaign_id)
            ordinal = (session.scalar(query) or 0) + 1
            candidate = CandidateRow(
                campaign_id=self.campaign_id,
                key=key,
                psmiles=psmiles,
                log_prior=log_prior,
                origin=origin,
                in_corpus=in_corpus,
                created_at=now,
            )
            row = EvaluationRow(
                campaign_id=self.campaign_id,
                candidate=candidate,
                ordinal=ordinal,
                state="proposed",
                step=step,
                settings_digest=settings_digest,
                seed=campaign.seed,
                folder=f"evaluations/{ordinal:05d}",
                acquisition=acquisition,
                predicted={name: [value.mean, value.sd] for name, value in predicted.items()},
                created_at=now,
                attempts=0,
                wall_s=0.0,
                diagnostics={},
                provenance={},
            )
            session.add(row)
            session.flush()
            return evaluation_record(row)

    def start(self, evaluation_id: int) -> EvaluationRecord:
        """Mark an evaluation as running; it stays so until its outcome is recorded."""
        with self.transaction() as session:
            row = session.get_one(EvaluationRow, evaluation_id)
            row.state = "running"
            row.attempts += 1
            row.started_at = row.started_at or time.time()
            return evaluation_record(row)

    def progress(self, evaluation_id: int, stage: str, fraction: float) -> None:
        """Record how far a running evaluation is, for `designer status`."""
        with self.transaction() as session:
            row = session.get_one(EvaluationRow, evaluation_id)
            row.stage, row.fraction = stage, fraction

    def finish(
        self,
        evaluation_id: int,
        outcome: Sequence[Measurement] | Failure,
        *,
        worker: str,
        wall_s: float,
        diagnostics: Mapping[str, Any],
        provenance: Mapping[str, Any],
    ) -> EvaluationRecord:
        """Record the outcome of an evaluation; a second outcome of the same evaluation changes nothing."""
        with self.transaction() as session:
            row = session.get_one(EvaluationRow, evaluation_id)
            if row.state in ("done", "failed"):
                return evaluation_record(row)
            if isinstance(outcome, Failure):
                row.state = "failed"
                row.failure = FailureRow(
                    kind=outcome.kind, message=outcome.message, provenance=dict(outcome.provenance)
                )
            else:
                row.state = "done"
                row.measurements = [
                    MeasurementRow(
                        property=m.property,
                        value=m.value,
                        stderr=m.stderr,
                        unit=m.unit,
                        fidelity=m.fidelity,
                        provenance=dict(m.provenance),
                    )
                    for m in outcome
                ]
            row.worker, row.wall_s, row.finished_at = worker, wall_s, time.time()
            row.diagnostics, row.provenance = dict(diagnostics), dict(provenance)
            session.flush()
            return evaluation_record(row)

    def add_event(self, kind: str, message: str, evaluation_id: int | None = None) -> None:
        """Record that something happened."""
        with self.transaction() as session:
            session.add(
                EventRow(
                    campaign_id=self.campaign_id,
                    evaluation_id=evaluation_id,
                    at=time.time(),
                    kind=kind,
                    message=message,
                )
            )

    def events(self) -> tuple[EventRecord, ...]:
        """Return what happened, oldest first."""
        query = (
            select(EventRow, EvaluationRow.ordinal)
            .outerjoin(EvaluationRow, EvaluationRow.id == EventRow.evaluation_id)
            .where(EventRow.campaign_id == self.campaign_id)
            .order_by(EventRow.id)
        )
        with Session(self.engine) as session:
            return tuple(EventRecord(e.at, e.kind, e.message, ordinal) for e, ordinal in session.execute(query))

    def mark_finished(self, reason: str | None) -> None:
        """Record which stop rule was reached; None takes the mark away, when a rule was relaxed."""
        with self.transaction() as session:
            row = session.get_one(CampaignRow, self.campaign_id)
            row.stop_reason = reason
            row.finished_at = None if reason is None else time.time()

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()
