"""Metropolis-Hastings moves on strings, with exact forward and reverse probabilities."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.language.decoding import FloatArray, Strings, regrow, score
from generators.language.model import LanguageModel
from generators.language.notation import PADDING
from generators.language.spellings import standard_spellings
from generators.language.vocabulary import Vocabulary


@dataclass(frozen=True)
class Move:
    """A proposed move of n strings.

    Attributes:
        strings: (n) new strings; undefined where `possible` is False.
        log_ratio: (n,) log of p(S') q(S | S') / (p(S) q(S' | S)), where p is the language model.
        possible: (n,) False where the new string is not in the language, which is a rejection.
    """

    strings: Strings
    log_ratio: FloatArray
    possible: NDArray[np.bool_]


def regrow_tail(model: LanguageModel[Any], strings: Strings, rng: np.random.Generator) -> Move:
    """Keep a random prefix and draw the rest from the model.

    The number of kept tokens is uniform on 0 .. length - 1. The probabilities of the model cancel between p and q; what remains
    is the probability of the cut, length(S) / length(S').
    """
    lengths = strings.lengths
    kept = np.floor(rng.random(len(strings)) * lengths).astype(np.intp)
    proposed = regrow(model, strings, kept, rng)
    return Move(proposed, np.log(lengths / proposed.lengths), np.ones(len(strings), dtype=bool))


def regrow_segment(model: LanguageModel[Any], strings: Strings, longest: int, rng: np.random.Generator) -> Move:
    """Replace a random segment by one drawn from the model after the same prefix, and keep the suffix.

    The segment begins at t, uniform on 0 .. length - 2, and its length is uniform on 1 .. min(longest, length - 1 - t); the new
    segment has a length uniform on 1 .. longest. With b(S) = (length - 1) min(longest, length - 1 - t), the probabilities of the
    segments cancel and

        p(S') q(S | S') / (p(S) q(S' | S)) = p(suffix | new) / p(suffix | old) * b(S) / b(S').

    A new segment that contains the closing star, or after which the suffix is not grammatical, is rejected.
    """
    n, width = strings.tokens.shape
    lengths = strings.lengths
    start = np.floor(rng.random(n) * (lengths - 1)).astype(np.intp)
    room = np.minimum(longest, lengths - 1 - start)
    old = 1 + np.floor(rng.random(n) * room).astype(np.intp)
    new = 1 + np.floor(rng.random(n) * longest).astype(np.intp)
    new_lengths = lengths - old + new
    possible = new_lengths <= width
    grown = regrow(model, strings, start, rng, stop=np.minimum(start + new, width))
    filled = (grown.tokens != PADDING).sum(axis=1)
    closed = (grown.tokens == model.grammar.star).any(axis=1)
    possible &= (filled == start + new) & ~closed

    column = np.arange(width)
    source = np.clip(column + (old - new)[:, None], 0, width - 1)
    rest = (column >= (start + new)[:, None]) & (column < new_lengths[:, None])
    tokens = np.where(rest, np.take_along_axis(strings.tokens, source, axis=1), grown.tokens)
    rows = np.flatnonzero(possible)
    log_probs = grown.log_probs.copy()
    log_ratio = np.full(n, -np.inf)
    if len(rows):
        scored = score(model, tokens[rows], known=(start + new)[rows])
        log_probs[rows] = np.where(rest[rows], scored.log_probs, log_probs[rows])
        before = np.where(column >= (start + old)[:, None], strings.log_probs, 0.0)[rows].sum(axis=1)
        after = scored.log_prob
        choices = (lengths - 1) * room
        new_choices = (new_lengths - 1) * np.minimum(longest, new_lengths - 1 - start)
        possible[rows] = after > -np.inf
        log_ratio[rows] = after - before + np.log(choices[rows]) - np.log(new_choices[rows])
    return Move(Strings(tokens, log_probs), log_ratio, possible)


def respell(
    model: LanguageModel[Any],
    strings: Strings,
    keys: list[str],
    rng: np.random.Generator,
    spellings: Callable[[str, Vocabulary], tuple[tuple[int, ...], ...]] | None = None,
) -> Move:
    """Replace each string by another standard spelling of the same polymer.

    The standard spellings depend on the canonical key only, and the new one is drawn uniformly from them. A string that is not a
    standard spelling is not changed, because no move would lead back to it. The move is symmetric.

    Args:
        model: Language model.
        strings: The strings.
        keys: Canonical key of each string.
        rng: Random generator.
        spellings: Function from a key to the standard spellings; by default `standard_spellings`.
    """
    spell = spellings if spellings is not None else standard_spellings
    n, width = strings.tokens.shape
    tokens = strings.tokens.copy()
    possible = np.zeros(n, dtype=bool)
    for row, key in enumerate(keys):
        choices = [choice for choice in spell(key, model.grammar.vocabulary) if len(choice) <= width]
        current = tuple(strings.tokens[row, : strings.lengths[row]].tolist())
        if current in choices:
            chosen = choices[int(rng.integers(len(choices)))]
            tokens[row] = PADDING
            tokens[row, : len(chosen)] = chosen
            possible[row] = True
    log_probs = strings.log_probs.copy()
    log_ratio = np.full(n, -np.inf)
    rows = np.flatnonzero(possible)
    if len(rows):
        scored = score(model, tokens[rows])
        log_probs[rows] = scored.log_probs
        log_ratio[rows] = scored.log_prob - strings.log_prob[rows]
        possible[rows] = scored.log_prob > -np.inf
    return Move(Strings(tokens, log_probs), log_ratio, possible)
