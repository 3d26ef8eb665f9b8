"""Maximum a posteriori fit of the hyperparameters."""

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from surrogates.errors import SurrogatesWarning
from surrogates.kernels import MEAN_VARIANCE, Covariance, Statistics
from surrogates.models.gp import Hyperparameters
from surrogates.models.tasks import TaskCoupling
from surrogates.models.training import TrainingData

FAILED = 1e10
"""Value reported to the optimiser where the covariance cannot be factorised."""

START_POINTS = 250
"""Number of points on which starting points are compared; only the best one is refined on all points."""

KERNEL = 5
"""Number of covariance hyperparameters, the first elements of the vector."""

FIT_POINTS = 1500
"""Largest number of points to which hyperparameters are fitted; the posterior uses all points."""


@dataclass(frozen=True)
class KernelForm:
    """Fixed choices of a covariance, which are not fitted.

    Attributes:
        radial: Radial kernel, see `Covariance`.
        trend: Whether there is a linear term.
        peculiar: Whether unexplained variation is polymer-specific (True) or noise of task 0's measurements.
    """

    radial: Literal["matern", "rbf"] = "matern"
    trend: bool = True
    peculiar: bool = True


@dataclass(frozen=True)
class _Layout:
    """Layout of the hyperparameter vector, with normal priors (mean, sd) and bounds."""

    tasks: int
    form: KernelForm

    def priors(self) -> NDArray[np.float64]:
        extra = self.tasks - 1
        rows = [
            (np.log(0.5), 1.0, np.log(1e-4), np.log(1e2)),  # ln fingerprint variance
            (np.log(1.0), 1.5, np.log(1e-4), np.log(1e3)),  # ln descriptor variance
            (np.log(0.5), 1.5, np.log(1e-4), np.log(1e3)),  # ln linear variance
            (np.log(1.0), 0.7, np.log(0.05), np.log(50.0)),  # ln lengthscale
            (-4.5, 1.5, np.log(1e-6), np.log(4.0)),  # ln peculiar variance
            *[(-4.5, 1.5, np.log(1e-6), np.log(4.0))] * self.tasks,  # ln noise of each task
            *[(0.8, 0.5, -3.0, 3.0)] * extra,  # loadings: other fidelities mostly agree
            *[(-2.5, 1.5, np.log(1e-5), np.log(10.0))] * extra,  # ln residual variances
        ]
        return np.array(rows)

    def unpack(self, theta: NDArray[np.float64]) -> Hyperparameters:
        t = self.tasks
        kernel = np.exp(theta[:KERNEL])
        noise = np.exp(theta[KERNEL : KERNEL + t])
        loadings = np.concatenate([[1.0], theta[KERNEL + t : KERNEL + 2 * t - 1]])
        residuals = np.concatenate([[0.0], np.exp(theta[KERNEL + 2 * t - 1 :])])
        similar, described, linear, lengthscale, peculiar = (float(value) for value in kernel)
        linear = linear if self.form.trend else 0.0
        # Without repeated measurements the two are not identifiable, so only one is used.
        if self.form.peculiar:
            noise[0] = 0.0
        else:
            peculiar = 0.0
        covariance = Covariance(similar, described, linear, lengthscale, self.form.radial, peculiar)
        return Hyperparameters(covariance, TaskCoupling(loadings, residuals), noise)


@dataclass(frozen=True)
class NegativeLogPosterior:
    """Negative log marginal likelihood plus negative log prior, with its gradient.

    Attributes:
        pairs: Statistics of the measured points, (n, n).
        data: The measurements.
        tasks: Number of tasks T.
        form: Fixed choices of the covariance.
    """

    pairs: Statistics
    data: TrainingData
    tasks: int
    form: KernelForm = KernelForm()

    def __call__(self, theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the value and gradient at a vector of hyperparameters."""
        layout = _Layout(self.tasks, self.form)
        parameters = layout.unpack(theta)
        n = len(self.data)
        which = self.data.tasks
        one_task = self.tasks == 1
        coupling = parameters.coupling.matrix()
        weight = 1.0 if one_task else coupling[np.ix_(which, which)]
        similar, described, linear, slope = parameters.covariance.parts(self.pairs)
        peculiar = parameters.covariance.peculiar * self.pairs.same
        structured = similar + described + linear + peculiar
        matrix = weight * structured + MEAN_VARIANCE * (1.0 if one_task else which[:, None] == which[None, :])
        matrix[np.diag_indices(n)] += self.data.noise + parameters.noise[which]
        try:
            factor = cholesky(matrix, lower=True, check_finite=False, overwrite_a=True)
        except LinAlgError:
            return FAILED, np.zeros_like(theta)
        weights = cho_solve((factor, True), self.data.targets, check_finite=False)
        value = 0.5 * float(self.data.targets @ weights) + float(np.log(np.diag(factor)).sum())
        inverse, _ = dpotri(factor, lower=1)
        # dpotri fills one triangle; twice the triangle minus the diagonal is equivalent in symmetric contractions.
        inner = 2.0 * np.tril(inverse) - np.diag(np.diag(inverse)) - np.outer(weights, weights)
        weighted = inner if one_task else inner * weight
        gradient = np.zeros_like(theta)
        gradient[0] = 0.5 * float(np.vdot(weighted, similar))
        gradient[1] = 0.5 * float(np.vdot(weighted, described))
        gradient[2] = 0.5 * float(np.vdot(weighted, linear))
        gradient[3] = 0.5 * float(np.vdot(weighted, slope))
        gradient[4] = 0.5 * float(np.vdot(weighted, peculiar))
        diagonal = np.bincount(which, weights=np.diag(inner), minlength=self.tasks)
        gradient[KERNEL : KERNEL + self.tasks] = 0.5 * parameters.noise * diagonal
        if not one_task:
            members = np.eye(self.tasks)[which]
            by_task = members.T @ (inner * structured) @ members
            by_task = 0.5 * (by_task + by_task.T)
            gradient[KERNEL + self.tasks : KERNEL + 2 * self.tasks - 1] = (by_task @ parameters.coupling.loadings)[1:]
            gradient[KERNEL + 2 * self.tasks - 1 :] = 0.5 * np.diag(by_task)[1:] * parameters.coupling.residuals[1:]
        priors = layout.priors()
        z = (theta - priors[:, 0]) / priors[:, 1]
        return value + 0.5 * float(z @ z), gradient + z / priors[:, 1]


def fit_hyperparameters(
    pairs: Statistics,
    data: TrainingData,
    tasks: int,
    restarts: int,
    rng: np.random.Generator,
    form: KernelForm | None = None,
) -> Hyperparameters:
    """Find the maximum a posteriori hyperparameters from several starting points.

    Starting points are compared on a random subset of the data, and the best one is refined on all data (at most `FIT_POINTS`).

    Args:
        pairs: Statistics of the measured points, (n, n).
        data: The measurements.
        tasks: Number of tasks.
        restarts: Number of starting points; the first is the mode of the prior, the others are drawn from the prior.
        rng: Random generator for starting points and subset.
        form: Fixed choices of the covariance.

    Without points, the mode of the prior is returned. Starting points that do not lead to a finite value are discarded; if all are,
    the mode of the prior is returned with a warning.
    """
    form = form or KernelForm()
    layout = _Layout(tasks, form)
    priors = layout.priors()
    mode = priors[:, 0]
    if len(data) == 0:
        return layout.unpack(mode)
    full = _thin(pairs, data, FIT_POINTS, rng)
    small = _thin(*full, START_POINTS, rng)
    bounds = list(zip(priors[:, 2], priors[:, 3], strict=True))
    draws = mode + priors[:, 1] * rng.standard_normal((restarts - 1, len(mode)))
    best_value, best = np.inf, mode
    for start in np.clip(np.vstack([mode, draws]), priors[:, 2], priors[:, 3]):
        value, theta = _descend(NegativeLogPosterior(*small, tasks, form), start, bounds)
        if value < best_value:
            best_value, best = value, theta
    if np.isfinite(best_value) and len(full[1]) > len(small[1]):
        best_value, best = _descend(NegativeLogPosterior(*full, tasks, form), best, bounds)
    if not np.isfinite(best_value):
        warnings.warn(
            f"the fit to {len(data)} points reached a finite likelihood from no starting point; using the mode of the prior",
            SurrogatesWarning,
            stacklevel=2,
        )
        return layout.unpack(mode)
    return layout.unpack(best)


def _descend(
    objective: NegativeLogPosterior, start: NDArray[np.float64], bounds: list[tuple[float, float]]
) -> tuple[float, NDArray[np.float64]]:
    result = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 50, "ftol": 1e-7}
    )
    finite = np.isfinite(result.fun) and result.fun < FAILED
    return (float(result.fun) if finite else np.inf), result.x


def _thin(
    pairs: Statistics, data: TrainingData, most: int, rng: np.random.Generator
) -> tuple[Statistics, TrainingData]:
    if len(data) <= most:
        return pairs, data
    kept = data.sampled(most, rng)
    return pairs.block(kept), data.take(kept)
