"""Training data of a property, including auxiliary tasks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surrogates.models.scatter import Scatter, stderrs_of
from surrogates.models.standardise import standardisation
from surrogates.observations import Observations

FEWEST_SHARED = 3
"""Smallest number of units with both properties for which they are coupled."""


@dataclass(frozen=True)
class TrainingData:
    """Standardised measurements of one property, including auxiliary tasks.

    Attributes:
        rows: Rows of the set's feature table, shape (n,).
        tasks: Task of each measurement, shape (n,); task 0 is predicted.
        targets: Standardised values, shape (n,).
        noise: Standardised squared standard errors, shape (n,).
        location: Location of task 0's standardisation, in the property's unit.
        spread: Spread of task 0's standardisation, in the property's unit.
    """

    rows: NDArray[np.int64]
    tasks: NDArray[np.int64]
    targets: NDArray[np.float64]
    noise: NDArray[np.float64]
    location: float
    spread: float

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, kept: NDArray[np.int64]) -> "TrainingData":
        """Return the selected measurements."""
        return TrainingData(
            self.rows[kept], self.tasks[kept], self.targets[kept], self.noise[kept], self.location, self.spread
        )

    def sample(self, most: int, rng: np.random.Generator) -> "TrainingData":
        """Return a random subset of at most `most` measurements."""
        return self.take(self.sampled(most, rng))

    def sampled(self, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Select a random subset, at least half of which is from task 0 if task 0 has as many measurements."""
        if len(self) <= most:
            return np.arange(len(self))
        shuffled = rng.permutation(len(self))
        others = shuffled[self.tasks[shuffled] != 0]
        own = shuffled[self.tasks[shuffled] == 0][: max(most // 2, most - len(others))]
        return np.sort(np.concatenate([own, others[: most - len(own)]]))


def training_data(
    observations: Observations, name: str, fidelity: str, companions: tuple[str, ...] = ()
) -> tuple[TrainingData, int]:
    """Collect the measurements of one property as standardised tasks.

    Task 0 is the property at the predicted fidelity. Every other fidelity with data is a task with the same unit and spread. Each
    companion property is a task with its own standardisation, with its sign inverted if it is anticorrelated with the property.
    Each task is centred on its own mean.

    Args:
        observations: Measurements.
        name: Property to predict.
        fidelity: Fidelity to predict.
        companions: Other properties to couple.

    Returns:
        The data and the number of tasks, including task 0 even if it is empty.
    """
    fidelities = np.array(observations.fidelities)
    measured = observations.measured(name)
    column = observations.values.get(name, np.full(len(observations), np.nan))
    own = measured & (fidelities == fidelity)
    groups = [np.flatnonzero(own)]
    groups += [
        np.flatnonzero(measured & (fidelities == other)) for other in sorted(set(fidelities[measured]) - {fidelity})
    ]
    centres = [float(column[rows].mean()) if len(rows) else 0.0 for rows in groups]
    deviations = np.concatenate([column[rows] - centre for rows, centre in zip(groups, centres, strict=True)])
    present = [centre for rows, centre in zip(groups, centres, strict=True) if len(rows)]
    location, spread = standardisation(name, deviations + (present[0] if present else 0.0))
    if len(groups[0]):
        location = centres[0]
    parts = [
        (
            rows,
            (column[rows] - centre) / spread,
            variances(observations, name, rows) / spread**2,
        )
        for rows, centre in zip(groups, centres, strict=True)
    ]
    parts += _companions(observations, column, own, fidelity, companions)
    data = TrainingData(
        np.concatenate([part[0] for part in parts]).astype(np.int64),
        np.concatenate([np.full(len(part[0]), task) for task, part in enumerate(parts)]).astype(np.int64),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        location,
        spread,
    )
    return data, len(parts)


def variances(observations: Observations, name: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Squared standard errors of some measurements of one property at one fidelity, with unknown values filled in."""
    if not len(rows):
        return np.zeros(0)
    scatter = Scatter.of(observations, name, rows)
    return scatter.variances(stderrs_of(observations, name)[rows], observations.values[name][rows])


def _companions(
    observations: Observations,
    column: NDArray[np.float64],
    own: NDArray[np.bool_],
    fidelity: str,
    companions: tuple[str, ...],
) -> list[tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]]:
    fidelities = np.array(observations.fidelities)
    parts = []
    for other in companions:
        there = observations.measured(other) & (fidelities == fidelity)
        both = own & there
        if both.sum() < FEWEST_SHARED:
            continue
        rows = np.flatnonzero(there)
        values = observations.values[other]
        location, spread = standardisation(other, values[rows])
        sign = -1.0 if np.cov(column[both], values[both])[0, 1] < 0 else 1.0
        parts.append(
            (rows, sign * (values[rows] - location) / spread, variances(observations, other, rows) / spread**2)
        )
    return parts
