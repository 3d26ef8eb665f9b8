"""Distributions of force-field parameters as descriptors: kernel means on fixed grids.

The same descriptors are features of the surrogates and are exported with simulations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.records import Measurement

FloatArray = NDArray[np.float64]

GRID = 10
"""Number of grid points of each parameter's distribution."""
PARAMETERS_ENTRY = "parameters"
"""Entry with the descriptors in the content of a bundle and in the diagnostics of a simulation; earlier versions did not write it."""


@dataclass(frozen=True)
class ParameterGrid:
    """Grid of the distribution of one kind of parameter.

    Attributes:
        low: First grid point.
        high: Last grid point.
    """

    low: float
    high: float

    @property
    def points(self) -> FloatArray:
        """The grid points, shape (GRID,)."""
        return np.linspace(self.low, self.high, GRID)

    def kernel_mean(self, values: FloatArray) -> FloatArray:
        """Return the mean over the values of a Gaussian bump at each grid point, as wide as the spacing of the grid, shape (GRID,).

        This is the kernel mean embedding of Kusaba et al. (10.1103/PhysRevB.108.134107). Values outside the grid count as its ends;
        without values all means are zero.

        Args:
            values: Shape (m,).
        """
        width = (self.high - self.low) / (GRID - 1)
        kept = np.clip(values, self.low, self.high)
        bumps = np.exp(-0.5 * ((kept[:, None] - self.points) / width) ** 2)
        return np.asarray(bumps.mean(axis=0) if len(kept) else np.zeros(GRID))


PARAMETERS = {
    "mass_dalton": ParameterGrid(0.0, 40.0),
    "charge_e": ParameterGrid(-0.6, 0.6),
    "rmin_half_angstrom": ParameterGrid(0.3, 2.4),
    "epsilon_kcal_mol": ParameterGrid(0.0, 0.4),
    "bond_length_angstrom": ParameterGrid(0.95, 2.0),
    "bond_k_kcal_mol_angstrom2": ParameterGrid(300.0, 1800.0),
    "angle_degree": ParameterGrid(90.0, 180.0),
    "angle_k_kcal_mol_rad2": ParameterGrid(50.0, 350.0),
    "torsion_k_kcal_mol": ParameterGrid(-2.0, 8.0),
}
"""Kinds of parameters by name with unit, in the units of SMIRNOFF files. Half the distance of the Lennard-Jones minimum,
`rmin_half`, is 2^(1/6) sigma / 2; `torsion_k` is the sum over the terms of a proper torsion."""


def parameter_columns() -> tuple[str, ...]:
    """Return the names of all descriptors: mean, standard deviation, and the kernel mean at each grid point of each parameter."""
    return tuple(
        f"{name}_{what}"
        for name, grid in PARAMETERS.items()
        for what in ("mean", "std", *(f"at_{point:.4g}" for point in grid.points))
    )


def parameter_descriptors(values: Mapping[str, FloatArray]) -> dict[str, float]:
    """Return the descriptors of the parameters of a polymer by the names of `parameter_columns`.

    Args:
        values: Parameters of all terms of each kind of `PARAMETERS`; a kind without terms has mean and standard deviation zero.
    """
    found: list[float] = []
    for name, grid in PARAMETERS.items():
        own = np.asarray(values[name], dtype=np.float64)
        found += [float(own.mean()), float(own.std())] if len(own) else [0.0, 0.0]
        found += grid.kernel_mean(own).tolist()
    return dict(zip(parameter_columns(), found, strict=True))


def parameter_row(measurements: Iterable[Measurement], descriptors: Mapping[str, float]) -> dict[str, Any]:
    """Return a row of a table that relates properties to parameters: fidelity, each value with its standard error, descriptors.

    Args:
        measurements: Measurements of the polymer, all of one fidelity.
        descriptors: Its descriptors; see `parameter_descriptors`.
    """
    row: dict[str, Any] = {"fidelity": None}
    for one in measurements:
        unit = "" if one.unit == "1" else f" ({one.unit})"
        row |= {
            "fidelity": one.fidelity,
            f"{one.property}{unit}": one.value,
            f"{one.property} stderr{unit}": one.stderr,
        }
    return row | dict(descriptors)
