"""Measurements made outside: reservations of candidates, and the results that come back."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from designer.store.convert import evaluation_record, measurement_rows
from designer.store.knowledge import brief_records
from designer.store.orm import CandidateRow, EvaluationRow
from designer.store.records import EvaluationRecord, PredictedValue
from designer.store.store import CampaignStore, new_evaluation, next_finished_no, record_outcome
from mdcore.chem import Failure, Measurement


def outside_digest(fidelity: str) -> str:
    """Return the settings digest of everything that was measured outside at a fidelity."""
    return hashlib.sha256(f"outside {fidelity}".encode()).hexdigest()[:16]


def reserve(
    store: CampaignStore,
    candidate: Mapping[str, Any],
    *,
    fidelity: str,
    until: float,
    step: str,
    acquisition: float | None,
    predicted: Mapping[str, PredictedValue],
) -> EvaluationRecord | None:
    """Reserve a candidate for a measurement outside.

    Args:
        store: The campaign.
        candidate: Key, psmiles, origin, log_prior and in_corpus.
        fidelity: Where it will be measured.
        until: When the reservation ends (s since the epoch).
        step: `initial` or `acquisition`.
        acquisition: Value of the acquisition, if any.
        predicted: What the surrogates expect.

    Returns:
        The reserved evaluation, or None if somebody else has it already.
    """
    choice = {
        "step": step,
        "acquisition": acquisition,
        "predicted": {name: [value.mean, value.sd] for name, value in predicted.items()},
        "reserved_until": until,
    }

    def action(session: Session) -> EvaluationRecord | None:
        row = _find(session, store.campaign_id, candidate["key"], fidelity)
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


def reservations(store: CampaignStore) -> list[EvaluationRecord]:
    """Return what is reserved, and what was reserved in vain."""
    wanted = (EvaluationRow.campaign_id == store.campaign_id) & EvaluationRow.state.in_(("reserved", "expired"))
    return store.read(lambda session: brief_records(session, wanted))


def expire_reservations(store: CampaignStore) -> int:
    """End the reservations whose time is over; a result that comes later is taken all the same."""
    stale = (
        EvaluationRow.campaign_id == store.campaign_id,
        EvaluationRow.state == "reserved",
        EvaluationRow.reserved_until < time.time(),
    )

    def action(session: Session) -> int:
        if session.scalar(select(EvaluationRow.id).where(*stale).limit(1)) is None:
            return 0
        result = session.execute(update(EvaluationRow).where(*stale).values(state="expired"))
        return int(getattr(result, "rowcount", 0))

    return store.write(action)


def record_outside(
    store: CampaignStore,
    key: str,
    *,
    fidelity: str,
    outcome: Sequence[Measurement] | Failure,
    provenance: Mapping[str, Any],
) -> EvaluationRecord:
    """Record what was measured outside of a candidate that the campaign knows.

    Measurements that join earlier ones of the same candidate and fidelity make its evaluation news again.

    Raises:
        LookupError: The campaign does not know the candidate.
        IntegrityError: The property was recorded at this fidelity before.
    """

    def action(session: Session) -> EvaluationRecord:
        row = _find(session, store.campaign_id, key, fidelity)
        if row is None:
            known = session.scalar(
                select(CandidateRow).where(CandidateRow.campaign_id == store.campaign_id, CandidateRow.key == key)
            )
            if known is None:
                raise LookupError(key)
            row = new_evaluation(
                session,
                store.campaign_id,
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
        return evaluation_record(row)

    return store.write(action)


def told(store: CampaignStore) -> dict[tuple[str, str], EvaluationRecord]:
    """Return what was reserved or measured outside, by key and settings digest."""
    query = select(EvaluationRow).where(
        EvaluationRow.campaign_id == store.campaign_id, EvaluationRow.source == "outside"
    )
    return store.read(
        lambda session: {
            (row.candidate.key, row.settings_digest): evaluation_record(row) for row in session.scalars(query)
        }
    )


def candidates(store: CampaignStore) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return psmiles and the ordinals of the evaluations of each candidate, by key."""
    query = (
        select(CandidateRow.key, CandidateRow.psmiles, EvaluationRow.ordinal)
        .join(EvaluationRow, EvaluationRow.candidate_id == CandidateRow.id)
        .where(CandidateRow.campaign_id == store.campaign_id)
        .order_by(EvaluationRow.ordinal)
    )
    found: dict[str, tuple[str, tuple[int, ...]]] = {}
    for key, psmiles, ordinal in store.read(lambda session: session.execute(query).all()):
        found[key] = psmiles, (*(found[key][1] if key in found else ()), ordinal)
    return found


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
