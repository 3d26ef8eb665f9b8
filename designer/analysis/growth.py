"""Incremental computation of the hypervolume of a campaign."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogates import Objective, hypervolume, reference_point


class FrontGrowth:
    """Records the evaluations that entered the front when they finished; the others do not change the hypervolume.

    They are few, so that a new evaluation costs one comparison with the front, and the curve only few volumes.

    Args:
        objectives: The m objectives.
    """

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._objectives = tuple(objectives)
        self._finished = 0
        self._entered: list[tuple[int, NDArray[np.float64]]] = []
        self._front = np.empty((0, len(self._objectives)))
        self._front_scores = np.empty((0, len(self._objectives)))

    def add(self, values: ArrayLike) -> bool:
        """Count a finished evaluation and return whether it entered the front.

        Args:
            values: Its m measured values in the objectives' order; NaN where one is missing, as after a failure.
        """
        self._finished += 1
        row = np.asarray(values, dtype=np.float64)
        if np.isnan(row).any():
            return False
        score = np.array([float(o.score(row[j : j + 1])[0]) for j, o in enumerate(self._objectives)])
        old = self._front_scores
        if ((old >= score).all(axis=1) & (old > score).any(axis=1)).any():
            return False
        stays = ~((old <= score).all(axis=1) & (old < score).any(axis=1))
        self._front = np.vstack([self._front[stays], row])
        self._front_scores = np.vstack([old[stays], score])
        self._entered.append((self._finished, row))
        return True

    def curve(self, reference: NDArray[np.float64] | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the steps of the hypervolume curve.

        Args:
            reference: Reference point in scores; that of all measurements together if None, so that the curve never falls.

        Returns:
            Numbers of finished evaluations, shape (k,), ascending, and the hypervolume from there on, shape (k,).
        """
        if not self._entered:
            return np.empty(0, dtype=np.int64), np.empty(0)
        if reference is None:
            reference = reference_point(self._front, self._objectives)
        counts = np.array([count for count, _ in self._entered])
        rows = np.array([row for _, row in self._entered])
        return counts, np.array([hypervolume(rows[: k + 1], self._objectives, reference) for k in range(len(rows))])

    @property
    def finished(self) -> int:
        """Return the number of counted evaluations."""
        return self._finished
