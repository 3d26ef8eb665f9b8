"""Errors of measurements that came without one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import PROPERTIES
from surrogates.observations import Observations

PRIOR_REPEATS = 2.0
"""Weight of the registry's default error beside the scatter of repeats, in degrees of freedom."""

SMALLEST = 1e-6
"""Variance of repeated measurements at least, as a share of the property's variance."""


@dataclass(frozen=True)
class Scatter:
    """What repeats of measurements without an error say about that error.

    The variance of such a measurement is the posterior mean of a scaled inverse chi-squared law whose prior is the registry's
    default error: (`squares` + w d^2) / (`free` + w), with w = `PRIOR_REPEATS` and d the default error of the value. Without
    repeats it is d^2. Repeats that agree to the last digit are copies of one measurement and tell nothing.

    Attributes:
        name: Registry name of the property.
        squares: Sum of squared deviations of repeats from their means, in the property's unit squared.
        free: Its degrees of freedom.
        smallest: Variance of a measurement without an error at least, where repeats tell it; also that of an exact measurement
            where copies stand beside each other, which would otherwise make the covariance singular.
        copies: Whether a polymer stands there more than once.
    """

    name: str
    squares: float
    free: int
    smallest: float
    copies: bool = False

    @classmethod
    def of(cls, observations: Observations, name: str, rows: NDArray[np.int64]) -> "Scatter":
        """Pool the repeats without an error among some rows in which a property was measured."""
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
        """Return squared standard errors, what is unknown filled in, shape (n,).

        Args:
            stderrs: Given standard errors, shape (n,); NaN is unknown, and zero is exact unless repeats scatter.
            values: The values they belong to, shape (n,); defaults may be a share of these.
        """
        spec = PROPERTIES.get(self.name)
        default = np.array([spec.assumed_stderr(value) if spec else 0.0 for value in values]) ** 2
        assumed = (self.squares + PRIOR_REPEATS * default) / (self.free + PRIOR_REPEATS) if self.free else default
        assumed = np.maximum(assumed, self.smallest) if self.free else assumed
        exact = assumed if self.free else np.full(len(values), self.smallest if self.copies else 0.0)
        return np.where(np.isnan(stderrs), assumed, np.where(stderrs == 0, exact, stderrs**2))


def stderrs_of(observations: Observations, name: str) -> NDArray[np.float64]:
    """Return the standard errors of a property, shape (n,), NaN where none is known."""
    column = observations.stderrs.get(name)
    return np.full(len(observations), np.nan) if column is None else column
