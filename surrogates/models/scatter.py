"""Standard errors of measurements that were recorded without one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import PROPERTIES
from surrogates.observations import Observations

PRIOR_REPEATS = 2.0
"""Weight of the registry's default error relative to the scatter of repeats, in degrees of freedom."""

SMALLEST = 1e-6
"""Lower bound of the variance of repeated measurements, as a fraction of the property's variance."""


@dataclass(frozen=True)
class Scatter:
    """Error estimate of measurements without a standard error, from the scatter of repeats.

    The variance of such a measurement is the posterior mean of a scaled inverse chi-squared law whose prior is the registry's
    default error: (`squares` + w d^2) / (`free` + w), with w = `PRIOR_REPEATS` and d the default error of the value. Without
    repeats it is d^2. Repeats that agree to the last digit count as copies of one measurement.

    Attributes:
        name: Registry name of the property.
        squares: Sum of squared deviations of repeats from their means, in the property's unit squared.
        free: Degrees of freedom of `squares`.
        smallest: Lower bound of the variance of a measurement without an error if there are repeats; also the variance of an exact
            measurement if there are copies, which would otherwise make the covariance singular.
        copies: Whether a polymer occurs more than once.
    """

    name: str
    squares: float
    free: int
    smallest: float
    copies: bool = False

    @classmethod
    def of(cls, observations: Observations, name: str, rows: NDArray[np.int64]) -> "Scatter":
        """Pool the repeats without a standard error in the given rows, in which the property was measured."""
        column, noise = observations.values.get(name), observations.noise_variance(name)
        rows = rows[noise[rows] == 0] if len(rows) else rows
        if column is None or not len(rows):
            return cls(name, 0.0, 0, 0.0)
        distinct = np.unique(
            np.array([(observations.units[i].key, f"{column[i]:.17g}") for i in rows], dtype=object).astype(str), axis=0
        )
        values = distinct[:, 1].astype(np.float64)
        _, which, counts = np.unique(distinct[:, 0], return_inverse=True, return_counts=True)
        means = np.bincount(which, weights=values) / counts
        return cls(
            name,
            float(((values - means[which]) ** 2).sum()),
            int((counts - 1).sum()),
            SMALLEST * float(np.var(column[rows])),
            len({observations.units[i].key for i in rows}) < len(rows),
        )

    def variances(self, stderrs: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return squared standard errors with unknown values filled in, shape (n,).

        Args:
            stderrs: Standard errors, shape (n,); NaN means unknown, zero means exact unless repeats differ.
            values: Measured values, shape (n,); default errors may be a fraction of these.
        """
        spec = PROPERTIES.get(self.name)
        default = np.array([spec.assumed_stderr(value) if spec else 0.0 for value in values]) ** 2
        assumed = (self.squares + PRIOR_REPEATS * default) / (self.free + PRIOR_REPEATS) if self.free else default
        assumed = np.maximum(assumed, self.smallest) if self.free else assumed
        exact = assumed if self.free else np.full(len(values), self.smallest if self.copies else 0.0)
        return np.where(np.isnan(stderrs), assumed, np.where(stderrs == 0, exact, stderrs**2))


def stderrs_of(observations: Observations, name: str) -> NDArray[np.float64]:
    """Return the standard errors of a property, shape (n,), NaN where unknown."""
    column = observations.stderrs.get(name)
    return np.full(len(observations), np.nan) if column is None else column
