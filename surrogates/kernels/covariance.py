"""Covariance function of a latent property."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from surrogates.features import Features
from surrogates.kernels.statistics import Statistics

MEAN_VARIANCE = 0.5
"""Variance of the constant kernel, the prior of a property's mean, in standardised units."""

Parts = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Covariance:
    """k = c + s * minmax(counts) + d * radial(descriptor distance / lengthscale) + l * mean descriptor product + v * same.

    In standardised units. The linear term extrapolates trends beyond the measured range, where the other terms revert to the mean:
    properties are nearly additive in chemical groups, and the best candidates are outside the measured range. The last term is specific
    to each polymer: it cannot be predicted from other polymers, but it is a property of the polymer, not an error of its measurement.

    Attributes:
        similarity: Variance s of the fingerprint term.
        descriptor: Variance d of the descriptor term.
        linear: Variance l of the linear term.
        lengthscale: Lengthscale of the descriptor term, in root mean square standard deviations.
        radial: `matern` of smoothness 5/2, or `rbf`, the squared exponential.
        peculiar: Variance v of the polymer-specific term.
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
        """Prior covariance, including the constant kernel, relative to a typical unit's variance, shape (N, M)."""
        return (MEAN_VARIANCE + self(pairs)) / self.variance

    def parts(self, pairs: Statistics) -> Parts:
        """Return the fingerprint, descriptor and linear terms, and the derivative of the descriptor term by ln(lengthscale), each (N, M).

        The polymer-specific term, `peculiar * pairs.same`, is not included.
        """
        radial, slope = self._radial(pairs.distance)
        return (
            self.similarity * pairs.similarity,
            self.descriptor * radial,
            self.linear * pairs.product,
            self.descriptor * slope,
        )

    def __call__(self, pairs: Statistics) -> NDArray[np.float64]:
        """Evaluate the covariance without the constant kernel, shape (N, M)."""
        described = self.descriptor * self._radial(pairs.distance)[0]
        smooth = self.similarity * pairs.similarity + described + self.linear * pairs.product
        return np.asarray(smooth + self.peculiar * pairs.same if self.peculiar else smooth, dtype=np.float64)

    def _radial(self, distance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Radial kernel and its derivative by ln(lengthscale), of the distances' shape."""
        if self.radial == "rbf":
            square = (distance / self.lengthscale) ** 2
            value = np.exp(-0.5 * square)
            return value, square * value
        r = distance * (np.sqrt(5.0) / self.lengthscale)
        decay = np.exp(-r)
        square = r * r / 3.0
        return (1.0 + r + square) * decay, square * (1.0 + r) * decay
