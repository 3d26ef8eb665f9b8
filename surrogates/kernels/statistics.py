"""Pairwise statistics of repeat units from which the kernels are computed, independent of hyperparameters."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from surrogates.features import Features
from surrogates.kernels.minmax import minmax


@dataclass(frozen=True)
class Statistics:
    """Pairwise statistics of N and M repeat units, computed once and shared by all properties.

    Attributes:
        similarity: MinMax similarity of the count fingerprints, shape (N, M).
        distance: Root mean square difference of the standardised descriptors, shape (N, M).
        product: Mean product of the standardised descriptors, shape (N, M).
        same: Whether both units are the same polymer, shape (N, M).
    """

    similarity: NDArray[np.float64]
    distance: NDArray[np.float64]
    product: NDArray[np.float64]
    same: NDArray[np.bool_]

    def take(self, rows: NDArray[np.int64]) -> "Statistics":
        """Return the selected columns."""
        return Statistics(self.similarity[:, rows], self.distance[:, rows], self.product[:, rows], self.same[:, rows])

    def block(self, rows: NDArray[np.int64]) -> "Statistics":
        """Return the selected rows and columns of a square table."""
        grid = np.ix_(rows, rows)
        return Statistics(self.similarity[grid], self.distance[grid], self.product[grid], self.same[grid])


def statistics(a: Features, b: Features) -> Statistics:
    """Compute the statistics of all pairs of two feature tables with the same descriptors."""
    x, y = a.descriptors, b.descriptors
    same = a.identities[:, None] == b.identities[None, :]
    if x.shape[1] == 0:
        nothing = np.zeros((len(a), len(b)))
        return Statistics(minmax(a, b), nothing, nothing, same)
    product = x @ y.T / x.shape[1]
    squares = a.squares[:, None] + b.squares[None, :]
    # Differences below the rounding error of the squares mean equal descriptors.
    gaps = squares - 2.0 * product
    gaps = np.where(gaps > 1e-13 * squares, gaps, 0.0)
    return Statistics(minmax(a, b), np.sqrt(gaps), product, same)


@dataclass(frozen=True)
class TablePair:
    """Two feature tables; the statistics of their pairs are computed when they are first needed and shared by all models.

    Attributes:
        left: Features of N units.
        right: Features of M units.
    """

    left: Features
    right: Features

    @cached_property
    def statistics(self) -> Statistics:
        """Statistics of all pairs, shape (N, M)."""
        return statistics(self.left, self.right)
