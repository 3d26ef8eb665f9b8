"""What has been measured so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import RepeatUnit
from surrogates.errors import InvalidObservations


@dataclass(frozen=True)
class Observations:
    """Measured and failed repeat units, one row each; a unit may have several rows.

    Attributes:
        units: The n repeat units.
        values: For each property an array of shape (n,) in the registry's unit, NaN where not measured.
        stderrs: For each property the standard errors, shape (n,), same unit. NaN or a missing property means unknown: the
            scatter of repeats, or else the default error of the registry, stands in. Zero means exact where no repeats scatter.
        failed: Shape (n,), True where the evaluation failed.
        fidelities: Where each row comes from, n names; by default one nameless fidelity.
    """

    units: tuple[RepeatUnit, ...]
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
                raise InvalidObservations(f"{name} has shape {column.shape}; {n} units need shape ({n},)")
        for name, column in values.items():
            if np.isinf(column).any():
                raise InvalidObservations(f"{name} holds an infinite value; use NaN for what was not measured")
        for name, column in stderrs.items():
            if (column < 0).any() or np.isinf(column).any():
                raise InvalidObservations(f"stderr of {name} must be finite and not negative; correct the record")
        if self.fidelities and len(self.fidelities) != n:
            raise InvalidObservations(
                f"{len(self.fidelities)} fidelities were given for {n} units; give one each or none"
            )
        object.__setattr__(self, "fidelities", tuple(self.fidelities) or ("",) * n)
        object.__setattr__(self, "units", tuple(self.units))
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "stderrs", stderrs)
        object.__setattr__(self, "failed", failed)

    def __len__(self) -> int:
        return len(self.units)

    def take(self, rows: NDArray[np.int64]) -> "Observations":
        """Keep chosen rows."""
        return Observations(
            tuple(self.units[i] for i in rows),
            {name: column[rows] for name, column in self.values.items()},
            {name: column[rows] for name, column in self.stderrs.items()},
            self.failed[rows],
            tuple(self.fidelities[i] for i in rows),
        )

    def measured(self, name: str) -> NDArray[np.bool_]:
        """Rows in which a property was measured, shape (n,)."""
        column = self.values.get(name)
        if column is None:
            return np.zeros(len(self.units), dtype=bool)
        return ~np.isnan(column) & ~self.failed

    def target_fidelity(self, wanted: str | None) -> str:
        """Return the fidelity to predict: the wanted one, or the only one there is.

        Raises:
            InvalidObservations: Several fidelities are there and none was named.
        """
        if wanted is not None:
            return wanted
        present = sorted(set(self.fidelities))
        if len(present) > 1:
            raise InvalidObservations(f"observations hold the fidelities {', '.join(present)}; name the one to predict")
        return present[0] if present else ""

    def noise_variance(self, name: str) -> NDArray[np.float64]:
        """Squared standard errors of a property, shape (n,), zero where unknown."""
        column = self.stderrs.get(name)
        if column is None:
            return np.zeros(len(self.units))
        return np.where(np.isnan(column), 0.0, column) ** 2
