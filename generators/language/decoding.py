"""Sampling and scoring under a language model and the grammar; every model uses the same masked distribution."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from generators.language.grammar import Grammar, GrammarState
from generators.language.notation import PADDING, TokenArray

FloatArray = NDArray[np.float64]
Memory = TypeVar("Memory")


class TokenModel(Protocol[Memory]):
    """Next-token probabilities of a language model.

    The grammar's mask is applied outside: the model's string distribution is the product over positions of
    `probabilities * mask / sum(probabilities * mask)`.
    """

    grammar: Grammar

    def begin(self, n: int) -> Memory:
        """Return the memory of n strings that hold only their head star."""

    def probabilities(self, memory: Memory, state: GrammarState) -> FloatArray:
        """Return the probability of each token, shape (n, V), positive, each row summing to one."""

    def extend(self, memory: Memory, state: GrammarState, tokens: NDArray[np.integer]) -> Memory:
        """Return the memory after one more token for each string; `state` is the grammar state before the token."""

    def take(self, memory: Memory, rows: NDArray[np.intp]) -> Memory:
        """Return the memory of the selected rows."""


@dataclass(frozen=True)
class Strings:
    """Finished strings and the log probability of each of their tokens.

    Attributes:
        tokens: (n, L) token ids, `PADDING` after the closing star.
        log_probs: (n, L) natural log of the masked conditional probability of each token, 0 after the closing star, -inf
            from the first token that the grammar does not allow.
    """

    tokens: TokenArray
    log_probs: FloatArray

    @property
    def lengths(self) -> NDArray[np.intp]:
        """Number of tokens of each string, shape (n,)."""
        counts: NDArray[np.intp] = (self.tokens != PADDING).sum(axis=1)
        return counts

    @property
    def log_prob(self) -> FloatArray:
        """Log probability of each string, shape (n,)."""
        total: FloatArray = self.log_probs.sum(axis=1)
        return total

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Strings":
        """Return the selected strings."""
        return Strings(self.tokens[rows], self.log_probs[rows])

    def __len__(self) -> int:
        """Return the number of strings."""
        return len(self.tokens)


def sample(model: TokenModel[Memory], n: int, rng: np.random.Generator) -> Strings:
    """Draw n independent strings."""
    return regrow(model, empty(n, model.grammar.max_tokens), np.zeros(n, dtype=np.intp), rng)


def empty(n: int, width: int) -> Strings:
    """Return n strings without tokens."""
    return Strings(np.full((n, width), PADDING, dtype=np.int8), np.zeros((n, width)))


def regrow(
    model: TokenModel[Memory],
    strings: Strings,
    kept: NDArray[np.intp],
    rng: np.random.Generator,
    stop: NDArray[np.intp] | None = None,
    batch: int = 2048,
) -> Strings:
    """Keep the first tokens of each string and resample the rest from the model.

    Args:
        model: Language model.
        strings: The strings; their kept tokens must be a valid beginning.
        kept: (n,) number of tokens to keep, less than the length of the string.
        rng: Random generator.
        stop: (n,) number of tokens after which to stop even if the string is not finished; None to finish every string.
        batch: Number of strings that are processed at a time.
    """
    n, width = strings.tokens.shape
    tokens = strings.tokens.copy()
    log_probs = strings.log_probs.copy()
    until = np.full(n, width, dtype=np.intp) if stop is None else stop
    behind = np.arange(width) >= kept[:, None]
    tokens[behind] = PADDING
    log_probs[behind] = 0.0
    for first in range(0, n, batch):
        chunk = slice(first, first + batch)
        _grow(model, tokens[chunk], log_probs[chunk], kept[chunk], until[chunk], rng)
    return Strings(tokens, log_probs)


def _grow(
    model: TokenModel[Memory],
    tokens: TokenArray,
    log_probs: FloatArray,
    kept: NDArray[np.intp],
    until: NDArray[np.intp],
    rng: np.random.Generator,
) -> None:
    grammar = model.grammar
    rows = np.arange(len(tokens))
    state = grammar.start(len(rows))
    memory = model.begin(len(rows))
    for position in range(tokens.shape[1]):
        new = kept[rows] <= position
        chosen = tokens[rows, position].astype(np.intp)
        if new.any():
            fresh = np.flatnonzero(new)
            everything = len(fresh) == len(rows)
            part_state = state if everything else state.take(fresh)
            part_memory = memory if everything else model.take(memory, fresh)
            weights = model.probabilities(part_memory, part_state) * grammar.allowed(part_state)
            ladder = np.cumsum(weights, axis=1)
            # Rounding must not raise the draw to the end of the cumulative weights.
            level = np.minimum(rng.random(len(fresh)) * ladder[:, -1], np.nextafter(ladder[:, -1], 0.0))
            drawn = (ladder <= level[:, None]).sum(axis=1)
            chosen[fresh] = drawn
            tokens[rows[fresh], position] = drawn
            log_probs[rows[fresh], position] = np.log(weights[np.arange(len(fresh)), drawn] / ladder[:, -1])
        going = np.flatnonzero((chosen != grammar.star) & (position + 1 < until[rows]))
        if not len(going):
            return
        if len(going) < len(rows):
            rows, chosen = rows[going], chosen[going]
            state, memory = state.take(going), model.take(memory, going)
        memory = model.extend(memory, state, chosen)
        grammar.advance(state, chosen)


def score(
    model: TokenModel[Memory], tokens: TokenArray, known: NDArray[np.intp] | None = None, batch: int = 4096
) -> Strings:
    """Return strings with the log probability of each of their tokens.

    Args:
        model: Language model.
        tokens: (n, L) token ids, `PADDING` after the closing star.
        known: (n,) number of leading tokens whose log probabilities are not computed but set to 0.
        batch: Number of strings that are processed at a time.
    """
    log_probs = np.zeros(tokens.shape)
    skipped = np.zeros(len(tokens), dtype=np.intp) if known is None else known
    for first in range(0, len(tokens), batch):
        chunk = slice(first, first + batch)
        _score(model, tokens[chunk], log_probs[chunk], skipped[chunk])
    return Strings(tokens, log_probs)


def _score(model: TokenModel[Memory], tokens: TokenArray, log_probs: FloatArray, skipped: NDArray[np.intp]) -> None:
    grammar = model.grammar
    rows = np.arange(len(tokens))
    state = grammar.start(len(rows))
    memory = model.begin(len(rows))
    for position in range(tokens.shape[1]):
        chosen = tokens[rows, position].astype(np.intp)
        mask = grammar.allowed(state)
        # A string without a closing star is not finished.
        valid = (chosen != PADDING) & mask[np.arange(len(rows)), chosen]
        log_probs[rows[~valid], position] = -np.inf
        wanted = np.flatnonzero(valid & (skipped[rows] <= position))
        if len(wanted):
            weights = model.probabilities(model.take(memory, wanted), state.take(wanted)) * mask[wanted]
            picked = weights[np.arange(len(wanted)), chosen[wanted]]
            log_probs[rows[wanted], position] = np.log(picked / weights.sum(axis=1))
        going = np.flatnonzero(valid & (chosen != grammar.star))
        if not len(going):
            return
        if len(going) < len(rows):
            rows, chosen = rows[going], chosen[going]
            state, memory = state.take(going), model.take(memory, going)
        memory = model.extend(memory, state, chosen)
        grammar.advance(state, chosen)
    log_probs[rows, -1] = -np.inf
