"""Expected improvement and front probability in closed form over the candidate, given sampled fronts."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

_Above = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]

TINY = 1e-300
"""Expectations below this value count as zero."""


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
    """Log of the expected hypervolume improvement, in closed form over the candidate and averaged over sampled fronts.

    For independent scores, the expected overlap with a box factorises into differences of one-dimensional expected
    improvements (Emmerich et al., 10.1109/CEC.2011.5949880; the box form of Yang et al., 10.1007/s10898-019-00798-7).

    Args:
        mean: Mean scores of N candidates given each of S sampled base sets, shape (S, N, m).
        sd: Their standard deviations given the base set, shape (N, m), positive.
        lower: Lower corners of each sample's boxes, shape (S, boxes, m).
        upper: Upper corners, same shape.

    Returns:
        Shape (N,).
    """
    return _log_mean_areas(expected_improvement, mean, sd, lower, upper)


def log_front_probability(
    mean: NDArray[np.float64], sd: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-probability that a candidate is on the front, averaged over sampled fronts; arguments as above, shape (N,)."""
    return _log_mean_areas(_probability_above, mean, sd, lower, upper)


def _probability_above(
    mean: NDArray[np.float64], sd: NDArray[np.float64], threshold: NDArray[np.float64]
) -> NDArray[np.float64]:
    """P(y > threshold) for y ~ N(mean, sd^2), arrays that broadcast; accurate in the tails."""
    return np.asarray(ndtr((mean - threshold) / sd), dtype=np.float64)


def _log_mean_areas(
    above: _Above,
    mean: NDArray[np.float64],
    sd: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log of the sum over the boxes of the products of their sides, averaged over the samples, shape (N,).

    Args:
        above: Function of mean, standard deviation and threshold that vanishes at an infinite threshold; a side is its value at the
            lower edge minus its value at the upper edge.
        mean: See `log_expected_hypervolume_improvement`.
        sd: Standard deviations.
        lower: Lower corners.
        upper: Upper corners.
    """
    areas = np.ones((mean.shape[0], mean.shape[1], lower.shape[1]))
    for j in range(mean.shape[2]):
        side = above(mean[:, :, None, j], sd[None, :, None, j], lower[:, None, :, j])
        if np.isfinite(upper[:, :, j]).any():
            side = side - _at_upper_edges(above, side, mean[:, :, j], sd[:, j], lower[:, :, j], upper[:, :, j])
        areas *= np.maximum(side, 0.0)
    # Padding boxes have zero volume.
    areas *= np.asarray((upper > lower).all(axis=2))[:, None, :]
    return np.asarray(np.log(areas.sum(axis=2).mean(axis=0) + TINY), dtype=np.float64)


def _at_upper_edges(
    above: _Above,
    at_lower: NDArray[np.float64],
    mean: NDArray[np.float64],
    sd: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Values at the upper edges (S, boxes), shape (S, N, boxes); an edge shared with the next box is not computed twice."""
    values = np.zeros_like(at_lower)
    values[:, :, :-1] = at_lower[:, :, 1:]
    shared = np.zeros(upper.shape, dtype=bool)
    shared[:, :-1] = upper[:, :-1] == lower[:, 1:]
    sample, box = np.nonzero(~shared)
    values[sample, :, box] = above(mean[sample], sd[None, :], upper[sample, box][:, None])
    return values
