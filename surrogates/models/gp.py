"""An exact Gaussian process on precomputed similarities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from surrogates.models.linalg import robust_cholesky


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters, in units of the standardised property.

    Attributes:
        outputscale: Variance of the latent property.
        noise: Variance added to the known measurement errors.
        mean: Constant prior mean.
    """

    outputscale: float
    noise: float
    mean: float


@dataclass(frozen=True)
class ExactGP:
    """Posterior of one property given its measurements (Rasmussen and Williams, algorithm 2.1).

    The latent property is location + spread * f with f ~ GP(mean, outputscale * k), and the measurements are the latent
    property plus independent errors of variance stderr^2 + spread^2 * noise.

    Attributes:
        property: Registry name.
        rows: Rows of the set's feature table that were measured, shape (n,).
        location: Location of the standardisation, in the property's unit.
        spread: Spread of the standardisation, in the property's unit.
        parameters: Hyperparameters.
        targets: Standardised measurements, shape (n,).
        known_noise: Standardised measurement variances, shape (n,).
        factor: Lower Cholesky factor of the covariance of the measurements, shape (n, n).
        weights: Inverse covariance times centred targets, shape (n,).
    """

    property: str
    rows: NDArray[np.int64]
    location: float
    spread: float
    parameters: Hyperparameters
    targets: NDArray[np.float64]
    known_noise: NDArray[np.float64]
    factor: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def condition(
        cls,
        name: str,
        rows: NDArray[np.int64],
        gram: NDArray[np.float64],
        targets: NDArray[np.float64],
        known_noise: NDArray[np.float64],
        location: float,
        spread: float,
        parameters: Hyperparameters,
    ) -> "ExactGP":
        """Condition the prior on standardised measurements with similarities `gram` of shape (n, n)."""
        covariance = parameters.outputscale * gram + np.diag(known_noise + parameters.noise)
        factor = robust_cholesky(covariance)
        half = solve_triangular(factor, targets - parameters.mean, lower=True)
        weights = solve_triangular(factor, half, lower=True, trans="T")
        return cls(name, rows, location, spread, parameters, targets, known_noise, factor, weights)

    def whiten(self, similarity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Solve the Cholesky factor against covariances with N points.

        Args:
            similarity: Similarities to all rows of the feature table, shape (N, rows of the table).

        Returns:
            Shape (n, N); products of two such columns are the covariance that the data explain.
        """
        cross = self.parameters.outputscale * similarity[:, self.rows].T
        return np.asarray(solve_triangular(self.factor, cross, lower=True, check_finite=False), dtype=np.float64)

    def mean(self, similarity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posterior mean of N points in the property's unit, shape (N,)."""
        standard = self.parameters.mean + self.parameters.outputscale * (similarity[:, self.rows] @ self.weights)
        return np.asarray(self.location + self.spread * standard, dtype=np.float64)

    def variance(self, whitened: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posterior variance of the latent property, in its unit squared, shape (N,), from `whiten`."""
        explained = np.einsum("ij,ij->j", whitened, whitened)
        floor = 1e-12 * self.parameters.outputscale
        return np.asarray(self.spread**2 * np.maximum(self.parameters.outputscale - explained, floor), dtype=np.float64)

    def covariance(
        self, prior: NDArray[np.float64], left: NDArray[np.float64], right: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Posterior covariance between points with similarities `prior` (N, M) and whitened columns (n, N), (n, M)."""
        return self.spread**2 * (self.parameters.outputscale * prior - left.T @ right)
