"""Definition of an observable, and the state that it is read from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K
from mdcore.dynamics.clusters import Clusters

FloatArray = NDArray[np.float64]


class Simulated(Protocol):
    """The simulated cell as observables see it; `SimulationBundle` implements it.

    Attributes:
        arrays: Atoms, masses, bonds, residues and chains; see `SimulationBundle`.
        stages: Settings of the stages of the run, for observables whose shape depends on them.
    """

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Arrays of the bundle."""

    @property
    def stages(self) -> tuple[Any, ...]:
        """Stages of the run."""

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""

    @property
    def n_chains(self) -> int:
        """Number of chains or molecules."""

    @property
    def mass_amu(self) -> float:
        """Mass of the cell in dalton."""


class RecordState:
    """State of a simulation at one record; quantities are fetched from the device on first use.

    Args:
        context: OpenMM Context.
        cell: What is simulated.
        degrees_of_freedom: Degrees of freedom of the kinetic energy.
        temperature_target_K: Temperature of the thermostat.
        pressure_target_atm: Pressure of the barostat.
        memory: What the stage keeps from one step to the next.
        clusters: Function that returns the constraint clusters; those of the System if None.
    """

    def __init__(
        self,
        context: Any,
        cell: Simulated,
        degrees_of_freedom: int,
        temperature_target_K: float,
        pressure_target_atm: float,
        memory: Mapping[str, Any] | None = None,
        clusters: Callable[[], Clusters] | None = None,
    ) -> None:
        self.context = context
        self.cell = cell
        self.degrees_of_freedom = degrees_of_freedom
        self.temperature_target_K = temperature_target_K
        self.pressure_target_atm = pressure_target_atm
        self.memory: Mapping[str, Any] = {} if memory is None else memory
        self._clusters = clusters

    @property
    def system(self) -> Any:
        """OpenMM System with the forces of the stage."""
        return self.context.getSystem()

    @cached_property
    def _state(self) -> Any:
        # Nearly every observable needs one of these, so they are fetched together.
        return self.context.getState(getEnergy=True, getPositions=True)

    @cached_property
    def potential_kj_mol(self) -> float:
        """Potential energy in kJ/mol."""
        return float(self._state.getPotentialEnergy()._value)

    @cached_property
    def kinetic_kj_mol(self) -> float:
        """Kinetic energy in kJ/mol."""
        return float(self._state.getKineticEnergy()._value)

    @cached_property
    def temperature_K(self) -> float:
        """Kinetic temperature in K."""
        return 2.0 * self.kinetic_kj_mol / (self.degrees_of_freedom * BOLTZMANN_KJ_MOL_K)

    @cached_property
    def volume_nm3(self) -> float:
        """Volume of the box in nm3."""
        return float(self._state.getPeriodicBoxVolume()._value)

    @cached_property
    def box_nm(self) -> FloatArray:
        """Box, shape (3, 3), rows are the vectors, in nm."""
        return np.asarray(self._state.getPeriodicBoxVectors(asNumpy=True)._value)

    @cached_property
    def positions_nm(self) -> FloatArray:
        """Positions, shape (n, 3), chains whole, in nm."""
        return np.asarray(self._state.getPositions(asNumpy=True)._value)

    @cached_property
    def velocities_nm_ps(self) -> FloatArray:
        """Velocities, shape (n, 3), in nm/ps."""
        return np.asarray(self.context.getState(getVelocities=True).getVelocities(asNumpy=True)._value)

    @cached_property
    def clusters(self) -> Clusters:
        """Constraint clusters."""
        return Clusters.of(self.system) if self._clusters is None else self._clusters()

    @cached_property
    def forces_kj_mol_nm(self) -> FloatArray:
        """Forces, shape (n, 3), in kJ/mol/nm."""
        return np.asarray(self.context.getState(getForces=True).getForces(asNumpy=True)._value)


def scalar(cell: Simulated) -> tuple[int, ...]:
    """Return the shape of a single number."""
    return ()


def per_chain(cell: Simulated) -> tuple[int, ...]:
    """Return the shape of one number for each chain."""
    return (cell.n_chains,)


@dataclass(frozen=True)
class Observable:
    """A recorded quantity.

    Attributes:
        name: Name in stages, series and plots; with the unit at its end where it has one.
        unit: Unit, `1` for a pure number.
        read: Function of the state to a value of the observable's shape.
        shape: Function of what is simulated to the shape of one value.
        every: Record it at every so many records of a stage, where the stage does not set its own interval.
    """

    name: str
    unit: str
    read: Callable[[RecordState], ArrayLike]
    shape: Callable[[Simulated], tuple[int, ...]] = scalar
    every: int = 1

    def value(self, state: RecordState) -> FloatArray:
        """Read a value and check its shape.

        Raises:
            ValueError: It has another shape than the observable promises.
        """
        found = np.asarray(self.read(state), dtype=np.float64)
        expected = self.shape(state.cell)
        if found.shape != expected:
            raise ValueError(
                f"observable {self.name} has the shape {found.shape}, it promises {expected}; correct one of them"
            )
        return found
