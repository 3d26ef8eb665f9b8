"""Base class of the language models of repeat units."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from generators.errors import InexpressibleUnit
from generators.language.decoding import FloatArray, Memory, Strings, sample, score
from generators.language.grammar import Grammar, GrammarState
from generators.language.notation import TokenArray, decode, encode, pad
from mdcore.chem import RepeatUnit


class LanguageModel(ABC, Generic[Memory]):
    """A distribution over repeat-unit strings: a product of next-token probabilities under the grammar's mask.

    Attributes:
        grammar: The grammar; it makes every string a valid repeat unit.
        name: Short name for records, such as `ngram-10`.
    """

    grammar: Grammar
    name: str

    @abstractmethod
    def begin(self, n: int) -> Memory:
        """Return the memory of n strings that hold only their head star."""

    @abstractmethod
    def probabilities(self, memory: Memory, state: GrammarState) -> FloatArray:
        """Return the probability of each next token, shape (n, V), positive, each row summing to one."""

    @abstractmethod
    def extend(self, memory: Memory, state: GrammarState, tokens: NDArray[np.integer]) -> Memory:
        """Return the memory after one more token for each string; `state` is the one before the token."""

    @abstractmethod
    def take(self, memory: Memory, rows: NDArray[np.intp]) -> Memory:
        """Return the memory of some rows."""

    def sample_strings(self, n: int, rng: np.random.Generator) -> Strings:
        """Draw n independent strings."""
        return sample(self, n, rng)

    def sample_psmiles(self, n: int, rng: np.random.Generator, batch: int = 8192) -> list[str]:
        """Draw n independent repeat units as text, not canonical."""
        texts: list[str] = []
        for first in range(0, n, batch):
            texts += self.spell(self.sample_strings(min(batch, n - first), rng).tokens)
        return texts

    def sample(self, n: int, rng: np.random.Generator) -> list[RepeatUnit]:
        """Draw n independent repeat units; duplicates are possible."""
        return [RepeatUnit.from_psmiles(text) for text in self.sample_psmiles(n, rng)]

    def log_prob(self, units: Sequence[RepeatUnit | str]) -> FloatArray:
        """Return the natural log of the probability of each unit's standard spelling, shape (n,).

        A repeat unit has other spellings (reversed, other cuts, other orders of branches), so this is a lower bound of the log
        probability of the unit. A `RepeatUnit` is spelled from its canonical key, a text with its own cut. Units that the grammar
        cannot express have zero probability.
        """
        result = np.full(len(units), -np.inf)
        rows: list[list[int]] = []
        places: list[int] = []
        for place, row in enumerate(encode_all(units, self.grammar)):
            if row is not None:
                rows.append(row)
                places.append(place)
        if rows:
            result[places] = score(self, pad(rows)).log_prob
        return result

    def spell(self, tokens: TokenArray) -> list[str]:
        """Return the pSMILES of finished strings."""
        return [decode(row, self.grammar.vocabulary) for row in tokens.tolist()]


def encode_all(
    units: Iterable[RepeatUnit | str], grammar: Grammar, rng: np.random.Generator | None = None
) -> Iterable[list[int] | None]:
    """Yield the token ids of each unit, None for one that the grammar cannot express or that is too long for it."""
    for unit in units:
        try:
            row = encode(unit, grammar.vocabulary, rng)
        except InexpressibleUnit:
            yield None
        else:
            yield row if len(row) <= grammar.max_tokens else None
