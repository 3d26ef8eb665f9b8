"""Hypervolume improvement of posterior samples over sampled fronts, plain and log-transformed."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

TAU_RELU = 1e-6
TAU_MAX = 1e-3
CAUCHY_WEIGHT = 0.1
"""Parameters of the fat-tailed smooth functions, as in BoTorch's qLogNEHVI."""


def log_fat_relu(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of a smooth approximation of max(x, 0) whose left tail decays as 1/x^2, same shape."""
    z = x / TAU_RELU
    soft = np.maximum(z, 0.0)
    # Beyond 40 temperatures, softplus equals ReLU in double precision; almost all samples lie there.
    near = np.abs(z) < 40.0
    soft[near] = np.logaddexp(0.0, z[near])
    z *= z
    z += 1.0
    soft += CAUCHY_WEIGHT / z
    soft *= TAU_RELU
    return np.asarray(np.log(soft, out=soft), dtype=np.float64)


def fat_minimum(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fat-tailed smooth minimum of two arrays; exact where one is minus infinity."""
    smallest = np.minimum(a, b)
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(a - b) / TAU_MAX
        soft = smallest - TAU_MAX * np.log1p(2.0 / (2.0 + 2.0 * gap + gap * gap))
    return np.where(np.isneginf(smallest), -np.inf, soft)


def log_improvement(
    samples: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log of the mean hypervolume improvement over the samples, qLogNEHVI for one new point.

    Ament et al., Unexpected Improvements to Expected Improvement (arXiv 2310.20708), equation 10 and appendix A, as BoTorch's
    `qLogNoisyExpectedHypervolumeImprovement` evaluates it.

    Args:
        samples: Scores of N candidates in S samples, shape (S, N, m).
        lower: Lower corners of each sample's boxes, shape (S, boxes, m).
        upper: Upper corners, same shape.

    Returns:
        Shape (N,).
    """
    with np.errstate(divide="ignore"):
        lengths = np.log(np.minimum(upper, 1e10) - lower)
    areas = np.zeros((samples.shape[0], samples.shape[1], lower.shape[1]))
    for j in range(samples.shape[2]):
        side = log_fat_relu(samples[:, :, None, j] - lower[:, None, :, j])
        # For an unbounded side the minimum is the improvement itself, except in padding boxes.
        open_ended = np.isinf(upper[:, :, j]) | np.isneginf(lengths[:, :, j])
        if open_ended.all():
            areas += np.where(np.isneginf(lengths[:, :, j]), -np.inf, 0.0)[:, None, :] + side
        else:
            areas += fat_minimum(side, lengths[:, None, :, j])
    return np.asarray(logsumexp(areas, axis=(0, 2)) - np.log(samples.shape[0]), dtype=np.float64)


def mean_improvement(
    samples: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean hypervolume improvement over the samples without smoothing, shape (N,); arguments as `log_improvement`."""
    areas = np.ones((samples.shape[0], samples.shape[1], lower.shape[1]))
    for j in range(samples.shape[2]):
        areas *= np.maximum(np.minimum(samples[:, :, None, j], upper[:, None, :, j]) - lower[:, None, :, j], 0.0)
    return np.asarray(areas.sum(axis=2).mean(axis=0), dtype=np.float64)
