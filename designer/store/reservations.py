"""Measurements made outside: reservations of candidates, and their results."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from designer.digests import outside_digest
from designer.store.convert import evaluation_record, measurement_rows
from designer.store.knowledge import brief_records
from designer.store.orm import CampaignRow, CandidateRow, EvaluationRow
from designer.store.records import EvaluationRecord, PredictedValue
from designer.store.store import CampaignStore, new_evaluation, next_finished_no, record_outcome
from mdcore.chem import Failure, Measurement

_AT_ONCE = 500
"""Maximum number of candidates in one query, whose length databases limit."""


def reserve(
    store: CampaignStore,
    candidate: Mapping[str, Any],
    *,
    fidelity: str,
    until: float,
    step: str,
    acquisition: float | None,
    predicted: Mapping[str, PredictedValue],
    most: int | None = None,
) -> EvaluationRecord | None:
    """Reserve a candidate for a measurement made outside.

    Args:
        store: The campaign.
        candidate: Key, psmiles, origin, log_prior, in_corpus, and the document of a substance that is not a homopolymer.
        fidelity: Fidelity of the measurement.
        until: When the reservation ends (s since the epoch).
        step: `initial` or `acquisition`.
        acquisition: Value of the acquisition, if any.
        predicted: Predictions of the surrogates.
        most: Maximum number of evaluations of the campaign, finished or under way.

    Returns:
        The reserved evaluation, or None if the candidate is taken already or the maximum is reached.
    """
    choice = {
        "step": step,
        "acquisition": acquisition,
        "predicted": {name: [value.mean, value.sd] for name, value in predicted.items()},
        "reserved_until": until,
    }

    def action(session: Session) -> EvaluationRecord | None:
        lock_campaign(session, store.campaign_id)
        row = _find(session, store.campaign_id, candidate["key"], fidelity)
        if (row is None or row.state == "expired") and most is not None and _under_way(session, store) >= most:
            return None
        if row is None:
            row = new_evaluation(
                session,
                store.campaign_id,
                candidate=candidate,
                state="reserved",
                source="outside",
                settings_digest=outside_digest(fidelity),
                started_at=time.time(),
                **choice,
            )
        elif row.state == "expired":
            row.state, row.started_at = "reserved", time.time()
            for name, value in choice.items():
                setattr(row, name, value)
        else:
            return None
        session.flush()
        return evaluation_record(row)

    return store.write(action)


def release(store: CampaignStore, records: Iterable[EvaluationRecord]) -> None:
    """Release reservations that were not returned to the user; results are accepted nevertheless."""
    numbers = [record.id for record in records]

    def action(session: Session) -> None:
        lock_campaign(session, store.campaign_id)
        mine = EvaluationRow.id.in_(numbers), EvaluationRow.state == "reserved"
        session.execute(update(EvaluationRow).where(*mine).values(state="expired", reserved_until=time.time()))

    if numbers:
        store.write(action)


def lock_campaign(session: Session, campaign_id: int) -> None:
    """Lock a campaign against reservations and recording by others until the transaction ends.

    To avoid deadlocks, the campaign is locked before several of its evaluations.
    """
    session.get_one(CampaignRow, campaign_id, with_for_update=True, populate_existing=True)


def reservations(store: CampaignStore) -> list[EvaluationRecord]:
    """Return the reserved and the expired evaluations."""
    wanted = (EvaluationRow.campaign_id == store.campaign_id) & EvaluationRow.state.in_(("reserved", "expired"))
    return store.read(lambda session: brief_records(session, wanted))


def expire_reservations(store: CampaignStore) -> int:
    """Expire overdue reservations; later results are accepted nevertheless."""
    stale = (
        EvaluationRow.campaign_id == store.campaign_id,
        EvaluationRow.state == "reserved",
        EvaluationRow.reserved_until < time.time(),
    )

    def action(session: Session) -> int:
        if session.scalar(select(EvaluationRow.id).where(*stale).limit(1)) is None:
            return 0
        lock_campaign(session, store.campaign_id)
        result = session.execute(update(EvaluationRow).where(*stale).values(state="expired"))
        return int(getattr(result, "rowcount", 0))

    return store.write(action)


def record_outside(
    session: Session,
    campaign_id: int,
    key: str,
    *,
    fidelity: str,
    outcome: Sequence[Measurement] | Failure,
    provenance: Mapping[str, Any],
) -> None:
    """Record results measured outside for a known candidate, in a transaction that holds `lock_campaign`.

    Measurements added to earlier ones of the same candidate and fidelity give its evaluation a new result number.

    Raises:
        LookupError: The candidate is unknown.
        IntegrityError: The property was recorded at this fidelity before.
    """
    row = _find(session, campaign_id, key, fidelity)
    if row is None:
        known = session.scalar(
            select(CandidateRow).where(CandidateRow.campaign_id == campaign_id, CandidateRow.key == key)
        )
        if known is None:
            raise LookupError(key)
        row = new_evaluation(
            session,
            campaign_id,
            candidate={"key": key},
            state="proposed",
            source="outside",
            settings_digest=outside_digest(fidelity),
            step="told",
            acquisition=None,
            predicted={},
        )
    if row.state == "done" and not isinstance(outcome, Failure):
        row.measurements.extend(measurement_rows(_with(outcome, provenance), row.provenance))
        row.finished_no = next_finished_no(session)
    else:
        row.provenance = dict(provenance)
        record_outcome(session, row, outcome)
    session.flush()


def told(session: Session, campaign_id: int, keys: Iterable[str]) -> dict[tuple[str, str], EvaluationRecord]:
    """Return the reservations and results of some candidates, by key and settings digest."""
    mine = (EvaluationRow.campaign_id == campaign_id) & (EvaluationRow.source == "outside")
    found: dict[tuple[str, str], EvaluationRecord] = {}
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        query = select(EvaluationRow).join(CandidateRow, CandidateRow.id == EvaluationRow.candidate_id)
        for row in session.scalars(query.where(mine, CandidateRow.key.in_(some))):
            found[row.candidate.key, row.settings_digest] = evaluation_record(row)
    return found


def candidates(session: Session, campaign_id: int) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return psmiles and the ordinals of the evaluations of each candidate, by key."""
    query = (
        select(CandidateRow.key, CandidateRow.psmiles, EvaluationRow.ordinal)
        .join(EvaluationRow, EvaluationRow.candidate_id == CandidateRow.id)
        .where(CandidateRow.campaign_id == campaign_id)
        .order_by(EvaluationRow.ordinal)
    )
    found: dict[str, tuple[str, tuple[int, ...]]] = {}
    for key, psmiles, ordinal in session.execute(query):
        found[key] = psmiles, (*(found[key][1] if key in found else ()), ordinal)
    return found


def _under_way(session: Session, store: CampaignStore) -> int:
    mine = EvaluationRow.campaign_id == store.campaign_id, EvaluationRow.state != "expired"
    return session.scalar(select(func.count()).select_from(EvaluationRow).where(*mine)) or 0


def _with(outcome: Sequence[Measurement], provenance: Mapping[str, Any]) -> list[Measurement]:
    return [
        Measurement(m.property, m.value, m.stderr, m.unit, m.fidelity, {**provenance, **m.provenance}) for m in outcome
    ]


def _find(session: Session, campaign_id: int, key: str, fidelity: str) -> EvaluationRow | None:
    return session.scalar(
        select(EvaluationRow)
        .join(CandidateRow, CandidateRow.id == EvaluationRow.candidate_id)
        .where(
            CandidateRow.key == key,
            EvaluationRow.campaign_id == campaign_id,
            EvaluationRow.settings_digest == outside_digest(fidelity),
        )
        .with_for_update(of=EvaluationRow)
    )
