"""Maximum a posteriori fit of the hyperparameters."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.optimize import minimize

from surrogates.errors import SurrogatesWarning
from surrogates.models.gp import Hyperparameters

LOG_OUTPUTSCALE_PRIOR = (0.5, 1.0)
"""Mean and standard deviation of the normal prior of ln(outputscale). The prior mean of 1.6 lies above the unit variance of
the standardised data because unlike polymers still share a fifth of their environments."""

LOG_NOISE_PRIOR = (-4.0, 1.5)
"""The same for ln(noise): a few per cent of the variance, as wide as a factor of four."""

LOG_NOISE_BOUNDS = (np.log(1e-6), np.log(4.0))
LOG_OUTPUTSCALE_BOUNDS = (np.log(1e-3), np.log(1e3))

MEAN_VARIANCE = 1.0
"""Prior variance of the constant mean, in standardised units."""


@dataclass(frozen=True)
class _Objective:
    """Negative log posterior of ln(outputscale), ln(noise), the mean being profiled out."""

    gram: NDArray[np.float64]
    targets: NDArray[np.float64]
    known_noise: NDArray[np.float64]

    def solve(self, theta: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
        outputscale, noise = np.exp(theta)
        covariance = outputscale * self.gram + np.diag(self.known_noise + noise)
        factor = cholesky(covariance, lower=True, check_finite=False)
        ones = cho_solve((factor, True), np.ones(len(self.targets)), check_finite=False)
        mean = float(ones @ self.targets) / (float(ones.sum()) + 1.0 / MEAN_VARIANCE)
        weights = cho_solve((factor, True), self.targets - mean, check_finite=False)
        return factor, mean, weights

    def __call__(self, theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        try:
            factor, mean, weights = self.solve(theta)
        except LinAlgError:
            return 1e10, np.zeros(2)
        residual = self.targets - mean
        value = 0.5 * float(residual @ weights) + float(np.log(np.diag(factor)).sum()) + 0.5 * mean**2 / MEAN_VARIANCE
        inverse = cho_solve((factor, True), np.eye(len(residual)), check_finite=False)
        inner = inverse - np.outer(weights, weights)
        outputscale, noise = np.exp(theta)
        gradient = 0.5 * np.array([outputscale * float(np.sum(inner * self.gram)), noise * float(np.trace(inner))])
        for i, (centre, width) in enumerate((LOG_OUTPUTSCALE_PRIOR, LOG_NOISE_PRIOR)):
            z = (theta[i] - centre) / width
            value += 0.5 * z**2
            gradient[i] += z / width
        return value, gradient


def fit_hyperparameters(
    gram: NDArray[np.float64],
    targets: NDArray[np.float64],
    known_noise: NDArray[np.float64],
    restarts: int,
    rng: np.random.Generator,
) -> Hyperparameters:
    """Find the hyperparameters of highest posterior density from several starts.

    Args:
        gram: Similarities of the measured points, shape (n, n).
        targets: Standardised measurements, shape (n,).
        known_noise: Standardised squared standard errors, shape (n,).
        restarts: Number of starts; the first is the mode of the prior, the others are drawn from it.
        rng: Source of the other starts.

    With no points the mode of the prior is returned. A start that ends at no finite value is dropped; when all do, the
    mode of the prior is used and a warning says so.
    """
    prior = np.array([LOG_OUTPUTSCALE_PRIOR[0], LOG_NOISE_PRIOR[0]])
    if len(targets) == 0:
        return Hyperparameters(float(np.exp(prior[0])), float(np.exp(prior[1])), 0.0)
    objective = _Objective(gram, targets, known_noise)
    bounds = [LOG_OUTPUTSCALE_BOUNDS, LOG_NOISE_BOUNDS]
    widths = np.array([LOG_OUTPUTSCALE_PRIOR[1], LOG_NOISE_PRIOR[1]])
    starts = [prior, *(prior + widths * rng.standard_normal((restarts - 1, 2)))]
    best_value, best = np.inf, prior
    for start in starts:
        clipped = np.clip(start, [b[0] for b in bounds], [b[1] for b in bounds])
        result = minimize(objective, clipped, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60})
        if np.isfinite(result.fun) and result.fun < min(best_value, 1e10):
            best_value, best = float(result.fun), result.x
    if not np.isfinite(best_value):
        warnings.warn(
            f"no start of the fit over {len(targets)} points ended at a finite likelihood; using the prior's mode",
            SurrogatesWarning,
            stacklevel=2,
        )
        return Hyperparameters(float(np.exp(prior[0])), float(np.exp(prior[1])), 0.0)
    _, mean, _ = objective.solve(best)
    return Hyperparameters(float(np.exp(best[0])), float(np.exp(best[1])), mean)
