"""Campaigns that choose from a list of substances: its candidates, and what is left of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from designer.campaign.ledger import Ledger
from designer.config.campaign import CampaignConfig
from designer.config.sections import ListInitial
from generators import Candidate
from mdcore.chem import rng_for

if TYPE_CHECKING:
    from mdcore.chem import Composition
    from mdcore.substances import Substance


@dataclass(frozen=True)
class ListedCandidate:
    """A substance of a list that is not a homopolymer: it has neither a route nor a place in the corpus.

    Attributes:
        substance: What is evaluated.
        origin: Which list it is from.
    """

    substance: "Substance"
    origin: str

    @property
    def key(self) -> str:
        """Key of the substance."""
        return self.substance.key

    @property
    def psmiles(self) -> str:
        """Its label."""
        return self.substance.label

    @property
    def composition(self) -> "Composition | None":
        """What the surrogates see of it; None for substances without repeat units."""
        return self.substance.composition

    @property
    def document(self) -> Mapping[str, Any]:
        """Its document."""
        return self.substance.document()

    @property
    def log_prior(self) -> float:
        """Not a number: no language model proposed it."""
        return float("nan")


AnyCandidate = Candidate | ListedCandidate


def listed_candidates(substances: Iterable["Substance"], origin: str) -> list[AnyCandidate]:
    """Return the candidates of a list; homopolymers are candidates like those of a generator."""
    found: list[AnyCandidate] = []
    for one in substances:
        unit = one.only_unit
        found.append(ListedCandidate(one, origin) if unit is None else Candidate(unit, float("nan"), origin))
    return found


def drawn(candidates: Sequence[AnyCandidate], n: int, seed: int) -> list[AnyCandidate]:
    """Draw up to n candidates at random, each with a number that derives from its key.

    Neither the order of the list nor the rest of it matters, so that a list that grows changes little.
    """
    numbers = {one.key: float(rng_for(seed, one.key, "initial").random()) for one in candidates}
    return sorted(candidates, key=lambda one: numbers[one.key])[:n]


def listed_substances(config: CampaignConfig) -> tuple["Substance", ...]:
    """Return all substances that a campaign file lists, as first evaluations and for the acquisition."""
    first = config.initial.listed() if isinstance(config.initial, ListInitial) else ()
    return (*first, *config.generator.listed())


@dataclass(frozen=True)
class FixedList:
    """Keys of all that a campaign may evaluate, if that is a list.

    Attributes:
        first: Evaluated regardless of what other campaigns have measured.
        others: Chosen by the acquisition where no other campaign of the store has measured them.
    """

    first: frozenset[str]
    others: frozenset[str]

    @classmethod
    def of(cls, config: CampaignConfig) -> "FixedList | None":
        """Return the list of a campaign, or None where a generator proposes candidates without end."""
        alone, others = config.undescribed() is not None, config.generator.listed()
        if not alone and not others:
            return None
        first = config.initial.listed() if isinstance(config.initial, ListInitial) else ()
        return cls(frozenset(one.key for one in first), frozenset(() if alone else (one.key for one in others)))

    def left(self, ledger: Ledger) -> int:
        """Return how many substances have no result yet, nor are simulated; those that are reserved count."""
        own: Collection[str] = {record.key for record in ledger.own() if record.state != "expired"}
        return len(self.first.difference(own) | self.others.difference(ledger.taken)) + len(ledger.own("reserved"))
