"""Incremental queries of a campaign: new results in the order of their commits."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from designer.store.convert import OF_CANDIDATE, PLAIN, as_read, reasons_of
from designer.store.orm import (
    CampaignRow,
    CandidateRow,
    ClaimRow,
    CounterRow,
    EvaluationRow,
    FailureRow,
    MeasurementRow,
)
from designer.store.records import NOT_DETERMINED, EvaluationRecord, PredictedValue
from designer.store.store import CampaignStore
from mdcore.chem import Failure, Measurement

AT_A_TIME = 5000
"""Evaluations read at a time; bounds the memory."""

_OWN = tuple(getattr(EvaluationRow, name) for name in (*PLAIN, "state", "predicted"))
_CANDIDATE = tuple(getattr(CandidateRow, name) for name in OF_CANDIDATE)


def briefs(store: CampaignStore) -> list[EvaluationRecord]:
    """Return the campaign's evaluations without diagnostics and provenance, which are not needed for choices.

    A store of 100,000 measurements is read in seconds.
    """
    return store.read(lambda session: brief_records(session, EvaluationRow.campaign_id == store.campaign_id))


def newest_number(store: CampaignStore) -> int:
    """Return the number of the newest result in the store."""
    return store.read(lambda session: session.get_one(CounterRow, "finished").value)


def news(store: CampaignStore, settings_digest: str, since: int, *, own: bool = True) -> list[EvaluationRecord]:
    """Return results newer than number `since`, of others at the same settings and of this campaign, oldest first.

    Results that this campaign copied from another one count as its own; copies in other campaigns are omitted.

    Args:
        store: The campaign.
        settings_digest: The settings.
        since: The newest known number.
        own: Whether to include the campaign's own results.
    """
    mine = EvaluationRow.campaign_id == store.campaign_id
    elsewhere = (EvaluationRow.settings_digest == settings_digest) & EvaluationRow.shared_from.is_(None) & ~mine
    wanted = (EvaluationRow.finished_no > since) & (or_(mine, elsewhere) if own else elsewhere)
    return sorted(store.read(lambda session: brief_records(session, wanted)), key=lambda r: r.finished_no or 0)


def open_elsewhere(store: CampaignStore, settings_digest: str) -> list[EvaluationRecord]:
    """Return placeholders for the evaluations that other campaigns are running at these settings."""
    query = (
        select(CandidateRow.key, CandidateRow.psmiles, CandidateRow.substance)
        .join(EvaluationRow, EvaluationRow.candidate_id == CandidateRow.id)
        .join(ClaimRow, ClaimRow.evaluation_id == EvaluationRow.id)
        .where(ClaimRow.settings_digest == settings_digest, ClaimRow.campaign_id != store.campaign_id)
    )
    return store.read(lambda session: [pending_record(*row) for row in session.execute(query)])


ELSEWHERE = "elsewhere"
"""Origin of evaluations of other campaigns."""


def is_own(record: EvaluationRecord, campaign: str) -> bool:
    """Return whether a record belongs to the campaign of this name."""
    return record.origin != ELSEWHERE and record.campaign in ("", campaign) and record.state != "expired"


def pending_record(key: str, psmiles: str, substance: Mapping[str, Any] | None = None) -> EvaluationRecord:
    """Return a placeholder for an evaluation that another campaign is running."""
    return EvaluationRecord(
        id=0, ordinal=0, state="running", key=key, psmiles=psmiles, origin=ELSEWHERE, log_prior=None, in_corpus=False,
        step="elsewhere", seed=0, folder="", acquisition=None, predicted={}, attempts=0, stage=None, fraction=None,
        worker=None, created_at=0.0, started_at=None, finished_at=None, wall_s=0.0, diagnostics={}, provenance={},
        measurements=(), failure=None, substance=substance,
    )  # fmt: skip


def brief_records(session: Session, wanted: Any) -> list[EvaluationRecord]:
    """Return the evaluations that match a condition, without diagnostics and provenance, in the order of their ordinals."""
    found: list[EvaluationRecord] = []
    query = (
        select(*_OWN, *_CANDIDATE, CampaignRow.name.label("campaign"))
        .join(CandidateRow, CandidateRow.id == EvaluationRow.candidate_id)
        .join(CampaignRow, CampaignRow.id == EvaluationRow.campaign_id)
        .where(wanted)
    )
    last = 0
    while True:
        rows = session.execute(query.where(EvaluationRow.id > last).order_by(EvaluationRow.id).limit(AT_A_TIME)).all()
        if not rows:
            return sorted(found, key=lambda record: record.ordinal)
        span = EvaluationRow.id > last, EvaluationRow.id <= rows[-1].id
        last = rows[-1].id
        measured = _grouped(session.execute(_measurements().where(*span, wanted)))
        failed, reasons = dict[int, Failure](), dict[int, dict[str, str]]()
        for row in session.execute(_failures().where(*span, wanted)):
            if row.kind == NOT_DETERMINED:
                reasons[row.evaluation_id] = reasons_of(row)
            else:
                failed[row.evaluation_id] = Failure(row.kind, row.message)
        for row in rows:
            values = dict(row._mapping)
            values["predicted"] = {name: PredictedValue(*value) for name, value in row.predicted.items()}
            state, measurements, failure = as_read(row.state, measured.get(row.id, ()), failed.get(row.id))
            found.append(
                EvaluationRecord(
                    **(values | {"state": state}),
                    diagnostics={},
                    provenance={},
                    measurements=measurements,
                    failure=failure,
                    not_determined=reasons.get(row.id, {}),
                )
            )


def _measurements() -> Any:
    return (
        select(
            MeasurementRow.evaluation_id, MeasurementRow.property, MeasurementRow.value, MeasurementRow.stderr,
            MeasurementRow.unit, MeasurementRow.fidelity,
        )
        .join(EvaluationRow, EvaluationRow.id == MeasurementRow.evaluation_id)
        .order_by(MeasurementRow.id)
    )  # fmt: skip


def _failures() -> Any:
    return select(FailureRow.evaluation_id, FailureRow.kind, FailureRow.message, FailureRow.provenance).join(
        EvaluationRow, EvaluationRow.id == FailureRow.evaluation_id
    )


def _grouped(rows: Iterable[Row[Any]]) -> dict[int, tuple[Measurement, ...]]:
    groups: dict[int, list[Measurement]] = {}
    for row in rows:
        groups.setdefault(row.evaluation_id, []).append(
            Measurement(row.property, row.value, row.stderr, row.unit, row.fidelity)
        )
    return {number: tuple(group) for number, group in groups.items()}
