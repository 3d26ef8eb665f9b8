"""Tokens of repeat units.

A repeat unit is written as Kekulised SMILES from its head star to its tail star: the main chain is the backbone, everything else
stands in branches, and the tail star ends the string. The bond is part of the token of the atom it leads to (`=C`), groups of
higher valence are one token (`<SO2>`), ring bonds are "open" (`&`, `&=`) and "close the k-th most recent" (`%0` .. `%5`), and
branches `(` and `)`. Whether a token may follow depends only on counts, so that every
sampled string is valid by construction: there are no aromatic systems that would have to be kekulised afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Kind(IntEnum):
    """Kind of a token."""

    ATOM = 0
    RING_OPEN = 1
    RING_CLOSE = 2
    BRANCH_OPEN = 3
    BRANCH_CLOSE = 4
    STAR = 5


MAX_RINGS = 10
"""Maximum number of open rings."""

N_CLOSURES = 6
"""Number of ring-closure tokens: only the most recently opened rings can be closed."""


@dataclass(frozen=True)
class Token:
    """One token.

    Attributes:
        name: Spelling, unique.
        kind: Kind of the token.
        bond: Order of the bond to the preceding atom (atoms) or of the ring bond (ring openings).
        valence: Valence of the atom.
        saturated: The atom must use its whole valence on single bonds to heavy atoms or stars: no implicit hydrogen.
        symbol: SMILES of the atom itself.
        suffix: SMILES of the substituents that are part of the token, written after the ring digits.
        rank: Number of rings opened after the one that is closed (ring closures).
    """

    name: str
    kind: Kind
    bond: int = 1
    valence: int = 0
    saturated: bool = False
    symbol: str = ""
    suffix: str = ""
    rank: int = 0


def _atoms() -> list[Token]:
    tokens = []
    for symbol, valence in (("C", 4), ("N", 3), ("O", 2), ("S", 2), ("P", 3), ("F", 1), ("Cl", 1), ("Br", 1), ("I", 1)):
        for bond, mark in ((1, ""), (2, "="), (3, "#")):
            if bond <= valence and not (symbol == "P" and bond > 2):
                tokens.append(Token(mark + symbol, Kind.ATOM, bond, valence, symbol=symbol))
    tokens += [
        Token("<SO2>", Kind.ATOM, 1, 2, True, "S", "(=O)(=O)"),
        Token("<SO>", Kind.ATOM, 1, 2, True, "S", "(=O)"),
        Token("<PO>", Kind.ATOM, 1, 3, True, "P", "(=O)"),
        Token("<NO2>", Kind.ATOM, 1, 1, True, "[N+]", "(=O)[O-]"),
    ]
    return tokens


ALL_TOKENS: tuple[Token, ...] = (
    *_atoms(),
    Token("&", Kind.RING_OPEN, 1),
    Token("&=", Kind.RING_OPEN, 2),
    *(Token(f"%{rank}", Kind.RING_CLOSE, rank=rank) for rank in range(N_CLOSURES)),
    Token("(", Kind.BRANCH_OPEN),
    Token(")", Kind.BRANCH_CLOSE),
    Token("*", Kind.STAR),
)

_NEEDED = ("C", "(", ")", "%0", "*")


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a grammar, with their attributes as arrays of shape (V,).

    Attributes:
        tokens: The tokens, in the order of their ids; `C`, `(`, `)`, `%0` and `*` are required, because any open string
            can be finished with them.
    """

    tokens: tuple[Token, ...] = ALL_TOKENS
    ids: dict[str, int] = field(init=False, repr=False, compare=False)
    kind: NDArray[np.int16] = field(init=False, repr=False, compare=False)
    bond: NDArray[np.int16] = field(init=False, repr=False, compare=False)
    valence: NDArray[np.int16] = field(init=False, repr=False, compare=False)
    saturated: NDArray[np.bool_] = field(init=False, repr=False, compare=False)
    rank: NDArray[np.int16] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", {token.name: i for i, token in enumerate(self.tokens)})
        missing = [name for name in _NEEDED if name not in self.ids]
        if missing:
            raise ValueError(
                f"the vocabulary lacks {', '.join(missing)}, which are required to finish every string; add them"
            )
        for name in ("kind", "bond", "valence", "rank"):
            values = np.array([getattr(token, name) for token in self.tokens], dtype=np.int16)
            object.__setattr__(self, name, values)
        object.__setattr__(self, "saturated", np.array([token.saturated for token in self.tokens]))

    @classmethod
    def of(cls, names: Iterable[str]) -> "Vocabulary":
        """Return the vocabulary of the given tokens and of those that are required to finish strings."""
        wanted = {*names, *_NEEDED}
        return cls(tuple(token for token in ALL_TOKENS if token.name in wanted))

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.tokens)

    @property
    def names(self) -> tuple[str, ...]:
        """Spellings of the tokens in the order of their ids."""
        return tuple(token.name for token in self.tokens)
