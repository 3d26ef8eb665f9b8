"""Reservation of candidates for measurements made outside, chosen like those that are simulated."""

import operator
import time

from designer.campaign.ledger import Ledger
from designer.campaign.listed import FixedList
from designer.campaign.proposal import Proposer
from designer.campaign.recording import keep_route_of
from designer.campaign.stop import Tally, may_start
from designer.config.campaign import CampaignConfig
from designer.data.fidelity import checked_fidelity
from designer.errors import CampaignFailed, InvalidRequest
from designer.store.knowledge import briefs, news, open_elsewhere
from designer.store.records import EvaluationRecord
from designer.store.reservations import expire_reservations, release, reserve
from designer.store.store import CampaignStore

DAY_S = 86_400.0
LONGEST_DAYS = 36_500
MOST_TO_SPARE = 64
"""Number of spare candidates, for those that another process reserves in the meantime."""


def ask(
    store: CampaignStore, config: CampaignConfig, proposer: Proposer, n: int, *, fidelity: str, days: float
) -> list[EvaluationRecord]:
    """Reserve up to `n` candidates.

    Args:
        store: The campaign.
        config: Its configuration.
        proposer: Chooses the candidates.
        n: Number of candidates.
        fidelity: Fidelity of the measurements.
        days: Duration of the reservation in days.

    Raises:
        InvalidRequest: The fidelity is not a name, `n` is not a positive integer, or `days` is not between 0 and `LONGEST_DAYS`.
        CampaignFailed: A stopping criterion is reached, or no candidate is left.
    """
    checked_fidelity(fidelity)
    try:
        whole = operator.index(n)
    except TypeError:
        whole = 0
    if whole < 1:
        raise InvalidRequest(f"the number of candidates must be a positive integer, got {n!r}")
    if not 0 < days <= LONGEST_DAYS:
        raise InvalidRequest(f"days must be above 0 and at most {LONGEST_DAYS}, got {days:g}")
    expire_reservations(store)
    chosen: list[EvaluationRecord] = []
    try:
        allowed = _choose(store, config, proposer, whole, chosen, fidelity=fidelity, days=days)
    except BaseException:
        # These are not returned to the caller.
        release(store, chosen)
        raise
    if not chosen:
        limit = config.stop.evaluations
        if allowed == 0:
            raise CampaignFailed(
                f"stop.evaluations allows {limit} evaluations, which are finished or under way; record their results, or raise it"
            )
        if FixedList.of(config) is not None:
            raise CampaignFailed(
                "every substance of the list is evaluated or pending; extend the list, or report the pending results"
            )
        raise CampaignFailed("no candidate is left; relax constraints or novelty")
    store.add_event("asked", f"{len(chosen)} candidates are reserved for {days:g} days ({fidelity})")
    return chosen


def _choose(
    store: CampaignStore,
    config: CampaignConfig,
    proposer: Proposer,
    n: int,
    chosen: list[EvaluationRecord],
    *,
    fidelity: str,
    days: float,
) -> int | None:
    """Append up to `n` reserved candidates to `chosen`; return how many more the stopping criteria allowed at the last check.

    Other processes may choose the same candidates at the same time. Candidates that they reserve first are replaced by the next best ones,
    and the number of spare candidates grows with the losses. A round with losses is one in which another process made progress, so that
    the loop ends.
    """
    spare, known = 0, -1
    while True:
        ledger = ledger_of(store, config)
        reserved = len(ledger.own("reserved"))
        allowed = may_start(config.stop, Tally(ledger.finished, ledger.open + reserved, 0.0))
        wanted = n - len(chosen) if allowed is None else min(n - len(chosen), allowed)
        if wanted <= 0 or known == len(ledger.taken):
            return allowed
        known = len(ledger.taken)
        lost = 0
        for proposal in proposer.propose(wanted + spare, ledger.everything(), ledger.taken):
            record = reserve(
                store,
                proposal.row,
                fidelity=fidelity,
                until=time.time() + days * DAY_S,
                step=proposal.step,
                acquisition=proposal.acquisition,
                predicted=proposal.predicted,
                most=config.stop.evaluations,
            )
            if record is None:
                lost += 1
                continue
            keep_route_of(store, proposal)
            chosen.append(record)
            wanted -= 1
            if not wanted:
                return allowed
        if not lost:
            return allowed
        spare = min(2 * spare + lost, MOST_TO_SPARE)


def ledger_of(store: CampaignStore, config: CampaignConfig) -> Ledger:
    """Read what a campaign knows."""
    ledger, digest = Ledger(config.objective_list(), config.limit_list()), config.settings_digest()
    ledger.load(briefs(store))
    for record in news(store, digest, 0, own=False):
        ledger.put_elsewhere(record)
    ledger.set_pending_elsewhere(open_elsewhere(store, digest))
    return ledger
