"""Has a sampled state stopped changing? Trend and block tests on density, energy and chain size."""

from dataclasses import dataclass

import numpy as np

from mdcore.dynamics.series import COLUMNS, FloatArray
from mdcore.dynamics.statistics import half_drift, mean_and_stderr

DENSITY_TOLERANCE = 0.005
"""Relative drift and standard error of the density."""
ENERGY_TOLERANCE_KT = 0.02
"""Drift and standard error of the potential energy per atom, in kT."""
GYRATION_TOLERANCE = 0.03
"""Relative drift of the mean radius of gyration."""
_BOLTZMANN_KJ_MOL_K = 8.31446261815324e-3


@dataclass(frozen=True)
class Convergence:
    """Outcome of the tests; each number is to be compared with its tolerance.

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


def assess(table: FloatArray, chains: FloatArray, n_atoms: int, temperature_k: float) -> Convergence:
    """Test the series of a sampling stage.

    Args:
        table: Shape (r, columns), rows of the stage.
        chains: Shape (r, n_chains, 2).
        n_atoms: Atoms in the cell.
        temperature_k: Temperature of the stage in K.
    """
    density = table[:, COLUMNS.index("density_g_cm3")]
    energy = table[:, COLUMNS.index("potential_kj_mol")] / (n_atoms * _BOLTZMANN_KJ_MOL_K * temperature_k)
    gyration = chains[:, :, 0].mean(axis=1)
    mean, error = mean_and_stderr(density)
    _, energy_error = mean_and_stderr(energy)
    size = float(np.mean(gyration))
    return Convergence(
        density=max(abs(half_drift(density)), error) / mean,
        energy_kt_per_atom=max(abs(half_drift(energy)), energy_error),
        gyration=abs(half_drift(gyration)) / size if size > 0 else 0.0,
    )
