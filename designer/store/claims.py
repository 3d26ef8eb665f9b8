"""Claims, which prevent campaigns of one store from simulating the same polymer.

A claim records which campaign simulates a polymer at certain settings. It is a lease renewed by the heartbeat of the campaign: it is valid
while the owner that made it is alive. Other campaigns judge this by their own monotonic clock, so that clock differences and clock changes
do not end a lease.
"""

import socket
import time
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from designer.store.convert import evaluation_record
from designer.store.liveness import STALE_AFTER_S, owner_alive
from designer.store.orm import CampaignRow, CandidateRow, ClaimRow, EvaluationRow, FailureRow, MeasurementRow
from designer.store.records import FINISHED, MACHINE_FAILURES, EvaluationRecord
from designer.store.store import CampaignStore, next_finished_no


@dataclass
class Leases:
    """Monitors the heartbeats of other campaigns.

    Attributes:
        lease_s: Time in s without a heartbeat after which a lease ends.
    """

    lease_s: float = STALE_AFTER_S
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def alive(self, row: CampaignRow) -> bool:
        """Return whether the owner of a campaign is believed to be alive."""
        if row.owner is None:
            return False
        if row.owner_host == socket.gethostname():
            return owner_alive(row.owner_host, row.owner_pid, row.owner_started_at, row.heartbeat_at)
        now = time.monotonic()
        beats, since = self._seen.get(row.owner, (-1, now))
        if beats != row.beats:
            self._seen[row.owner] = row.beats, now
            return True
        return now - since < self.lease_s


@dataclass(frozen=True)
class Claim:
    """Outcome of a claim.

    Attributes:
        state: `granted`: simulate it; `adopted`: the result of another campaign was copied; `held`: another campaign simulates it.
        record: The evaluation afterwards.
        holder: Name of the campaign that holds it.
    """

    state: Literal["granted", "adopted", "held"]
    record: EvaluationRecord
    holder: str | None = None


def claim(store: CampaignStore, evaluation_id: int, owner: str, leases: Leases) -> Claim:
    """Claim an evaluation, which is marked as running if the claim is granted.

    Args:
        store: The campaign.
        evaluation_id: The evaluation.
        owner: Token of the present run.
        leases: Heartbeats of the other campaigns.
    """

    def action(session: Session) -> Claim:
        row = session.get_one(EvaluationRow, evaluation_id)
        key, digest = row.candidate.key, row.settings_digest
        mark = ClaimRow.key == key, ClaimRow.settings_digest == digest
        held = session.scalar(select(ClaimRow).where(*mark).with_for_update())
        if held is not None and held.campaign_id != store.campaign_id:
            holder = session.get_one(CampaignRow, held.campaign_id, populate_existing=True)
            if holder.owner == held.owner and leases.alive(holder):
                return Claim("held", evaluation_record(row), holder.name)
        if held is None:
            held = ClaimRow(key=key, settings_digest=digest, created_at=time.time())
            session.add(held)
        held.campaign_id, held.evaluation_id, held.owner = store.campaign_id, evaluation_id, owner
        session.flush()
        # Only now: an earlier holder released the claim in the transaction that recorded its result.
        if (result := _result_elsewhere(session, store.campaign_id, key, digest)) is not None:
            _adopt(session, row, result)
            session.delete(held)
            session.flush()
            return Claim("adopted", evaluation_record(row))
        row.state = "running"
        row.attempts += 1
        row.started_at = row.started_at or time.time()
        return Claim("granted", evaluation_record(row))

    try:
        return store.write(action)
    except IntegrityError:
        # Another campaign claimed it between our query and our insertion; its claim is visible now.
        return store.write(action)


def release_all(store: CampaignStore) -> None:
    """Release all claims of a campaign that stops."""

    def action(session: Session) -> None:
        for row in session.scalars(select(ClaimRow).where(ClaimRow.campaign_id == store.campaign_id)):
            session.delete(row)

    store.write(action)


def _result_elsewhere(session: Session, campaign_id: int, key: str, digest: str) -> EvaluationRow | None:
    query = (
        select(EvaluationRow)
        .join(CandidateRow, CandidateRow.id == EvaluationRow.candidate_id)
        .where(
            CandidateRow.key == key,
            EvaluationRow.settings_digest == digest,
            EvaluationRow.campaign_id != campaign_id,
            EvaluationRow.shared_from.is_(None),
            EvaluationRow.state.in_(FINISHED),
        )
        .order_by(EvaluationRow.finished_no)
    )
    for row in session.scalars(query):
        if row.state == "done" or (row.failure is not None and row.failure.kind not in MACHINE_FAILURES):
            return row
    return None


def _adopt(session: Session, row: EvaluationRow, source: EvaluationRow) -> None:
    """Copy a result with its provenance; the cost stays with the campaign that computed it."""
    campaign = session.get_one(CampaignRow, source.campaign_id)
    row.state, row.shared_from, row.worker = source.state, source.id, source.worker
    row.diagnostics = dict(source.diagnostics)
    row.provenance = {**source.provenance, "shared_from": {"campaign": campaign.name, "evaluation": source.ordinal}}
    row.measurements = [
        MeasurementRow(
            property=m.property, value=m.value, stderr=m.stderr, unit=m.unit, fidelity=m.fidelity, provenance=m.provenance
        )
        for m in source.measurements
    ]  # fmt: skip
    if source.failure is not None:
        row.failure = FailureRow(
            kind=source.failure.kind, message=source.failure.message, provenance=source.failure.provenance
        )
    row.finished_at = time.time()
    row.finished_no = next_finished_no(session)
