"""Space-filling selection by the largest variance given the measured, pending and selected units."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.acquisition.joint import QUIET_JITTER
from surrogates.features import Features
from surrogates.kernels import statistics
from surrogates.models.gp import PropertyGP
from surrogates.models.linalg import robust_cholesky


def most_uncertain(
    models: Sequence[PropertyGP],
    observed: Features,
    features: Features,
    pending: Features,
    penalty: NDArray[np.float64],
    q: int,
) -> tuple[list[int], list[float]]:
    """Select greedily the candidates with the largest conditional variance, summed over the properties.

    Variances are relative to each property's prior variance. Without data, this is the pivoted Cholesky decomposition of the
    similarity matrix, a space-filling design.

    Args:
        models: One model for each property.
        observed: Features of the observed units.
        features: Features of the N candidates.
        pending: Features of the units under evaluation.
        penalty: Log-probability of success, shape (N,); multiplies the variance.
        q: Batch size.

    Returns:
        Positions, and the weighted sum of relative variances of each when it was selected.
    """
    success = np.exp(penalty)
    pairs = statistics(features, observed)
    pending_pairs = statistics(pending, observed)
    loadings, residuals = [], []
    for model in models:
        prior = model.prior_variance
        whitened, base_whitened = model.whiten(model.cross(pairs)), model.whiten(model.cross(pending_pairs))
        variance = model.variance(features, whitened) / prior
        rows = whitened.T * (model.spread / np.sqrt(prior))
        if len(pending):
            covariance = model.covariance(statistics(pending, pending), base_whitened, base_whitened) / prior
            factor = robust_cholesky(covariance, quiet=QUIET_JITTER)
            cross = model.covariance(statistics(features, pending), whitened, base_whitened) / prior
            to_pending = np.linalg.solve(factor, cross.T).T
            variance = variance - np.einsum("ij,ij->i", to_pending, to_pending)
            rows = np.column_stack([rows, to_pending])
        loadings.append(rows)
        residuals.append(np.maximum(variance, 0.0))

    picks: list[int] = []
    values: list[float] = []
    available = np.ones(len(success), dtype=bool)
    while len(picks) < min(q, len(success)):
        value = success * np.sum(residuals, axis=0)
        best = int(np.argmax(np.where(available, value, -np.inf)))
        picks.append(best)
        values.append(float(value[best]))
        available[best] = False
        to_best = statistics(features, features.take(slice(best, best + 1)))
        for j, model in enumerate(models):
            root = np.sqrt(residuals[j][best])
            if root < 1e-6:
                continue
            known = model.parameters.covariance.correlation(to_best)[:, 0]
            column = (known - loadings[j] @ loadings[j][best]) / root
            loadings[j] = np.column_stack([loadings[j], column])
            residuals[j] = np.maximum(residuals[j] - column**2, 0.0)
    return picks, values
