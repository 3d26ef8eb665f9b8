"""A proposed repeat unit, and the interface of what proposes it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generators.synthesis.route import Route
from mdcore.chem import RepeatUnit

LogLikelihood = Callable[[Sequence[RepeatUnit]], NDArray[np.float64]]
"""Natural log of the likelihood of each repeat unit, shape (n,): finite or -inf."""


@dataclass(frozen=True)
class Candidate:
    """A repeat unit that a generator proposes.

    Attributes:
        unit: The repeat unit, spelled as its canonical key.
        log_prior: Natural log of the prior probability of the string (or synthesis) from which the unit was made.
        origin: How it was generated, such as `smc, ngram-10, 4 steps`.
        route: Polymerisation and monomers, if known.
    """

    unit: RepeatUnit
    log_prior: float
    origin: str
    route: Route | None = None

    @property
    def key(self) -> str:
        """Canonical key of the unit."""
        return self.unit.key

    @property
    def psmiles(self) -> str:
        """Spelling of the unit."""
        return self.unit.psmiles

    @property
    def composition(self) -> RepeatUnit:
        """The unit, of which features are computed."""
        return self.unit

    @property
    def document(self) -> None:
        """None: a homopolymer needs no document beside its repeat unit."""
        return None


class Generator(Protocol):
    """Proposes repeat units."""

    def propose(
        self,
        n: int,
        rng: np.random.Generator,
        log_likelihood: LogLikelihood | None = None,
        exclude: Collection[str] = (),
    ) -> list[Candidate]:
        """Return n candidates with distinct keys that are not in `exclude`; fewer only if there are no others.

        Args:
            n: Number of candidates.
            rng: The only source of random numbers: equal states give equal candidates.
            log_likelihood: Natural log of the likelihood, for samples of the posterior; None for samples of the prior. A unit whose
                likelihood is zero must not be proposed.
            exclude: Canonical keys to exclude, such as those of the corpus or of evaluated polymers.

        Raises:
            ExhaustedProposals: Fewer than n candidates were found, although there may be others.
        """
        ...
