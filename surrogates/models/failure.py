"""Probability that an evaluation fails."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import expit, log_expit, logit

from surrogates.features import Features
from surrogates.kernels import Covariance, Statistics, statistics
from surrogates.models.linalg import robust_cholesky

LATENT_VARIANCE = 4.0
"""Prior variance of the latent log-odds: one failure of the same polymer raises a probability of 5 % to about one half."""

LENGTHSCALE = 1.0
"""Lengthscale of the descriptors, in root mean square standard deviations."""

MOST_POINTS = 2000
"""Largest number of observations in the model: failures first, then the latest successes."""

NEWTON_STEPS = 50
NEWTON_TOLERANCE = 1e-9
SMALLEST_STEP = 1e-4


@dataclass(frozen=True)
class FailureModel:
    """Gaussian process classifier with Laplace's approximation (Rasmussen and Williams, algorithms 3.1 and 3.2).

    Attributes:
        rows: Rows of the feature table it is conditioned on, shape (k,); empty as long as nothing has failed.
        kernel: Covariance of the latent log-odds.
        prior_logit: Constant prior mean of the log-odds of failure.
        gradient: Gradient of the log-likelihood at the mode, shape (k,).
        root: Square root of the likelihood's negative second derivative, shape (k,).
        factor: Cholesky factor of I + root K root, shape (k, k).
    """

    rows: NDArray[np.int64]
    kernel: Covariance
    prior_logit: float
    gradient: NDArray[np.float64]
    root: NDArray[np.float64]
    factor: NDArray[np.float64]

    @classmethod
    def fit(cls, features: Features, failed: NDArray[np.bool_], base_rate: float) -> "FailureModel":
        """Find the mode of the latent log-odds by damped Newton steps.

        Args:
            features: Features of all observed units, n rows.
            failed: Outcomes, shape (n,).
            base_rate: Prior failure rate; has the weight of one evaluation in the prior mean.
        """
        share = float((base_rate + failed.sum()) / (1.0 + len(failed)))
        prior_logit = float(logit(share) * np.sqrt(1.0 + np.pi * LATENT_VARIANCE / 8.0))
        kernel = _kernel(features)
        if not failed.any():
            empty = np.zeros(0)
            return cls(np.zeros(0, dtype=np.int64), kernel, prior_logit, empty, empty, np.zeros((0, 0)))
        order = np.argsort(~failed[::-1], kind="stable")[:MOST_POINTS]
        rows = np.sort(len(failed) - 1 - order)
        part = features.take(rows)
        gram = kernel(statistics(part, part))
        latent = _mode(gram, failed[rows], prior_logit)
        rate = expit(latent + prior_logit)
        root = np.sqrt(rate * (1.0 - rate))
        factor = robust_cholesky(np.eye(len(rows)) + root[:, None] * gram * root[None, :])
        return cls(rows, kernel, prior_logit, failed[rows] - rate, root, factor)

    def probability(self, pairs: Statistics) -> NDArray[np.float64]:
        """Probability of failure of N points from their statistics with the observed units, shape (N,).

        The average of the logistic function over the Gaussian log-odds uses MacKay's approximation
        (10.1162/neco.1992.4.5.720).
        """
        cross = self.kernel(pairs.take(self.rows))
        mean = self.prior_logit + cross @ self.gradient
        variance = np.full(len(cross), LATENT_VARIANCE)
        if len(self.rows):
            half = solve_triangular(self.factor, self.root[:, None] * cross.T, lower=True, check_finite=False)
            variance = np.maximum(variance - np.einsum("ij,ij->j", half, half), 0.0)
        return np.asarray(expit(mean / np.sqrt(1.0 + np.pi * variance / 8.0)), dtype=np.float64)


def _kernel(features: Features) -> Covariance:
    """Divide the variance among the kinds of features that are present."""
    described = 1.0 if features.descriptors.shape[1] else 0.0
    printed = 1.0 if features.bits.nnz or not described else 0.0
    unit = LATENT_VARIANCE / (described + printed)
    return Covariance(unit * printed, unit * described, 0.0, LENGTHSCALE)


def _mode(gram: NDArray[np.float64], failed: NDArray[np.bool_], prior_logit: float) -> NDArray[np.float64]:
    """Latent values at the posterior mode, shape (k,)."""
    n = len(failed)
    sign = np.where(failed, 1.0, -1.0)
    latent, weights = np.zeros(n), np.zeros(n)
    value = float(log_expit(sign * prior_logit).sum())
    for _ in range(NEWTON_STEPS):
        rate = expit(latent + prior_logit)
        root = np.sqrt(rate * (1.0 - rate))
        factor = robust_cholesky(np.eye(n) + root[:, None] * gram * root[None, :])
        rhs = root**2 * latent + (failed - rate)
        step = rhs - root * cho_solve((factor, True), root * (gram @ rhs)) - weights
        length = 1.0
        while True:
            trial = weights + length * step
            trial_latent = gram @ trial
            trial_value = float(-0.5 * trial @ trial_latent + log_expit(sign * (trial_latent + prior_logit)).sum())
            if trial_value >= value or length < SMALLEST_STEP:
                break
            length *= 0.5
        converged = abs(trial_value - value) < NEWTON_TOLERANCE
        weights, latent, value = trial, trial_latent, trial_value
        if converged:
            break
    return latent
