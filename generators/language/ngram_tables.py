"""Counts of contexts and their followers, smoothed from one context length to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generators.language.decoding import FloatArray

Hash = NDArray[np.uint64]
Smoothing = Literal["kneser-ney", "witten-bell"]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


def extend_hash(hashes: Hash, symbols: NDArray[np.integer]) -> Hash:
    """Return the hash of each context with one more symbol at its far end."""
    mixed: Hash = (hashes ^ (symbols.astype(np.uint64) + np.uint64(1))) * _MULTIPLIER
    mixed ^= mixed >> _SHIFT
    return mixed


@dataclass(frozen=True)
class ContextTable:
    """One context length of an interpolated n-gram model.

    p(w | c) = weight[c, w] + backoff[c] * p(w | c without its farthest symbol).

    Attributes:
        contexts: (C,) sorted hashes of the contexts seen.
        offsets: (C + 1,) where each context's followers begin.
        followers: (P,) token ids.
        weights: (P,) discounted relative frequencies.
        backoff: (C,) mass left for the next shorter context.
    """

    contexts: Hash
    offsets: NDArray[np.int64]
    followers: NDArray[np.int8]
    weights: NDArray[np.float32]
    backoff: FloatArray

    def find(self, hashes: Hash) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the rows of `hashes` that were seen and their places among the contexts."""
        places = np.searchsorted(self.contexts, hashes)
        places[places == len(self.contexts)] = 0
        rows = np.flatnonzero(self.contexts[places] == hashes)
        return rows, places[rows]

    def interpolate(self, probabilities: FloatArray, rows: NDArray[np.intp], places: NDArray[np.intp]) -> None:
        """Replace the lower-order probabilities of some rows by those of this table, in place."""
        first = self.offsets[places]
        counts = self.offsets[places + 1] - first
        ends = np.cumsum(counts)
        entries = np.arange(ends[-1]) + np.repeat(first - ends + counts, counts)
        probabilities[rows] *= self.backoff[places][:, None]
        probabilities[np.repeat(rows, counts), self.followers[entries]] += self.weights[entries]


def build_tables(
    contexts: NDArray[np.int8],
    features: NDArray[np.int16] | None,
    tokens: NDArray[np.int8],
    filler: int,
    smoothing: Smoothing,
) -> list[ContextTable]:
    """Count and smooth, from the longest context down to the empty one.

    Interpolated Kneser-Ney smoothing with three discounts (Chen & Goodman 1999, doi 10.1006/csla.1999.0128, eq. 26): below the
    longest context a pair counts once for each distinct longer context it was seen in, but contexts that reach the
    beginning of the string keep their own counts, since nothing can stand before it. Witten-Bell smoothing (the same
    paper, section 2.6) keeps the counts at all lengths.

    Args:
        contexts: (P, K) the symbols before each position, nearest first, `filler` before the beginning.
        features: (P,) structural feature that belongs to every context, or None.
        tokens: (P,) token at each position.
        filler: Symbol that stands before the beginning.
        smoothing: Smoothing method.

    Returns:
        Tables from the empty context to the longest.
    """
    tables = []
    counts = np.ones(len(tokens), dtype=np.int64)
    for length in range(contexts.shape[1], -1, -1):
        tables.append(_Counted.of(_hash_contexts(contexts[:, :length], features), tokens, counts))
        here = tables[-1]
        counts = here.counts
        if smoothing == "kneser-ney" and length > 0:
            shorter = contexts[here.examples, length - 2] if length > 1 else None
            at_start = np.zeros(len(counts), dtype=bool) if shorter is None else shorter == filler
            counts = np.where(at_start, counts, 1)
        contexts, tokens = contexts[here.examples], tokens[here.examples]
        features = None if features is None else features[here.examples]
    if features is not None:
        tables.append(_Counted.of(np.zeros(len(tokens), dtype=np.uint64), tokens, counts))
    smooth = _kneser_ney if smoothing == "kneser-ney" else _witten_bell
    return [smooth(table) for table in reversed(tables)]


def _hash_contexts(contexts: NDArray[np.int8], features: NDArray[np.int16] | None) -> Hash:
    hashes = np.zeros(len(contexts), dtype=np.uint64)
    if features is not None:
        hashes = extend_hash(hashes, features)
    for column in range(contexts.shape[1]):
        hashes = extend_hash(hashes, contexts[:, column])
    return hashes


@dataclass(frozen=True)
class _Counted:
    """Distinct (context, token) pairs, sorted, with their counts and the position of one example each."""

    hashes: Hash
    tokens: NDArray[np.int8]
    counts: NDArray[np.int64]
    examples: NDArray[np.intp]

    @classmethod
    def of(cls, hashes: Hash, tokens: NDArray[np.int8], counts: NDArray[np.int64]) -> "_Counted":
        order = np.lexsort((tokens, hashes))
        hashes, tokens = hashes[order], tokens[order]
        new = np.ones(len(order), dtype=bool)
        new[1:] = (hashes[1:] != hashes[:-1]) | (tokens[1:] != tokens[:-1])
        starts = np.flatnonzero(new)
        return cls(hashes[starts], tokens[starts], np.add.reduceat(counts[order], starts), order[starts])

    def by_context(self) -> tuple[Hash, NDArray[np.int64], NDArray[np.int64]]:
        """Return the distinct contexts, their offsets and their total counts."""
        new = np.ones(len(self.hashes), dtype=bool)
        new[1:] = self.hashes[1:] != self.hashes[:-1]
        starts = np.flatnonzero(new)
        offsets = np.append(starts, len(self.hashes)).astype(np.int64)
        return self.hashes[starts], offsets, np.add.reduceat(self.counts, starts)


def _finish(counted: _Counted, numerators: FloatArray, denominators: FloatArray) -> ContextTable:
    contexts, offsets, _ = counted.by_context()
    weights = (numerators / np.repeat(denominators, np.diff(offsets))).astype(np.float32)
    # Computed from the stored weights, so that the sum is one in spite of rounding.
    backoff = 1.0 - np.add.reduceat(weights.astype(np.float64), offsets[:-1])
    return ContextTable(contexts, offsets, counted.tokens, weights, backoff)


def _kneser_ney(counted: _Counted) -> ContextTable:
    _, _, totals = counted.by_context()
    discounts = np.array([0.0, *kneser_ney_discounts(counted.counts)])
    numerators = counted.counts - discounts[np.minimum(counted.counts, 3)]
    return _finish(counted, numerators, totals.astype(np.float64))


def kneser_ney_discounts(counts: NDArray[np.int64]) -> Sequence[float]:
    """Return the discounts of pairs seen once, twice and more often.

    D_i = i - (i + 1) Y n_(i+1) / n_i with Y = n_1 / (n_1 + 2 n_2); where the counts of counts leave a D_i undefined or outside
    (0, i), as in very small samples, it is i / 2.
    """
    n = [int((counts == i).sum()) for i in range(1, 5)]
    discounts = []
    for i in (1, 2, 3):
        value = i / 2
        if n[0] and n[1] and n[i - 1]:
            estimate = i - (i + 1) * n[0] / (n[0] + 2 * n[1]) * n[i] / n[i - 1]
            value = estimate if 0 < estimate < i else value
        discounts.append(value)
    return discounts


def _witten_bell(counted: _Counted) -> ContextTable:
    _, offsets, totals = counted.by_context()
    distinct = np.diff(offsets)
    return _finish(counted, counted.counts.astype(np.float64), (totals + distinct).astype(np.float64))
