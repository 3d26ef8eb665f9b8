"""Space-filling selection by the largest variance given the measured, pending and selected units."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.acquisition.joint import QUIET_JITTER
from surrogates.features import Features
from surrogates.kernels import TablePair
from surrogates.models import PropertyModel
from surrogates.models.linalg import robust_cholesky


def most_uncertain(
    models: Sequence[PropertyModel],
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
    tables, to_pending = TablePair(features, observed), TablePair(features, pending)
    pending_tables, mutual = TablePair(pending, observed), TablePair(pending, pending)
    posteriors, loadings, residuals = [], [], []
    for model in models:
        prior = model.prior_variance
        posterior = model.posterior(tables)
        variance = posterior.variance / prior
        on_pending = np.zeros((len(features), 0))
        if len(pending):
            given = model.posterior(pending_tables)
            factor = robust_cholesky(given.covariance(given, mutual) / prior, quiet=QUIET_JITTER)
            shared = posterior.covariance(given, to_pending) / prior
            on_pending = np.asarray(np.linalg.solve(factor, shared.T).T, dtype=np.float64)
            variance -= np.einsum("ij,ij->i", on_pending, on_pending)
        posteriors.append(posterior)
        loadings.append(on_pending)
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
        one = slice(best, best + 1)
        to_best = TablePair(features, features.take(one))
        for j, (model, posterior) in enumerate(zip(models, posteriors, strict=True)):
            root = np.sqrt(residuals[j][best])
            if root < 1e-6:
                continue
            shared = posterior.covariance(posterior.take(one), to_best)[:, 0] / model.prior_variance
            column = (shared - loadings[j] @ loadings[j][best]) / root
            loadings[j] = np.column_stack([loadings[j], column])
            residuals[j] = np.maximum(residuals[j] - column**2, 0.0)
    return picks, values
