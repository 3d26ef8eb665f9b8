"""Measurements and failures, the training data of the surrogates."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import Composition
from surrogates.errors import InvalidObservations


@dataclass(frozen=True)
class Observations:
    """Measured and failed repeat units, one row each; a unit may have several rows.

    Attributes:
        units: The n repeat units; mixtures of repeat units for copolymers.
        values: For each property an array of shape (n,) in the registry's unit, NaN where not measured.
        stderrs: For each property the standard errors, shape (n,), same unit. NaN or a missing property means unknown; the
            scatter of repeats or else the registry's default error is used instead. Zero means exact unless repeats differ.
        failed: Shape (n,), True where the evaluation failed.
        fidelities: Fidelity of each row, n names; by default a single unnamed fidelity.
    """

    units: tuple[Composition, ...]
    values: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    stderrs: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    failed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    fidelities: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.units)
        values = {name: np.asarray(column, dtype=np.float64) for name, column in self.values.items()}
        stderrs = {name: np.asarray(column, dtype=np.float64) for name, column in self.stderrs.items()}
        failed = np.asarray(self.failed, dtype=bool)
        if failed.shape == (0,) and n:
            failed = np.zeros(n, dtype=bool)
        named = [("failed", failed), *values.items(), *((f"stderr of {name}", c) for name, c in stderrs.items())]
        for name, column in named:
            if column.shape != (n,):
                raise InvalidObservations(f"{name} must have shape ({n},) for {n} units, got {column.shape}")
        for name, column in values.items():
            if np.isinf(column).any():
                raise InvalidObservations(f"{name} contains an infinite value; use NaN for missing measurements")
        for name, column in stderrs.items():
            if (column < 0).any() or np.isinf(column).any():
                raise InvalidObservations(f"stderr of {name} must be finite and non-negative; correct the record")
        if self.fidelities and len(self.fidelities) != n:
            raise InvalidObservations(
                f"got {len(self.fidelities)} fidelities for {n} units; pass one per unit, or an empty tuple"
            )
        object.__setattr__(self, "fidelities", tuple(self.fidelities) or ("",) * n)
        object.__setattr__(self, "units", tuple(self.units))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "stderrs", stderrs)
        object.__setattr__(self, "failed", failed)

    def __len__(self) -> int:
        return len(self.units)

    def take(self, rows: NDArray[np.int64]) -> "Observations":
        """Return the selected rows."""
        return Observations(
            tuple(self.units[i] for i in rows),
            {name: column[rows] for name, column in self.values.items()},
            {name: column[rows] for name, column in self.stderrs.items()},
            self.failed[rows],
            tuple(self.fidelities[i] for i in rows),
        )

    def measured(self, name: str) -> NDArray[np.bool_]:
        """Mask of the rows in which a property was measured, shape (n,)."""
        column = self.values.get(name)
        if column is None:
            return np.zeros(len(self.units), dtype=bool)
        return ~np.isnan(column) & ~self.failed

    def fidelities_of(self, name: str) -> set[str]:
        """Return the fidelities at which a property was measured."""
        return {self.fidelities[i] for i in np.flatnonzero(self.measured(name))}

    def measured_at(self, name: str, fidelity: str) -> NDArray[np.int64]:
        """Rows in which a property was measured at a fidelity."""
        return np.flatnonzero(self.measured(name) & (np.array(self.fidelities) == fidelity))

    def target_fidelity(self, wanted: str | None) -> str:
        """Return the fidelity to predict: `wanted`, or else the only one present.

        Raises:
            InvalidObservations: Several fidelities are present and `wanted` is None.
        """
        if wanted is not None:
            return wanted
        present = sorted(set(self.fidelities))
        if len(present) > 1:
            raise InvalidObservations(
                f"the observations contain several fidelities ({', '.join(present)}); specify the one to predict"
            )
        return present[0] if present else ""

    def noise_variance(self, name: str) -> NDArray[np.float64]:
        """Squared standard errors of a property, shape (n,), zero where unknown."""
        column = self.stderrs.get(name)
        if column is None:
            return np.zeros(len(self.units))
        return np.where(np.isnan(column), 0.0, column) ** 2
