"""Cholesky factorisation with increasing jitter and a warning."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky

from surrogates.errors import FitError, JitterWarning

JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4)
"""Relative jitters in the order in which they are tried, in units of the mean diagonal."""


def robust_cholesky(matrix: NDArray[np.float64], *, quiet: float = 0.0) -> NDArray[np.float64]:
    """Return the lower Cholesky factor of a symmetric matrix (n, n), adding jitter only if necessary.

    Args:
        matrix: Symmetric, positive semi-definite up to rounding.
        quiet: Relative jitter up to which no warning is issued, for matrices that are singular up to rounding.

    Raises:
        FitError: The matrix is not finite, or singular even with the largest jitter.
    """
    if not np.isfinite(matrix).all():
        raise FitError("the covariance matrix contains NaN or infinity; check the observations for extreme values")
    scale = float(np.mean(np.diag(matrix))) if len(matrix) else 1.0
    for jitter in JITTERS:
        try:
            factor = cholesky(matrix + jitter * scale * np.eye(len(matrix)), lower=True, check_finite=False)
        except LinAlgError:
            continue
        if jitter > quiet:
            warnings.warn(
                f"added jitter of {jitter:g} x the mean variance to a singular covariance matrix",
                JitterWarning,
                stacklevel=2,
            )
        return np.asarray(factor, dtype=np.float64)
    raise FitError(
        f"covariance matrix of {len(matrix)} points is singular even with a relative jitter of {JITTERS[-1]:g}"
    )
