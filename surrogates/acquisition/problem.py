"""One selection of a batch: what is known, what may be selected, and the quantities that several methods need."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import Composition
from surrogates.features import Features
from surrogates.models import PropertyModel, SurrogateSet, log_interval_probability
from surrogates.objective import Constraint, Objective
from surrogates.settings import AcquisitionSettings


@dataclass(frozen=True)
class Problem:
    """A batch to select.

    Attributes:
        surrogates: Fitted surrogates that cover every objective and constraint.
        candidates: The N candidates that may be selected, with distinct keys.
        objectives: One to four objectives.
        constraints: Ranges of properties.
        pending: Units under evaluation.
        costs: Relative cost of each candidate, shape (N,), positive.
        q: Batch size.
        settings: Settings of the acquisition.
        seed: Random seed.
    """

    surrogates: SurrogateSet
    candidates: tuple[Composition, ...]
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    pending: tuple[Composition, ...]
    costs: NDArray[np.float64]
    q: int
    settings: AcquisitionSettings
    seed: int

    @cached_property
    def models(self) -> list[PropertyModel]:
        """The model of each objective's property."""
        return [self.surrogates.model(objective.property) for objective in self.objectives]

    @cached_property
    def features(self) -> Features:
        """Features of the candidates, N rows."""
        return self.surrogates.featurise(self.candidates)

    @cached_property
    def pending_features(self) -> Features:
        """Features of the distinct pending units."""
        return self.surrogates.featurise(list({unit.key: unit for unit in self.pending}.values()))

    @cached_property
    def penalty(self) -> NDArray[np.float64]:
        """Log-probability that an evaluation succeeds and satisfies the constraints, minus the log cost, shape (N,)."""
        penalty = np.zeros(len(self.features))
        if self.settings.avoid_failures:
            for part, tables in self.surrogates.chunks(self.features):
                penalty[part] = np.log1p(-self.surrogates.failure.probability(tables.statistics))
        if self.constraints:
            prediction = self.surrogates.predict_features(self.features)
            for constraint in self.constraints:
                j = self.surrogates.properties.index(constraint.property)
                penalty += log_interval_probability(
                    prediction.mean[:, j], prediction.sd[:, j], constraint.low, constraint.high
                )
        return np.asarray(penalty - np.log(self.costs), dtype=np.float64)

    @cached_property
    def measured(self) -> NDArray[np.int64]:
        """First row of each distinct unit with a measurement of some objective at the predicted fidelity."""
        return self._measured(elsewhere=False)

    @cached_property
    def known(self) -> NDArray[np.int64]:
        """Rows that indicate where the front may be: `measured`, or else units measured at other fidelities."""
        return self.measured if len(self.measured) else self._measured(elsewhere=True)

    def _measured(self, *, elsewhere: bool) -> NDArray[np.int64]:
        observations = self.surrogates.observations
        predicted = self.surrogates.fidelity
        there = np.array([(fidelity != predicted) == elsewhere for fidelity in observations.fidelities], dtype=bool)
        any_measured = np.zeros(len(observations), dtype=bool)
        for objective in self.objectives:
            any_measured |= observations.measured(objective.property)
        first: dict[str, int] = {}
        for i in np.flatnonzero(any_measured & there):
            first.setdefault(observations.units[i].key, int(i))
        return np.array(sorted(first.values()), dtype=np.int64)
