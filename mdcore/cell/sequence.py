"""Sequences of repeat units along a chain: homopolymer, alternating, random and block copolymers."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from mdcore.settings.base import Settings


class AlternatingSequence(Settings):
    """The units alternate in order."""

    kind: Literal["alternating"] = "alternating"


class _FractionalSequence(Settings):
    fractions: tuple[float, ...]

    @model_validator(mode="after")
    def _normalised(self) -> Self:
        if min(self.fractions, default=0.0) <= 0 or abs(sum(self.fractions) - 1.0) > 1e-6:
            raise ValueError(f"fractions {self.fractions} must be positive and sum to 1")
        return self


class RandomSequence(_FractionalSequence):
    """Each unit is drawn independently (an ideal copolymer).

    Attributes:
        fractions: Mole fraction of each unit; they sum to 1.
    """

    kind: Literal["random"] = "random"


class BlockSequence(_FractionalSequence):
    """One block of each unit, first to last.

    Attributes:
        fractions: Fraction of the units in each block; they sum to 1.
    """

    kind: Literal["block"] = "block"


UnitSequence = Annotated[AlternatingSequence | RandomSequence | BlockSequence, Field(discriminator="kind")]


def draw_sequence(
    sequence: AlternatingSequence | RandomSequence | BlockSequence,
    atoms_per_unit: Sequence[int],
    atoms_per_chain: int,
    rng: np.random.Generator,
) -> tuple[int, ...]:
    """Draw the units of one chain.

    Args:
        sequence: Kind of copolymer.
        atoms_per_unit: Number of atoms of each unit.
        atoms_per_chain: Target number of atoms of the chain; the number of units is the one closest to it on average.
        rng: Source of random choices.

    Returns:
        Index of the unit at each position, head to tail.

    Raises:
        ValueError: The numbers of fractions and units differ.
    """
    n_kinds = len(atoms_per_unit)
    if isinstance(sequence, AlternatingSequence):
        fractions = np.full(n_kinds, 1.0 / n_kinds)
    else:
        fractions = np.array(sequence.fractions)
        if len(fractions) != n_kinds:
            raise ValueError(f"{len(fractions)} fractions were given for {n_kinds} repeat units; give one for each")
    length = max(n_kinds, round(atoms_per_chain / float(fractions @ np.array(atoms_per_unit))))
    if isinstance(sequence, AlternatingSequence):
        return tuple(place % n_kinds for place in range(length))
    if isinstance(sequence, RandomSequence):
        return tuple(int(kind) for kind in rng.choice(n_kinds, size=length, p=fractions / fractions.sum()))
    ends = np.rint(np.cumsum(fractions) * length).astype(int)
    return tuple(int(np.searchsorted(ends, place, side="right")) for place in range(length))
