"""Particles, and the evaluation of filter and likelihood once per polymer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from generators.candidate import LogLikelihood
from generators.language.decoding import FloatArray
from mdcore.chem import RepeatUnit

MAX_REFUSED = 1000
"""Rejections per accepted draw above which the filter counts as accepting nothing."""
FREE_DRAWS = 20
"""Accepted draws that are assumed in advance, because the first one may be late by chance."""


def is_hopeless(refused: int, accepted: int) -> bool:
    """Return whether a filter rejects practically every draw from a prior."""
    return refused > MAX_REFUSED * (accepted + FREE_DRAWS)


class States(Protocol):
    """States of n particles: strings of a language model, or syntheses."""

    @property
    def log_prob(self) -> FloatArray:
        """Log prior probability of each, shape (n,)."""

    def take(self, rows: NDArray[np.intp], /) -> Self:
        """Return the selected states, in the given order, possibly repeated."""


S = TypeVar("S", bound=States)


@dataclass(frozen=True)
class Particles(Generic[S]):
    """A population.

    Attributes:
        states: States of the n particles.
        units: Their repeat units, as canonical keys.
        log_likelihoods: (n,) natural logarithms.
    """

    states: S
    units: tuple[RepeatUnit, ...]
    log_likelihoods: FloatArray

    def take(self, rows: NDArray[np.intp]) -> "Particles[S]":
        """Return the selected particles, in the given order, possibly repeated."""
        return Particles(self.states.take(rows), tuple(self.units[i] for i in rows), self.log_likelihoods[rows])


@dataclass
class Evaluator:
    """Converts pSMILES to repeat units and evaluates filter and likelihood once per distinct polymer.

    Attributes:
        log_likelihood: Log likelihood, or None for a constant one.
        accepts: Filter; rejected units are outside the prior.
        calls: Number of distinct repeat units for which the likelihood was evaluated.
    """

    log_likelihood: LogLikelihood | None
    accepts: Callable[[RepeatUnit], bool] | None
    calls: int = 0
    _units: dict[str, RepeatUnit | None] = field(default_factory=dict)
    _accepted: dict[str, bool] = field(default_factory=dict)
    _values: dict[str, float] = field(default_factory=dict)

    def units(self, texts: list[str]) -> list[RepeatUnit | None]:
        """Return the canonical repeat unit of each text, None where the filter rejects it."""
        found = []
        for text in texts:
            if text not in self._units:
                unit = RepeatUnit.canonical(text, elements=None)
                if unit.key not in self._accepted:
                    self._accepted[unit.key] = self.accepts is None or self.accepts(unit)
                self._units[text] = unit if self._accepted[unit.key] else None
            found.append(self._units[text])
        return found

    def values(self, units: list[RepeatUnit]) -> FloatArray:
        """Return the log likelihood of each unit, shape (n,).

        Raises:
            ValueError: The likelihood returns NaN, +inf or an array of another shape.
        """
        if self.log_likelihood is None:
            return np.zeros(len(units))
        new = list({unit.key: unit for unit in units if unit.key not in self._values}.values())
        if new:
            values = np.asarray(self.log_likelihood(new), dtype=np.float64)
            if values.shape != (len(new),):
                raise ValueError(
                    f"log likelihood must have shape ({len(new)},), got {values.shape}; return one number per unit"
                )
            if np.isnan(values).any() or (values == np.inf).any():
                worst = new[int(np.flatnonzero(np.isnan(values) | (values == np.inf))[0])]
                raise ValueError(f"log likelihood of {worst.key} is NaN or +inf; return finite numbers or -inf")
            self.calls += len(new)
            self._values.update(zip((unit.key for unit in new), values.tolist(), strict=True))
        return np.array([self._values[unit.key] for unit in units])
