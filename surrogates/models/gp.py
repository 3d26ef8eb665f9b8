"""Gaussian process on precomputed pairwise statistics."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from surrogates.features import Features
from surrogates.kernels import MEAN_VARIANCE, Covariance, Statistics
from surrogates.models.linalg import robust_cholesky
from surrogates.models.tasks import TaskCoupling


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters, in units of the standardised property.

    Attributes:
        covariance: Covariance of the latent property.
        coupling: Coupling of the other tasks to task 0.
        noise: Variance added to the known measurement errors, one for each task, shape (T,).
    """

    covariance: Covariance
    coupling: TaskCoupling
    noise: NDArray[np.float64]


@dataclass(frozen=True)
class TrainingData:
    """Standardised measurements of one property, including auxiliary tasks.

    Attributes:
        rows: Rows of the set's feature table, shape (n,).
        tasks: Task of each measurement, shape (n,); task 0 is predicted.
        targets: Standardised values, shape (n,).
        noise: Standardised squared standard errors, shape (n,).
        location: Location of task 0's standardisation, in the property's unit.
        spread: Spread of task 0's standardisation, in the property's unit.
    """

    rows: NDArray[np.int64]
    tasks: NDArray[np.int64]
    targets: NDArray[np.float64]
    noise: NDArray[np.float64]
    location: float
    spread: float

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, kept: NDArray[np.int64]) -> "TrainingData":
        """Return the selected measurements."""
        return TrainingData(
            self.rows[kept], self.tasks[kept], self.targets[kept], self.noise[kept], self.location, self.spread
        )

    def sample(self, most: int, rng: np.random.Generator) -> "TrainingData":
        """Return a random subset of at most `most` measurements."""
        return self.take(self.sampled(most, rng))

    def sampled(self, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Select a random subset, at least half of which is from task 0 if task 0 has as many measurements."""
        if len(self) <= most:
            return np.arange(len(self))
        shuffled = rng.permutation(len(self))
        others = shuffled[self.tasks[shuffled] != 0]
        own = shuffled[self.tasks[shuffled] == 0][: max(most // 2, most - len(others))]
        return np.sort(np.concatenate([own, others[: most - len(own)]]))


def measurement_covariance(pairs: Statistics, data: TrainingData, parameters: Hyperparameters) -> NDArray[np.float64]:
    """Covariance of the measurements, shape (n, n), from statistics of their rows."""
    coupling = parameters.coupling.matrix()[np.ix_(data.tasks, data.tasks)]
    same = data.tasks[:, None] == data.tasks[None, :]
    matrix = coupling * parameters.covariance(pairs) + MEAN_VARIANCE * same
    matrix[np.diag_indices_from(matrix)] += data.noise + parameters.noise[data.tasks]
    return np.asarray(matrix, dtype=np.float64)


@dataclass(frozen=True)
class PropertyGP:
    """Posterior of one property given its measurements (Rasmussen and Williams, algorithm 2.1).

    The latent property is location + spread * f with f ~ GP(0, c + k), and the measurements of task 0 are the latent
    property plus independent errors of variance stderr^2 + spread^2 * noise.

    Attributes:
        name: Registry name of the property.
        data: The measurements.
        parameters: Hyperparameters.
        support: Positions in `data` of the points that predictions refer to: all of them, or the inducing points.
        weights: Weights of the covariances with the support in predictions, shape (support,).
        factor: Lower Cholesky factor of the covariance of the support, shape (support, support).
        shrink: None if exact; with inducing points a matrix R of shape (support, support), such that R times the whitened
            covariances gives the explained variance.
    """

    name: str
    data: TrainingData
    parameters: Hyperparameters
    support: NDArray[np.int64]
    weights: NDArray[np.float64]
    factor: NDArray[np.float64]
    shrink: NDArray[np.float64] | None = None

    @classmethod
    def condition(cls, name: str, pairs: Statistics, data: TrainingData, parameters: Hyperparameters) -> "PropertyGP":
        """Condition the prior on measurements, exactly; `pairs` holds the statistics of their rows, (n, n)."""
        factor = robust_cholesky(measurement_covariance(pairs, data, parameters))
        weights = cho_solve((factor, True), data.targets, check_finite=False)
        return cls(name, data, parameters, np.arange(len(data)), weights, factor)

    @property
    def spread(self) -> float:
        """Spread of the standardisation, in the property's unit."""
        return self.data.spread

    @property
    def prior_variance(self) -> float:
        """Prior variance of the latent property of a typical unit, in its unit squared."""
        return float(self.spread**2 * self.parameters.covariance.variance)

    @property
    def support_rows(self) -> NDArray[np.int64]:
        """Rows of the feature table that predictions refer to."""
        return np.asarray(self.data.rows[self.support], dtype=np.int64)

    def cross(self, pairs: Statistics) -> NDArray[np.float64]:
        """Standardised covariances of N points with the support, shape (N, support).

        Args:
            pairs: Statistics of the N points with all rows of the feature table.
        """
        tasks = self.data.tasks[self.support]
        structured = self.parameters.covariance(pairs.take(self.support_rows))
        coupled = structured * self.parameters.coupling.matrix()[0, tasks] + MEAN_VARIANCE * (tasks == 0)
        return np.asarray(coupled, dtype=np.float64)

    def whiten(self, cross: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return columns of shape (support, N) whose inner products are the covariance explained by the data."""
        half = solve_triangular(self.factor, cross.T, lower=True, check_finite=False)
        return np.asarray(half if self.shrink is None else self.shrink @ half, dtype=np.float64)

    def mean(self, cross: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posterior mean of N points in the property's unit, shape (N,)."""
        return np.asarray(self.data.location + self.spread * (cross @ self.weights), dtype=np.float64)

    def variance(self, features: Features, whitened: NDArray[np.float64]) -> NDArray[np.float64]:
        """Posterior variance of the latent property of N points, in its unit squared, shape (N,), from `whiten`."""
        prior = self.parameters.covariance.structured_variances(features) + MEAN_VARIANCE
        explained = np.einsum("ij,ij->j", whitened, whitened)
        return np.asarray(self.spread**2 * np.maximum(prior - explained, 1e-12 * prior), dtype=np.float64)

    def covariance(
        self, pairs: Statistics, left: NDArray[np.float64], right: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Posterior covariance (N, M) between points with mutual statistics `pairs` and whitened columns (s, N), (s, M)."""
        prior = self.parameters.covariance(pairs) + MEAN_VARIANCE
        return np.asarray(self.spread**2 * (prior - left.T @ right), dtype=np.float64)

    def leave_one_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predict each measurement of task 0 from all others, in closed form (Rasmussen and Williams, equation 5.12).

        Returns:
            Means and standard deviations of the measurements, noise included, in the property's unit, shape (n_0,).

        Raises:
            ValueError: The model uses inducing points.
        """
        if self.shrink is not None:
            raise ValueError(
                "closed-form leave-one-out requires an exact model; raise exact_points above the number of points"
            )
        inverse = cho_solve((self.factor, True), np.eye(len(self.data)), check_finite=False)
        precision = np.diag(inverse)
        mean = self.data.targets - self.weights / precision
        own = self.data.tasks == 0
        return (
            np.asarray(self.data.location + self.spread * mean[own], dtype=np.float64),
            np.asarray(self.spread / np.sqrt(precision[own]), dtype=np.float64),
        )
