"""Sparse posterior for large numbers of measurements."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from surrogates.features import Features
from surrogates.kernels import MEAN_VARIANCE, statistics
from surrogates.models.gp import Hyperparameters, PropertyGP
from surrogates.models.linalg import robust_cholesky
from surrogates.models.training import TrainingData

CHUNK = 2048
"""Number of measurements added to the normal equations at a time; limits memory use."""

RELATIVE_JITTER = 1e-8
"""Relative jitter of the inducing covariance, which is nearly singular for similar units."""


def condition_sparse(
    name: str,
    features: Features,
    data: TrainingData,
    parameters: Hyperparameters,
    inducing: int,
    rng: np.random.Generator,
) -> PropertyGP:
    """Condition on n measurements through m inducing points in O(n m^2) (FITC, Snelson and Ghahramani, NIPS 2005).

    The inducing points are a random subset of the measurements, preferably of task 0. With K_mm = L L^T,
    C = L^-1 K_mn, N = noise + diag(K_nn - C^T C) and B = I + C N^-1 C^T the posterior mean is k_m L^-T B^-1 C N^-1 y, and the
    variance explained is c^T (I - B^-1) c with c = L^-1 k_m. Variance that the inducing points do not explain counts
    as noise of the measurement, so that precise data do not make the sparse model overconfident.

    Args:
        name: Property.
        features: Features of all observed units.
        data: The n measurements.
        parameters: Hyperparameters.
        inducing: Number m of inducing points.
        rng: Random generator for the inducing points.
    """
    shuffled = rng.permutation(len(data))
    order = shuffled[np.argsort(data.tasks[shuffled] != 0, kind="stable")]
    support = np.sort(order[:inducing])
    coupling = parameters.coupling.matrix()
    scales = np.diag(coupling)
    anchor = features.take(data.rows[support])
    anchor_tasks = data.tasks[support]

    def prior(part: NDArray[np.int64]) -> NDArray[np.float64]:
        structured = parameters.covariance(statistics(features.take(data.rows[part]), anchor))
        tasks = data.tasks[part]
        same = tasks[:, None] == anchor_tasks[None, :]
        return np.asarray(coupling[np.ix_(tasks, anchor_tasks)] * structured + MEAN_VARIANCE * same, dtype=np.float64)

    gram = prior(support)
    factor = robust_cholesky(gram + RELATIVE_JITTER * float(np.diag(gram).mean()) * np.eye(len(support)))
    information = np.eye(len(support))
    moment = np.zeros(len(support))
    for start in range(0, len(data), CHUNK):
        part = np.arange(start, min(start + CHUNK, len(data)))
        scaled = solve_triangular(factor, prior(part).T, lower=True, check_finite=False)
        tasks = data.tasks[part]
        structured = parameters.covariance.structured_variances(features.take(data.rows[part]))
        missed = np.maximum(scales[tasks] * structured + MEAN_VARIANCE - np.einsum("ij,ij->j", scaled, scaled), 0.0)
        precision = 1.0 / (data.noise[part] + parameters.noise[tasks] + missed)
        information += (scaled * precision) @ scaled.T
        moment += scaled @ (precision * data.targets[part])
    root = cholesky(information, lower=True, check_finite=False)
    weights = solve_triangular(factor, cho_solve((root, True), moment), lower=True, trans="T")
    explained = np.eye(len(support)) - cho_solve((root, True), np.eye(len(support)))
    shrink = robust_cholesky(0.5 * (explained + explained.T) + 1e-12 * np.eye(len(support)), quiet=1e-8).T
    return PropertyGP(name, data, parameters, support, weights, factor, shrink)
