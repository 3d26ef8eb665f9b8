"""Context of a token in the molecular tree: the path back to the head, and the open rings and branches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.language.grammar import MAX_DEPTH, Grammar, GrammarState
from generators.language.notation import PADDING, TokenArray
from generators.language.vocabulary import Kind, Vocabulary

_MAX_AGE = 11

N_STRUCTURES = (3 * (_MAX_AGE + 1) + _MAX_AGE) * 3 + 3
"""Number of values of `structure`."""


def n_symbols(vocabulary: Vocabulary) -> int:
    """Return the number of symbols on a path: tokens, the beginning, and closed branches by their first token."""
    return 2 * len(vocabulary) + 1


@dataclass(frozen=True)
class PathMemory:
    """The paths of n strings.

    Attributes:
        context: (n, K) symbols on the path from the current atom back to the head, nearest first. A closed branch is one
            symbol there, that of its first atom.
        branch_context: (n, MAX_DEPTH, K) contexts to return to.
        branch_first: (n, MAX_DEPTH) first token of each open branch.
    """

    context: NDArray[np.int8]
    branch_context: NDArray[np.int8]
    branch_first: NDArray[np.int8]

    @classmethod
    def begin(cls, n: int, width: int, bos: int) -> "PathMemory":
        """Return the paths of n strings that hold only their head star; `bos` stands before it."""
        return cls(
            np.full((n, width), bos, dtype=np.int8),
            np.full((n, MAX_DEPTH, width), bos, dtype=np.int8),
            np.zeros((n, MAX_DEPTH), dtype=np.int8),
        )

    def take(self, rows: NDArray[np.intp]) -> "PathMemory":
        """Return the paths of the selected rows."""
        return PathMemory(self.context[rows], self.branch_context[rows], self.branch_first[rows])

    def extend(self, state: GrammarState, tokens: NDArray[np.integer], vocabulary: Vocabulary) -> None:
        """Append one token to each path, in place; `state` is the grammar state before the token."""
        kind = vocabulary.kind[tokens]
        context = self.context
        symbols = tokens.astype(np.int8)
        opening = np.flatnonzero(kind == Kind.BRANCH_OPEN)
        if len(opening):
            self.branch_context[opening, state.depth[opening]] = context[opening]
        first = np.flatnonzero((kind == Kind.ATOM) & state.in_branch)
        if len(first):
            self.branch_first[first, state.depth[first] - 1] = tokens[first]
        closing = np.flatnonzero(kind == Kind.BRANCH_CLOSE)
        if len(closing):
            at = state.depth[closing] - 1
            context[closing] = self.branch_context[closing, at]
            symbols[closing] = len(vocabulary) + 1 + self.branch_first[closing, at]
        if context.shape[1]:
            context[:, 1:] = context[:, :-1].copy()
            context[:, 0] = symbols


def structure(state: GrammarState) -> NDArray[np.int16]:
    """Encode the open rings, the bonds since the latest was opened, and the depth of branches as one integer, shape (n,)."""
    rings = np.minimum(state.n_rings, 3)
    age = state.distance - state.ring_distance[np.arange(len(state)), state.n_rings - 1]
    age = np.where(rings > 0, np.clip(age, 0, _MAX_AGE), 0)
    number: NDArray[np.int16] = (rings * (_MAX_AGE + 1) + age) * 3 + np.minimum(state.depth, 2)
    return number


@dataclass(frozen=True)
class Walk:
    """Contexts before each token of n strings.

    Attributes:
        contexts: (n, L, K) path symbols, nearest first.
        structures: (n, L) structural features.
        accepted: (n,) whether the grammar accepts the whole string.
        allowed: (n, L, V) tokens that the grammar allowed, all False after the closing star; (n, L, 0) unless `masks` was set.
    """

    contexts: NDArray[np.int8]
    structures: NDArray[np.int16]
    accepted: NDArray[np.bool_]
    allowed: NDArray[np.bool_]


def walk(tokens: TokenArray, grammar: Grammar, width: int, *, masks: bool = False) -> Walk:
    """Step through finished strings token by token.

    Args:
        tokens: (n, L) token ids, `PADDING` after the closing star.
        grammar: The grammar.
        width: Number of context symbols.
        masks: Whether to record the allowed tokens.
    """
    vocabulary = grammar.vocabulary
    n, length = tokens.shape
    contexts = np.zeros((n, length, width), dtype=np.int8)
    structures = np.zeros((n, length), dtype=np.int16)
    allowed = np.zeros((n, length, len(vocabulary) if masks else 0), dtype=bool)
    rows = np.arange(n)
    accepted = np.ones(n, dtype=bool)
    state = grammar.start(n)
    memory = PathMemory.begin(n, width, len(vocabulary))
    for position in range(length):
        chosen = tokens[rows, position].astype(np.intp)
        contexts[rows, position] = memory.context
        structures[rows, position] = structure(state)
        mask = grammar.allowed(state)
        if masks:
            allowed[rows, position] = mask
        valid = (chosen != PADDING) & mask[np.arange(len(rows)), chosen]
        accepted[rows[~valid]] = False
        going = np.flatnonzero(valid & (chosen != grammar.star))
        if not len(going):
            break
        if len(going) < len(rows):
            rows, chosen, state = rows[going], chosen[going], state.take(going)
            memory = memory.take(going)
        memory.extend(state, chosen, vocabulary)
        grammar.advance(state, chosen)
    return Walk(contexts, structures, accepted, allowed)
