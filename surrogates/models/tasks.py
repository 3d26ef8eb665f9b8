"""Coupling of the tasks of a model (fidelities or other properties) to the predicted one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TaskCoupling:
    """Linear coupling: the predicted task is f_0 = g, every other one f_j = a_j g + sqrt(r_j) h_j with independent h_j.

    A coregionalisation of rank one (Bonilla et al., Multi-task Gaussian Process Prediction, 2007): general for two tasks; with more,
    the others are conditionally independent given task 0.

    Attributes:
        loadings: a_j, shape (T,), with a_0 = 1.
        residuals: r_j, shape (T,), with r_0 = 0.
    """

    loadings: NDArray[np.float64]
    residuals: NDArray[np.float64]

    @classmethod
    def single(cls) -> "TaskCoupling":
        """Return the coupling of one task."""
        return cls(np.ones(1), np.zeros(1))

    def matrix(self) -> NDArray[np.float64]:
        """Covariance of the tasks, shape (T, T)."""
        return np.outer(self.loadings, self.loadings) + np.diag(self.residuals)
