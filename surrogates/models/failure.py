"""Probability that an evaluation fails."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular
from scipy.special import expit, log_expit, logit

from surrogates.models.linalg import robust_cholesky

LATENT_VARIANCE = 4.0
"""Prior variance of the latent log-odds: a failed twin raises odds of 5 % to about one half."""

NEWTON_STEPS = 50
NEWTON_TOLERANCE = 1e-9


@dataclass(frozen=True)
class FailureModel:
    """Gaussian process classifier with Laplace's approximation (Rasmussen and Williams, algorithms 3.1 and 3.2).

    Attributes:
        prior_logit: Constant prior mean of the log-odds of failure.
        gradient: Gradient of the log-likelihood at the mode, shape (n,).
        root: Square root of the likelihood's negative second derivative, shape (n,).
        factor: Cholesky factor of I + root K root, shape (n, n).
    """

    prior_logit: float
    gradient: NDArray[np.float64]
    root: NDArray[np.float64]
    factor: NDArray[np.float64]

    @classmethod
    def fit(cls, gram: NDArray[np.float64], failed: NDArray[np.bool_], base_rate: float) -> "FailureModel":
        """Find the mode of the latent log-odds by damped Newton steps.

        Args:
            gram: Similarities of all observed points, shape (n, n).
            failed: Outcomes, shape (n,).
            base_rate: Expected rate of failure before data; weighs as one evaluation in the prior's average probability.
        """
        n = len(failed)
        spread = np.sqrt(1.0 + np.pi * LATENT_VARIANCE / 8.0)
        prior_logit = float(logit((base_rate + failed.sum()) / (1.0 + n)) * spread)
        kernel = LATENT_VARIANCE * gram
        sign = np.where(failed, 1.0, -1.0)
        latent = np.zeros(n)
        weights = np.zeros(n)
        value = float(log_expit(sign * prior_logit).sum())
        root = np.zeros(n)
        factor = np.eye(n)
        for _ in range(NEWTON_STEPS):
            rate = expit(latent + prior_logit)
            root = np.sqrt(rate * (1.0 - rate))
            factor = robust_cholesky(np.eye(n) + root[:, None] * kernel * root[None, :])
            rhs = root**2 * latent + (failed - rate)
            step_weights = rhs - root * cho_solve((factor, True), root * (kernel @ rhs))
            length = 1.0
            while True:
                trial = weights + length * (step_weights - weights)
                trial_latent = kernel @ trial
                trial_value = float(-0.5 * trial @ trial_latent + log_expit(sign * (trial_latent + prior_logit)).sum())
                if trial_value >= value - 1e-12 or length < 1e-4:
                    break
                length *= 0.5
            converged = abs(trial_value - value) < NEWTON_TOLERANCE
            weights, latent, value = trial, trial_latent, trial_value
            if converged:
                break
        rate = expit(latent + prior_logit)
        root = np.sqrt(rate * (1.0 - rate))
        factor = robust_cholesky(np.eye(n) + root[:, None] * kernel * root[None, :])
        return cls(prior_logit, failed - rate, root, factor)

    def probability(self, similarity: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probability of failure of N points with similarities (N, n) to the observed ones, shape (N,).

        The average of the logistic function over the Gaussian log-odds uses MacKay's approximation
        (10.1162/neco.1992.4.5.720).
        """
        cross = LATENT_VARIANCE * similarity
        mean = self.prior_logit + cross @ self.gradient
        if self.gradient.size:
            half = solve_triangular(self.factor, self.root[:, None] * cross.T, lower=True, check_finite=False)
            variance = np.maximum(LATENT_VARIANCE - np.einsum("ij,ij->j", half, half), 0.0)
        else:
            variance = np.full(len(cross), LATENT_VARIANCE)
        return np.asarray(expit(mean / np.sqrt(1.0 + np.pi * variance / 8.0)), dtype=np.float64)
