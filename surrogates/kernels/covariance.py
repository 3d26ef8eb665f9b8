"""The covariance of a latent property."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from surrogates.features import Features
from surrogates.kernels.statistics import Statistics

MEAN_VARIANCE = 0.5
"""Prior variance of a property's mean, in standardised units; as a constant kernel its uncertainty is carried along."""

Parts = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Covariance:
    """k = c + s * minmax(counts) + d * radial(descriptor distance / lengthscale) + l * mean descriptor product + v * same.

    In standardised units. The linear part carries trends beyond the measured range, where the others fall back to the mean:
    properties are nearly additive in groups, and the best candidates lie outside of what is known. The last part is what is peculiar to
    each polymer: no other one tells it, but it is a property of the polymer and no error of its measurement.

    Attributes:
        similarity: Variance s of the fingerprint part.
        descriptor: Variance d of the descriptor part.
        linear: Variance l of the linear part.
        lengthscale: Lengthscale of the descriptor part, in root mean square standard deviations.
        radial: `matern` of smoothness 5/2, or `rbf`, the squared exponential.
        peculiar: Variance v of what is peculiar to each polymer.
    """

    similarity: float
    descriptor: float
    linear: float
    lengthscale: float
    radial: Literal["matern", "rbf"] = "matern"
    peculiar: float = 0.0

    @property
    def variance(self) -> float:
        """Prior variance of a typical unit, whose descriptors have a mean square of one."""
        return MEAN_VARIANCE + self.similarity + self.descriptor + self.linear + self.peculiar

    def structured_variances(self, features: Features) -> NDArray[np.float64]:
        """Prior variances of n units without the constant, shape (n,)."""
        constant = self.similarity + self.descriptor + self.peculiar
        return np.asarray(constant + self.linear * features.squares, dtype=np.float64)

    def correlation(self, pairs: Statistics) -> NDArray[np.float64]:
        """Prior covariance, the constant included, relative to a typical unit's variance, shape (N, M)."""
        return (MEAN_VARIANCE + self(pairs)) / self.variance

    def parts(self, pairs: Statistics) -> Parts:
        """Return fingerprint, descriptor and linear part, and the descriptor part's slope by ln(lengthscale), each (N, M).

        What is peculiar is left out: it is `peculiar * pairs.same`.
        """
        radial, slope = self._radial(pairs.distance)
        return (
            self.similarity * pairs.similarity,
            self.descriptor * radial,
            self.linear * pairs.product,
            self.descriptor * slope,
        )

    def __call__(self, pairs: Statistics) -> NDArray[np.float64]:
        """Evaluate the structured part, without the constant, shape (N, M)."""
        described = self.descriptor * self._radial(pairs.distance)[0]
        smooth = self.similarity * pairs.similarity + described + self.linear * pairs.product
        return np.asarray(smooth + self.peculiar * pairs.same if self.peculiar else smooth, dtype=np.float64)

    def _radial(self, distance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Radial part and its slope by ln(lengthscale), of the distances' shape."""
        if self.radial == "rbf":
            square = (distance / self.lengthscale) ** 2
            value = np.exp(-0.5 * square)
            return value, square * value
        r = distance * (np.sqrt(5.0) / self.lengthscale)
        decay = np.exp(-r)
        square = r * r / 3.0
        return (1.0 + r + square) * decay, square * (1.0 + r) * decay
