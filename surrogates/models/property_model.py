"""Interface of the fitted model of one property."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogates.errors import Unsupported
from surrogates.kernels import TablePair
from surrogates.models.posterior import Posterior
from surrogates.models.training import TrainingData


@dataclass(frozen=True)
class PropertyModel(ABC):
    """Fitted model of one property; a learner returns one for each property.

    The latent property is what an exact measurement at the predicted fidelity would give.

    Attributes:
        name: Registry name of the property.
        data: The measurements; location and spread of their standardisation.
    """

    name: str
    data: TrainingData

    @property
    def spread(self) -> float:
        """Spread of the property's values, in its unit; the scale on which the acquisition compares properties."""
        return self.data.spread

    @property
    @abstractmethod
    def prior_variance(self) -> float:
        """Variance of the latent property of a typical unit before any measurement, in its unit squared."""

    @property
    def noise_variance(self) -> float:
        """Variance that the model adds to the known errors of the property's measurements, in its unit squared."""
        return 0.0

    @abstractmethod
    def posterior(self, tables: TablePair) -> Posterior:
        """Return the joint posterior at N units.

        Args:
            tables: Features of the N units (`left`) and of all observed units, to whose rows `data.rows` refers (`right`).
        """

    @property
    def leaves_one_out(self) -> bool:
        """Whether `leave_one_out` is possible."""
        return False

    def leave_one_out(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predict each measurement of task 0 from all others in closed form, without a new fit.

        Returns:
            Means and standard deviations of the measurements, noise included, in the property's unit, shape (n_0,).

        Raises:
            SurrogatesError: The model has no closed form, or uses too many points for it.
        """
        raise Unsupported(f"the model of {self.name} has no closed-form leave-one-out; use cross_validate")

    def document(self) -> Mapping[str, Any]:
        """Return what the fit determined, in JSON types; `Learner.restore` rebuilds the model from it and the measurements.

        Raises:
            Unsupported: Models of this learner cannot be saved.
        """
        raise Unsupported(
            f"the model of {self.name} cannot be saved; fit it again where it is needed, or use learner gp"
        )
