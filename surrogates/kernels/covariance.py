"""The covariance of a latent property: a constant, fingerprint similarity and descriptor distance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surrogates.kernels.statistics import Statistics

MEAN_VARIANCE = 0.5
"""Prior variance of a property's mean, in standardised units; as a constant kernel its uncertainty is carried along."""


@dataclass(frozen=True)
class Covariance:
    """k = c + s * minmax(counts) + d * Matern52(descriptor distance / lengthscale), in standardised units.

    Attributes:
        similarity: Variance s of the fingerprint part.
        descriptor: Variance d of the descriptor part.
        lengthscale: Lengthscale of the descriptor part, in root mean square standard deviations.
    """

    similarity: float
    descriptor: float
    lengthscale: float

    @property
    def structured(self) -> float:
        """Prior variance without the constant."""
        return self.similarity + self.descriptor

    @property
    def variance(self) -> float:
        """Prior variance."""
        return MEAN_VARIANCE + self.structured

    def correlation(self, pairs: Statistics) -> NDArray[np.float64]:
        """Prior correlation of the latent property, the constant included, shape (N, M)."""
        return (MEAN_VARIANCE + self(pairs)) / self.variance

    def parts(self, pairs: Statistics) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the fingerprint part, the descriptor part and its derivative by ln(lengthscale), each (N, M)."""
        r = pairs.distance * (np.sqrt(5.0) / self.lengthscale)
        decay = np.exp(-r)
        square = r * r / 3.0
        return (
            self.similarity * pairs.similarity,
            self.descriptor * (1.0 + r + square) * decay,
            self.descriptor * square * (1.0 + r) * decay,
        )

    def __call__(self, pairs: Statistics) -> NDArray[np.float64]:
        """Evaluate the structured part, without the constant, shape (N, M)."""
        r = pairs.distance * (np.sqrt(5.0) / self.lengthscale)
        described = self.descriptor * (1.0 + r + r * r / 3.0) * np.exp(-r)
        return np.asarray(self.similarity * pairs.similarity + described, dtype=np.float64)
