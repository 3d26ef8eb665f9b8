"""Data of an export: a System with the final configuration and the sampling conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class FinalCell:
    """The final cell of a run.

    Attributes:
        name: Description for the title lines.
        system_xml: Serialised OpenMM System.
        arrays: Arrays of the bundle: atoms, masses, bonds, chains.
        positions_nm: Positions, shape (n, 3), chains whole.
        box_nm: Box, shape (3, 3), rows are the vectors in OpenMM's reduced form.
        temperature_K: Temperature of the sampling.
        pressure_atm: Pressure of the sampling; None at constant volume.
        barostat: Barostat of the sampling: `isotropic`, `anisotropic` or `flexible`; None at constant volume.
        timestep_fs: Time step suitable for the masses of the System.
        friction_per_ps: Langevin friction.
        seed: Seed of the velocities.
    """

    name: str
    system_xml: str
    arrays: Mapping[str, NDArray[Any]]
    positions_nm: NDArray[Any]
    box_nm: NDArray[Any]
    temperature_K: float
    pressure_atm: float | None
    barostat: str | None
    timestep_fs: float
    friction_per_ps: float
    seed: int

    def system(self) -> Any:
        """Return the System."""
        import openmm

        return openmm.XmlSerializer.deserialize(self.system_xml)

    @property
    def velocity_seed(self) -> int:
        """Seed in the range accepted by all engines."""
        return self.seed % 900_000_000 + 1
