"""Convergence tests of a stage: drift and standard error of density, energy and chain size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K
from mdcore.dynamics.statistics import half_drift, mean_and_stderr

FloatArray = NDArray[np.float64]

MIN_RECORDS = 8
"""A stage with fewer records is too short for the tests."""
DENSITY_TOLERANCE = 0.005
"""Relative drift and standard error of the density."""
ENERGY_TOLERANCE_KT = 0.02
"""Drift and standard error of the potential energy per atom, in kT."""
GYRATION_TOLERANCE = 0.03
"""Relative drift of the mean radius of gyration."""


@dataclass(frozen=True)
class Convergence:
    """Results of the tests; each number is compared with its tolerance.

    Attributes:
        density: Larger of relative drift between the halves and relative standard error of the mean.
        energy_kt_per_atom: The same for the potential energy per atom, in kT.
        gyration: Relative drift of the mean radius of gyration.
    """

    density: float
    energy_kt_per_atom: float
    gyration: float

    @property
    def passed(self) -> bool:
        """Whether every test passed."""
        return (
            self.density <= DENSITY_TOLERANCE
            and self.energy_kt_per_atom <= ENERGY_TOLERANCE_KT
            and self.gyration <= GYRATION_TOLERANCE
        )


def assess(
    density_g_cm3: FloatArray,
    potential_kj_mol: FloatArray,
    radius_of_gyration_nm: FloatArray,
    n_atoms: int,
    temperature_k: float,
) -> Convergence:
    """Test the records of a stage.

    Args:
        density_g_cm3: Shape (r,).
        potential_kj_mol: Shape (r,).
        radius_of_gyration_nm: Shape (r, n_chains).
        n_atoms: Atoms in the cell.
        temperature_k: Temperature of the stage in K.
    """
    energy = potential_kj_mol / (n_atoms * BOLTZMANN_KJ_MOL_K * temperature_k)
    gyration = radius_of_gyration_nm.mean(axis=1)
    mean, error = mean_and_stderr(density_g_cm3)
    _, energy_error = mean_and_stderr(energy)
    size = float(np.mean(gyration))
    return Convergence(
        density=max(abs(half_drift(density_g_cm3)), error) / mean,
        energy_kt_per_atom=max(abs(half_drift(energy)), energy_error),
        gyration=abs(half_drift(gyration)) / size if size > 0 else 0.0,
    )
