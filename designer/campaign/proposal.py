"""The interface of proposers, which choose the next evaluations."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from designer.campaign.listed import AnyCandidate
from designer.store.records import EvaluationRecord, PredictedValue


@dataclass(frozen=True)
class Proposal:
    """A candidate that was chosen for evaluation.

    Attributes:
        candidate: The repeat unit or another substance, its log-prior and its origin.
        in_corpus: Whether the corpus holds it.
        step: `initial` or `acquisition`.
        acquisition: Value of the acquisition, if it was chosen by one.
        predicted: Predictions of the surrogates for each property, if they were used.
        route_sought: Whether a route was searched for; without it, a missing route means nothing.
    """

    candidate: AnyCandidate
    in_corpus: bool
    step: str
    acquisition: float | None = None
    predicted: Mapping[str, PredictedValue] = field(default_factory=dict)
    route_sought: bool = False

    @property
    def row(self) -> dict[str, Any]:
        """What the store keeps of the candidate, by the columns of its table."""
        one = self.candidate
        return {
            "key": one.key,
            "psmiles": one.psmiles,
            "origin": one.origin,
            "log_prior": one.log_prior,
            "in_corpus": self.in_corpus,
            "substance": one.document,
        }


class Proposer(Protocol):
    """Chooses the next evaluations."""

    def propose(self, n: int, records: Sequence[EvaluationRecord], taken: Collection[str]) -> list[Proposal]:
        """Choose up to `n` candidates.

        Args:
            n: Number of candidates.
            records: All evaluations so far; those proposed or running are pending.
            taken: Canonical keys that must not be chosen again.

        Returns:
            Distinct candidates; fewer than `n`, or none, when the search space is exhausted.
        """
        ...
