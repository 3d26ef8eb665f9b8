"""Weighted fits of a hyperbola, two straight lines with a smooth crossover, to a property of a glass-forming substance.

The hyperbola after Patrone et al. (2016), doi:10.1016/j.polymer.2016.01.074, in the form::

    y(T) = y0 + a (T - T0) + b [(T - T0) / 2 + sqrt((T - T0)^2 / 4 + w^2)],   w^2 = exp(c)

with the asymptotic slopes a (glass, far below T0) and a + b (melt, far above T0). For given T0 and w it is linear in y0, a and b, so that
only T0 and w are searched: every T0 on a grid of starting points with every w of a list, which finds the global minimum of the weighted
sum of squares.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

STARTS_K = 5.0
"""Distance of the starting points of T0 in K."""
PARAMETERS = 5
"""Parameters of the hyperbola: y0, a, b, T0, w."""
NARROWEST_K = 2.0
"""Smallest half-width w of the crossover in K."""
WIDEST_SHARE = 1.0 / 8.0
"""Largest w as a fraction of the range of temperatures, so that both lines keep points outside T0 +- 2 w."""
_WIDTHS = 7


@dataclass(frozen=True)
class Hyperbola:
    """A hyperbola y(T).

    Attributes:
        transition_k: T0 in K, where the asymptotes cross.
        y0: The value at the crossing of the asymptotes.
        cold_slope: a, the slope far below T0 in 1/K times the unit of y.
        bend: b, the difference of the slopes far above and far below T0.
        width_k: w, half-width of the crossover in K.
    """

    transition_k: float
    y0: float
    cold_slope: float
    bend: float
    width_k: float

    @property
    def hot_slope(self) -> float:
        """Slope far above T0."""
        return self.cold_slope + self.bend

    def __call__(self, temperature_k: FloatArray) -> FloatArray:
        """Return y at temperatures in K, shape (n,)."""
        x = np.asarray(temperature_k, dtype=np.float64) - self.transition_k
        return self.y0 + self.cold_slope * x + self.bend * crossover_k(x, self.width_k)


def crossover_k(distance_k: FloatArray, width_k: float | FloatArray) -> FloatArray:
    """Return x / 2 + sqrt(x^2 / 4 + w^2): 0 far below and x far above zero.

    Args:
        distance_k: T - T0 in K, any shape.
        width_k: w in K, of a shape that can be broadcast.
    """
    return np.asarray(distance_k / 2.0 + np.sqrt(distance_k**2 / 4.0 + np.square(width_k)), dtype=np.float64)


@dataclass(frozen=True)
class HyperbolaFits:
    """Hyperbolas fitted to the same points with different weights.

    Attributes:
        transition_k: Shape (b,), one for each set of weights, like the others.
        y0: Shape (b,).
        cold_slope: Shape (b,).
        bend: Shape (b,).
        width_k: Shape (b,).
        squares: Weighted sums of squared residuals, shape (b,).
    """

    transition_k: FloatArray
    y0: FloatArray
    cold_slope: FloatArray
    bend: FloatArray
    width_k: FloatArray
    squares: FloatArray

    def __getitem__(self, index: int) -> Hyperbola:
        """Return one of them."""
        return Hyperbola(
            *(float(getattr(self, name)[index]) for name in ("transition_k", "y0", "cold_slope", "bend", "width_k"))
        )


def fit_hyperbolas(temperature_k: FloatArray, values: FloatArray, weights: FloatArray) -> HyperbolaFits:
    """Fit hyperbolas by weighted least squares over all starting points of T0 and all widths.

    Args:
        temperature_k: Shape (n,), in K, n at least 6.
        values: Shape (n,).
        weights: Shape (b, n), zero or larger; one fit for each row.
    """
    temperature, y, w = (np.asarray(one, dtype=np.float64) for one in (temperature_k, values, weights))
    low, high = float(temperature.min()), float(temperature.max())
    centre, spread = float(y.mean()), float(np.ptp(y)) or 1.0
    y = (y - centre) / spread
    starts = np.arange(low, high + 0.5 * STARTS_K, STARTS_K)
    widths = np.geomspace(NARROWEST_K, max(NARROWEST_K * 1.01, WIDEST_SHARE * (high - low)), _WIDTHS)
    # Rows of the normal equations for all combinations of T0 and w, shape (starts, widths, n, 3).
    x = temperature[None, None, :] - starts[:, None, None]
    design = _design(np.broadcast_to(x, (len(starts), len(widths), len(y))), widths[None, :, None])
    squares = _squares(design, y, w)  # (b, starts, widths)
    profile = squares.min(axis=2)
    best = profile.argmin(axis=1)
    rows = np.arange(len(w))
    transition = starts[best] + STARTS_K * _vertex(profile, best)
    width = widths[squares[rows, best].argmin(axis=1)]
    own = _design(temperature[None, :] - transition[:, None], width[:, None])  # (b, n, 3)
    normal = np.stack([(w * own[..., i] * own[..., j]).sum(axis=1) for i, j in _PAIRS])
    right = np.stack([(w * own[..., i] * y).sum(axis=1) for i in range(3)])
    solution = _solve(normal, right).T
    residual = y[None, :] - np.einsum("bnj,bj->bn", own, solution)
    return HyperbolaFits(
        transition,
        centre + spread * solution[:, 0],
        spread * solution[:, 1] / _SCALE_K,
        spread * solution[:, 2] / _SCALE_K,
        width,
        spread**2 * (w * residual**2).sum(axis=1),
    )


def fit_line(temperature_k: FloatArray, values: FloatArray, weights: FloatArray) -> tuple[FloatArray, float]:
    """Fit a straight line by weighted least squares.

    Args:
        temperature_k: Shape (n,), in K, n at least 2.
        values: Shape (n,).
        weights: Shape (n,).

    Returns:
        Intercept and slope, shape (2,), and the weighted sum of squared residuals.
    """
    temperature, y, w = (np.asarray(one, dtype=np.float64) for one in (temperature_k, values, weights))
    middle = float(np.average(temperature, weights=w))
    design = np.stack([np.ones_like(temperature), temperature - middle], axis=1)
    root = np.sqrt(w)
    solution, *_ = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)
    squares = float((w * (y - design @ solution) ** 2).sum())
    return np.array([solution[0] - solution[1] * middle, solution[1]]), squares


_SCALE_K = 100.0
"""Unit of temperature differences in the normal equations, so that their columns have similar sizes."""


def _design(x: FloatArray, width_k: FloatArray) -> FloatArray:
    """Return the columns 1, x and crossover, shape (..., n, 3)."""
    scaled = x / _SCALE_K
    return np.stack([np.ones_like(scaled), scaled, crossover_k(scaled, width_k / _SCALE_K)], axis=-1)


def _squares(design: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the smallest weighted sums of squares for all designs, shape (b, starts, widths)."""
    columns = [design[..., i] for i in range(3)]
    pairs = np.stack([columns[i] * columns[j] for i, j in _PAIRS])  # (6, starts, widths, n)
    right = np.stack([column * y for column in columns])
    normal = np.moveaxis(np.tensordot(pairs, weights, axes=(3, 1)), 3, 1)  # (6, b, starts, widths)
    right = np.moveaxis(np.tensordot(right, weights, axes=(3, 1)), 3, 1)
    solution = _solve(normal, right)
    total = weights @ y**2
    return np.asarray(total[:, None, None] - (solution * right).sum(axis=0), dtype=np.float64)


_PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def _solve(normal: FloatArray, right: FloatArray) -> FloatArray:
    """Solve many normal equations by Cramer's rule; a small ridge keeps designs without points on one side of T0 solvable.

    Args:
        normal: The elements `_PAIRS` of the symmetric matrices, shape (6, ...).
        right: Shape (3, ...).

    Returns:
        Shape (3, ...).
    """
    a, b, c, d, e, f = normal
    ridge = 1e-10 * (a + d + f)
    a, d, f = a + ridge, d + ridge, f + ridge
    aa, bb, cc = d * f - e * e, c * e - b * f, b * e - c * d
    dd, ee, ff = a * f - c * c, b * c - a * e, a * d - b * b
    x, y, z = right
    determinant = a * aa + b * bb + c * cc
    solution = np.stack([aa * x + bb * y + cc * z, bb * x + dd * y + ee * z, cc * x + ee * y + ff * z])
    return np.asarray(solution / determinant, dtype=np.float64)


def _vertex(profile: FloatArray, best: NDArray[np.int64]) -> FloatArray:
    """Return the vertex of the parabola through the best starting point and its neighbours, in steps; 0 at an end."""
    rows, last = np.arange(len(profile)), profile.shape[1] - 1
    inside = (best > 0) & (best < last)
    middle = np.clip(best, 1, max(1, last - 1))
    below, at, above = (profile[rows, np.clip(middle + step, 0, last)] for step in (-1, 0, 1))
    curvature = below - 2.0 * at + above
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(inside & (curvature > 0), 0.5 * (below - above) / curvature, 0.0)
    return np.clip(shift, -1.0, 1.0)
