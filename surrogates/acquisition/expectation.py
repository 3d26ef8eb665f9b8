"""Improvements and front probabilities integrated over the candidate in closed form, given a sampled front."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

TINY = 1e-300
"""Smallest expectation told apart from zero."""


def expected_improvement(
    mean: NDArray[np.float64], sd: NDArray[np.float64], threshold: NDArray[np.float64]
) -> NDArray[np.float64]:
    """E[max(y - threshold, 0)] for y ~ N(mean, sd^2), arrays that broadcast; zero at an infinite threshold."""
    gap = np.where(np.isinf(threshold), 0.0, mean - np.where(np.isinf(threshold), 0.0, threshold))
    z = gap / sd
    value = gap * ndtr(z) + sd * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    return np.where(np.isinf(threshold), 0.0, np.maximum(value, 0.0))


def log_expected_hypervolume_improvement(
    mean: NDArray[np.float64], sd: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log of the hypervolume improvement, exact over the candidate and averaged over the sampled fronts.

    With independent scores the expectation of the overlap with a box factorises into differences of one-dimensional expected
    improvements (Emmerich et al., 10.1109/CEC.2011.5949880; the box form of Yang et al., 10.1007/s10898-019-00798-7).

    Args:
        mean: Mean scores of N candidates given each of S sampled base sets, shape (S, N, m).
        sd: Their standard deviations given the base set, shape (N, m), positive.
        lower: Lower corners of each sample's boxes, shape (S, boxes, m).
        upper: Upper corners, same shape.

    Returns:
        Shape (N,).
    """
    areas = np.ones((mean.shape[0], mean.shape[1], lower.shape[1]))
    for j in range(mean.shape[2]):
        centre, width = mean[:, :, None, j], sd[None, :, None, j]
        side = expected_improvement(centre, width, lower[:, None, :, j])
        if np.isfinite(upper[:, :, j]).any():
            side -= expected_improvement(centre, width, upper[:, None, :, j])
        areas *= np.maximum(side, 0.0)
    filled = np.asarray((upper > lower).all(axis=2))
    areas *= filled[:, None, :]
    return np.asarray(np.log(areas.sum(axis=2).mean(axis=0) + TINY), dtype=np.float64)


def log_front_probability(
    mean: NDArray[np.float64], sd: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-probability that a candidate joins the front, averaged over the sampled fronts; arguments as above, shape (N,)."""
    areas = np.ones((mean.shape[0], mean.shape[1], lower.shape[1]))
    for j in range(mean.shape[2]):
        centre, width = mean[:, :, None, j], sd[None, :, None, j]
        above_lower = ndtr((centre - lower[:, None, :, j]) / width)
        if np.isfinite(upper[:, :, j]).any():
            # Padding has no volume: its lower and upper edges are equal.
            above_upper = ndtr((centre - upper[:, None, :, j]) / width)
            above_lower = np.maximum(above_lower - above_upper, 0.0)
        areas *= above_lower
    areas *= np.asarray((upper > lower).all(axis=2))[:, None, :]
    return np.asarray(np.log(areas.sum(axis=2).mean(axis=0) + TINY), dtype=np.float64)
