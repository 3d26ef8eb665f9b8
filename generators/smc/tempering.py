"""Tempering: weights, effective sample size and resampling, in log space and float64."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def log_mean_exp(values: FloatArray) -> float:
    """Return log(mean(exp(values))), -inf if all values are."""
    top = float(values.max())
    if top == -np.inf:
        return -np.inf
    return top + float(np.log(np.exp(values - top).mean()))


def effective_sample_size(log_weights: FloatArray) -> float:
    """Return (sum w)^2 / sum w^2, between 1 and n; 0 where all weights are zero."""
    top = log_weights.max()
    if top == -np.inf:
        return 0.0
    weights = np.exp(log_weights - top)
    return float(weights.sum() ** 2 / (weights**2).sum())


def next_step(log_likelihoods: FloatArray, left: float, target: float) -> float:
    """Return the largest step in beta, at most `left`, whose incremental weights keep the effective sample size.

    The incremental weight of a particle is L^step, and the effective sample size decreases with the step, which is found by bisection.

    Args:
        log_likelihoods: (n,) finite.
        left: Distance to the end, above 0.
        target: Effective sample size to keep, below n.
    """
    if effective_sample_size(left * log_likelihoods) >= target:
        return left
    low, high = 0.0, left
    for _ in range(200):
        middle = 0.5 * (low + high)
        if effective_sample_size(middle * log_likelihoods) >= target:
            low = middle
        else:
            high = middle
        if high - low <= 1e-9 * high:
            break
    return high


def systematic_resample(log_weights: FloatArray, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw n ancestors by systematic resampling.

    One uniform random number places n equidistant pointers on the cumulative weights, so that a particle of normalised weight w has
    floor(n w) or ceil(n w) offspring, n w on average.
    """
    n = len(log_weights)
    weights = np.exp(log_weights - log_weights.max())
    ladder = np.cumsum(weights)
    pointers = (rng.random() + np.arange(n)) / n * ladder[-1]
    rows: NDArray[np.intp] = np.searchsorted(ladder, pointers, side="right")
    # Rounding must not select particles beyond the last one with positive weight.
    capped: NDArray[np.intp] = np.minimum(rows, np.flatnonzero(weights)[-1])
    return capped
