"""Feature tables, and the featuriser that computes and caches them."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from mdcore.chem import Composition, RepeatUnit
from surrogates.features.descriptors import NAMES, standardised_descriptors
from surrogates.features.fingerprints import LARGEST_COUNT, mean_bits, morgan_bits
from surrogates.settings import SurrogateSettings

CACHE_UNITS = 200_000
"""Number of repeat units and mixtures whose features are cached; about 1 kB each."""

SMALLEST_WINDOW = 4
"""Smallest number of bonds between the period and the ends of the window, which the descriptors require."""

UnitDescriptors = Callable[[RepeatUnit], NDArray[np.float64]]
"""Function that returns further standardised descriptors of a unit, of fixed length."""


@dataclass(frozen=True)
class Features:
    """Features of n repeat units.

    Attributes:
        bits: Thermometer code of the count fingerprints, shape (n, columns * LARGEST_COUNT), ones.
        sizes: Sum of the counts of each row, shape (n,).
        descriptors: Standardised descriptors, shape (n, d); d may be zero.
        names: Identifier of each row's polymer, shape (n,): equal identifiers mean the same polymer. If None, equal features do.
    """

    bits: csr_array
    sizes: NDArray[np.float64]
    descriptors: NDArray[np.float64]
    names: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return int(self.sizes.shape[0])

    @cached_property
    def _columns_hit(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Position of each bit among those that are set in this table (-1: not set), and their columns, dense, shape (hit, n).

        Single precision is exact: products of these columns are integers far below 2^24.
        """
        hit = np.unique(self.bits.indices)
        position = np.full(self.bits.shape[1], -1, dtype=np.int32)
        position[hit] = np.arange(len(hit))
        dense = np.zeros((len(hit), len(self)), dtype=np.float32)
        dense[position[self.bits.indices], np.repeat(np.arange(len(self)), np.diff(self.bits.indptr))] = 1.0
        return position, dense

    @cached_property
    def identities(self) -> NDArray[np.int64]:
        """Identifier of each row's polymer, shape (n,)."""
        if self.names is not None:
            return self.names
        starts = self.bits.indptr
        return np.array(
            [
                _number(np.sort(self.bits.indices[starts[i] : starts[i + 1]]).tobytes() + self.descriptors[i].tobytes())
                for i in range(len(self))
            ],
            dtype=np.int64,
        )

    @cached_property
    def squares(self) -> NDArray[np.float64]:
        """Mean square of each row's descriptors, shape (n,); zero without descriptors."""
        total = np.einsum("ij,ij->i", self.descriptors, self.descriptors)
        return np.asarray(total / max(self.descriptors.shape[1], 1), dtype=np.float64)

    def shared_counts(self, other: "Features") -> NDArray[np.float64]:
        """Sum of the minima of the counts for all pairs of rows, shape (n, rows of other)."""
        position, dense = other._columns_hit
        columns = position[self.bits.indices]
        known = columns >= 0
        starts = np.concatenate([[0], np.cumsum(known)])[self.bits.indptr]
        ones = np.ones(int(starts[-1]), dtype=np.float32)
        reduced = csr_array((ones, columns[known], starts), shape=(len(self), dense.shape[0]))
        return np.asarray(reduced @ dense, dtype=np.float64)

    def take(self, rows: NDArray[np.int64] | slice) -> "Features":
        """Return the selected rows."""
        return Features(self.bits[rows], self.sizes[rows], self.descriptors[rows], self.identities[rows])

    def joined(self, other: "Features") -> "Features":
        """Return the rows of this table followed by those of another."""
        return Features(
            vstack([self.bits, other.bits], format="csr"),
            np.concatenate([self.sizes, other.sizes]),
            np.vstack([self.descriptors, other.descriptors]),
            np.concatenate([self.identities, other.identities]),
        )

    def counts(self) -> NDArray[np.float64]:
        """Return the folded count fingerprints, shape (n, columns)."""
        table = np.zeros((len(self), self.bits.shape[1] // LARGEST_COUNT))
        rows = np.repeat(np.arange(len(self)), np.diff(self.bits.indptr))
        np.add.at(table, (rows, self.bits.indices // LARGEST_COUNT), 1.0)
        return table


def _number(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little", signed=True)


def names_of(units: Sequence[Composition]) -> NDArray[np.int64]:
    """Return identifiers of the polymers of n units, hashes of their keys, shape (n,)."""
    return np.array([_number(unit.key.encode()) for unit in units], dtype=np.int64)


def features_from_arrays(
    counts: NDArray[np.float64] | None = None, descriptors: NDArray[np.float64] | None = None
) -> Features:
    """Build a table from integer counts (n, columns), standardised descriptors (n, d), or both.

    Raises:
        ValueError: Both are None.
    """
    if counts is None:
        if descriptors is None:
            raise ValueError("counts and descriptors are both None; pass at least one")
        return _stack([np.zeros(0, dtype=np.int32)] * len(descriptors), 1, np.asarray(descriptors, dtype=np.float64))
    whole = np.minimum(np.rint(counts), LARGEST_COUNT).astype(np.int64)
    rows, columns = np.nonzero(whole)
    amounts = whole[rows, columns]
    steps = np.arange(amounts.sum()) - np.repeat(np.cumsum(amounts) - amounts, amounts)
    bits = (np.repeat(columns * LARGEST_COUNT, amounts) + steps).astype(np.int32)
    table = np.zeros((len(whole), 0)) if descriptors is None else np.asarray(descriptors, dtype=np.float64)
    return _stack(np.split(bits, np.cumsum(whole.sum(axis=1))[:-1]), whole.shape[1], table)


def _stack(
    rows: Sequence[NDArray[np.int32]],
    columns: int,
    descriptors: NDArray[np.float64],
    names: NDArray[np.int64] | None = None,
) -> Features:
    sizes = np.array([len(row) for row in rows], dtype=np.int64)
    indices = np.concatenate([*rows, np.zeros(0, dtype=np.int32)])
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    bits = csr_array((np.ones(len(indices)), indices, indptr), shape=(len(rows), columns * LARGEST_COUNT))
    return Features(bits, sizes.astype(np.float64), descriptors, names)


class Featuriser:
    """Computes feature tables of repeat units and caches them by key."""

    def __init__(
        self, settings: SurrogateSettings, further: UnitDescriptors | None = None, further_length: int = 0
    ) -> None:
        """Create a featuriser.

        Args:
            settings: Kind and length of the features.
            further: Function of further descriptors to append, for example of another force field's parameters.
            further_length: Number of descriptors that `further` returns.
        """
        self._fingerprints = settings.features in ("both", "fingerprints", "all")
        self._radius = settings.radius
        self._columns = settings.columns
        self._bonds = max(settings.radius + 1, SMALLEST_WINDOW)
        self._described: list[UnitDescriptors] = []
        self._length = 0
        if settings.features in ("both", "descriptors", "all"):
            self._described.append(partial(standardised_descriptors, bonds=self._bonds))
            self._length += len(NAMES)
        if settings.features in ("force-field", "all"):
            from surrogates.features.forcefield import LENGTH, ForceFieldDescriptors

            self._described.append(ForceFieldDescriptors.installed())
            self._length += LENGTH
        if further is not None and settings.features != "fingerprints":
            self._described.append(further)
            self._length += further_length
        self._cache: OrderedDict[str, tuple[NDArray[np.int32], NDArray[np.float64]]] = OrderedDict()

    def __call__(self, units: Sequence[Composition]) -> Features:
        """Return the features of n units, computed or cached."""
        rows = [self._row(unit) for unit in units]
        descriptors = np.array([row[1] for row in rows]).reshape(len(rows), self._length)
        return _stack([row[0] for row in rows], self._columns, descriptors, names_of(units))

    def _row(self, unit: Composition) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        row = self._cache.get(unit.key)
        if row is None:
            row = self._computed(unit)
            self._cache[unit.key] = row
            if len(self._cache) > CACHE_UNITS:
                self._cache.popitem(last=False)
        return row

    def _computed(self, unit: Composition) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Features of a repeat unit; of several, the means weighted by mass fraction, counts rounded."""
        if len(unit.parts) > 1:
            rows = [self._row(part) for part, _ in unit.parts]
            weights = np.array([weight for _, weight in unit.parts])
            return mean_bits([bits for bits, _ in rows], weights), weights @ np.array([table for _, table in rows])
        part = unit.parts[0][0]
        bits = np.zeros(0, dtype=np.int32)
        if self._fingerprints:
            bits = morgan_bits(part, self._radius, self._columns, self._bonds)
        parts = [describe(part) for describe in self._described]
        return bits, np.concatenate(parts) if parts else np.zeros(0)


@dataclass(frozen=True)
class FeatureLookup:
    """Precomputed features, looked up by key; cheap to send to other processes.

    Attributes:
        features: Features of n units.
        rows: Row of each key.
    """

    features: Features
    rows: Mapping[str, int]

    @classmethod
    def of(cls, units: Sequence[Composition], features: Features) -> "FeatureLookup":
        """Join units with their features, same order."""
        return cls(features, {unit.key: row for row, unit in enumerate(units)})

    def __call__(self, units: Sequence[Composition]) -> Features:
        """Look units up.

        Raises:
            KeyError: A unit is not in the table.
        """
        return self.features.take(np.array([self.rows[unit.key] for unit in units], dtype=np.int64))


_FEATURISERS: dict[tuple[str, int, int], Featuriser] = {}


def shared_featuriser(settings: SurrogateSettings) -> Featuriser:
    """Return the process-wide featuriser of these settings, so that refits use cached features."""
    identity = (settings.features, settings.radius, settings.columns)
    return _FEATURISERS.setdefault(identity, Featuriser(settings))
