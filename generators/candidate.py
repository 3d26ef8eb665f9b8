"""A proposed repeat unit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
        origin: How it was generated, such as `smc, ngram-10, 4 stages`.
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
