"""Recording of proposals in the store."""

from designer.campaign.proposal import Proposal
from designer.store.records import EvaluationRecord
from designer.store.routes import keep_route
from designer.store.store import CampaignStore
from generators import Candidate


def record_proposal(store: CampaignStore, proposal: Proposal, settings_digest: str) -> EvaluationRecord:
    """Record a chosen candidate, its route and its evaluation, not yet running.

    Raises:
        IntegrityError: The campaign evaluates this candidate already.
    """
    keep_route_of(store, proposal)
    return store.propose(
        **proposal.row,
        step=proposal.step,
        settings_digest=settings_digest,
        acquisition=proposal.acquisition,
        predicted=proposal.predicted,
    )


def keep_route_of(store: CampaignStore, proposal: Proposal) -> None:
    """Record the route of a candidate, or that none was found by a search; other substances than homopolymers have no routes."""
    candidate = proposal.candidate
    if isinstance(candidate, Candidate) and (candidate.route is not None or proposal.route_sought):
        keep_route(store.engine, candidate.key, candidate.route, store.patience)
