"""Gaussian process on precomputed pairwise statistics."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

from surrogates.errors import InvalidObservations
from surrogates.kernels import MEAN_VARIANCE, Covariance, Statistics, TablePair
from surrogates.models.linalg import robust_cholesky
from surrogates.models.posterior import Posterior
from surrogates.models.property_model import PropertyModel
from surrogates.models.tasks import TaskCoupling
from surrogates.models.training import TrainingData


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

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read hyperparameters from JSON types."""
        coupling = TaskCoupling(np.array(document["loadings"]), np.array(document["residuals"]))
        return cls(Covariance(**document["covariance"]), coupling, np.array(document["noise"]))

    def document(self) -> dict[str, Any]:
        """Return the hyperparameters in JSON types."""
        return {
            "covariance": asdict(self.covariance),
            "loadings": self.coupling.loadings.tolist(),
            "residuals": self.coupling.residuals.tolist(),
            "noise": self.noise.tolist(),
        }


def measurement_covariance(pairs: Statistics, data: TrainingData, parameters: Hyperparameters) -> NDArray[np.float64]:
    """Covariance of the measurements, shape (n, n), from statistics of their rows."""
    coupling = parameters.coupling.matrix()[np.ix_(data.tasks, data.tasks)]
    same = data.tasks[:, None] == data.tasks[None, :]
    matrix = coupling * parameters.covariance(pairs) + MEAN_VARIANCE * same
    matrix[np.diag_indices_from(matrix)] += data.noise + parameters.noise[data.tasks]
    return np.asarray(matrix, dtype=np.float64)


@dataclass(frozen=True)
class GPPosterior(Posterior):
    """Posterior of a Gaussian process at N units.

    Attributes:
        model: The Gaussian process.
        whitened: Columns whose inner products are the standardised covariance explained by the data, shape (support, N).
    """

    model: "PropertyGP"
    whitened: NDArray[np.float64]

    def covariance(self, other: Self, tables: TablePair) -> NDArray[np.float64]:
        """Return the covariances with the units of another posterior, shape (N, M)."""
        prior = self.model.parameters.covariance(tables.statistics) + MEAN_VARIANCE
        return np.asarray(self.model.spread**2 * (prior - self.whitened.T @ other.whitened), dtype=np.float64)

    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        """Return the posterior at the selected units."""
        return replace(self, mean=self.mean[rows], variance=self.variance[rows], whitened=self.whitened[:, rows])


@dataclass(frozen=True)
class PropertyGP(PropertyModel):
    """Gaussian process of one property given its measurements (Rasmussen and Williams, algorithm 2.1).

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
    def prior_variance(self) -> float:
        """Prior variance of the latent property of a typical unit, in its unit squared."""
        return float(self.spread**2 * self.parameters.covariance.variance)

    @property
    def noise_variance(self) -> float:
        """Variance added to the known errors of task 0's measurements, in the property's unit squared."""
        return float(self.parameters.noise[0] * self.spread**2)

    def posterior(self, tables: TablePair) -> GPPosterior:
        """Return the joint posterior at N units; the statistics of `tables` are shared by the properties."""
        cross = self._cross(tables.statistics)
        mean = self.data.location + self.spread * (cross @ self.weights)
        half = solve_triangular(self.factor, cross.T, lower=True, check_finite=False)
        whitened = half if self.shrink is None else self.shrink @ half
        prior = self.parameters.covariance.structured_variances(tables.left) + MEAN_VARIANCE
        explained = np.einsum("ij,ij->j", whitened, whitened)
        variance = self.spread**2 * np.maximum(prior - explained, 1e-12 * prior)
        return GPPosterior(mean, variance, self, whitened)

    def _cross(self, pairs: Statistics) -> NDArray[np.float64]:
        """Standardised covariances of N points with the support, shape (N, support), from statistics with all observed units."""
        tasks = self.data.tasks[self.support]
        structured = self.parameters.covariance(pairs.take(self.data.rows[self.support]))
        coupled = structured * self.parameters.coupling.matrix()[0, tasks] + MEAN_VARIANCE * (tasks == 0)
        return np.asarray(coupled, dtype=np.float64)

    @property
    def leaves_one_out(self) -> bool:
        """Whether the model is exact."""
        return self.shrink is None

    def leave_one_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predict each measurement of task 0 from all others, in closed form (Rasmussen and Williams, equation 5.12).

        Returns:
            Means and standard deviations of the measurements, noise included, in the property's unit, shape (n_0,).

        Raises:
            InvalidObservations: The model uses inducing points.
        """
        if self.shrink is not None:
            raise InvalidObservations(
                f"closed-form leave-one-out requires an exact model, but {self.name} uses inducing points; raise exact_points above "
                f"{len(self.data)}"
            )
        inverse = cho_solve((self.factor, True), np.eye(len(self.data)), check_finite=False)
        precision = np.diag(inverse)
        mean = self.data.targets - self.weights / precision
        own = self.data.tasks == 0
        return (
            np.asarray(self.data.location + self.spread * mean[own], dtype=np.float64),
            np.asarray(self.spread / np.sqrt(precision[own]), dtype=np.float64),
        )

    def document(self) -> dict[str, Any]:
        """Return the hyperparameters in JSON types."""
        return self.parameters.document()
