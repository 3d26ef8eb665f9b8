"""Interface of the posterior of one property at a table of units."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels import TablePair


@dataclass(frozen=True)
class Posterior(ABC):
    """Joint normal distribution of the latent property of N units given the measurements.

    A subclass adds what it needs to compute covariances; acquisition methods, predictions and validation use what is here only.

    Attributes:
        mean: Means in the property's unit, shape (N,).
        variance: Variances of the latent property, without measurement error, in its unit squared, shape (N,), positive.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.mean)

    @abstractmethod
    def covariance(self, other: Self, tables: TablePair) -> NDArray[np.float64]:
        """Return the covariances with the units of another posterior of the same model, a new array of shape (N, M).

        Args:
            other: Posterior at M units; it may be this one.
            tables: Features of the N units and of the M units.
        """

    @abstractmethod
    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        """Return the posterior at the selected units."""
