"""Base of protocols that measure the transport of heat in an elongated cell."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from mdcore.chem.quantities import Picoseconds
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.mean_cell import at_mean_volume
from mdcore.dynamics.recorded import FinalState, RunRecord
from mdcore.dynamics.slabs import AXES, Axis
from mdcore.dynamics.stages import DynamicsStage
from mdcore.dynamics.supercell import supercell
from mdcore.forcefield.hydrogens import LONGEST_STEP_FS, Hydrogens, with_flexible_bonds, with_true_masses
from mdcore.protocols.base import Conditions, Protocol
from mdcore.settings.simulation import CellSettings, SimulationSettings
from mdcore.substances import Substance

_ATOMS_PER_NM3 = 100.0
"""Number density of polymers, hydrogens included: 109 in polyethylene, 97 in polystyrene, 80 with much fluorine or chlorine."""
_THINNEST_NM = 0.3
"""Thinnest slab: a carbon with its hydrogens is 0.25 nm wide."""
_CONDUCTIVITY_W_M_K = 0.2
_CAPACITY_J_CM3_K = 3.5
"""Classical heat capacity of polymers with constrained bonds to hydrogen, per volume."""


class Elongated(Protocol):
    """The equilibrated cell, repeated along one axis and scaled to the mean volume of its sampling.

    Attributes:
        axis: Axis of the heat flow.
        replicas: How often the cell is repeated along the axis; the flow goes over half of the repeated cell.
        hydrogens: Masses and bonds of hydrogens: `as_equilibrated` (constrained bonds, masses repartitioned as in the other runs),
            `true_masses` (constrained bonds) or `flexible` (harmonic bonds and true masses).
        timestep_fs: Time step; that of the section `protocol` by default, but at most 2 fs with true masses and 1 fs with flexible bonds.
        settle_ps: Time with a thermostat after the cell was repeated.
        n_slabs: Number of slabs, even.
    """

    axis: ClassVar[Axis] = "x"
    section: ClassVar[str]
    """Name of the entry in `protocols`, which all axes share."""

    replicas: int = Field(default=3, ge=1, le=20)
    hydrogens: Hydrogens = "as_equilibrated"
    timestep_fs: float = Field(default=4.0, gt=0, le=5)
    settle_ps: Picoseconds = 20.0
    n_slabs: int = Field(default=20, ge=8, le=400)

    @field_validator("n_slabs")
    @classmethod
    def _even(cls, given: int) -> int:
        if given % 2:
            raise ValueError(f"n_slabs {given} must be even")
        return given

    @model_validator(mode="after")
    def _stable(self) -> Self:
        limit = LONGEST_STEP_FS[self.hydrogens]
        if self.timestep_fs > limit:
            raise ValueError(
                f"timestep_fs {self.timestep_fs:g} is too long for hydrogens {self.hydrogens}; use at most {limit:g}"
            )
        return self

    @classmethod
    def of(cls, settings: SimulationSettings) -> Self:
        """Return the protocol with its entry in `protocols`; the time step follows the section `protocol` unless it is given."""
        given: Mapping[str, Any] = {**settings.protocols.get(cls.section, {}), **settings.protocols.get(cls.name, {})}
        hydrogens = given.get("hydrogens", "as_equilibrated")
        known = [limit for name, limit in LONGEST_STEP_FS.items() if name == hydrogens]  # the model refuses others
        step = min([settings.protocol.timestep_fs, *known])
        return cls.model_validate({"timestep_fs": step, **cls.presets.get(settings.preset, {}), **given})

    @property
    def relative_size(self) -> float:
        """Number of copies of the built cell."""
        return float(self.replicas)

    def start(self, before: RunRecord) -> FinalState:
        """Return the cell at the mean volume of the sampling."""
        return at_mean_volume(before)

    def prepared(
        self, bundle: SimulationBundle, substance: Substance, settings: SimulationSettings, seed: int
    ) -> SimulationBundle:
        """Return the repeated cell with the chosen treatment of hydrogens.

        Raises:
            UnparameterisableError: The force field has no parameters of flexible bonds.
        """
        if self.hydrogens == "true_masses":
            bundle = with_true_masses(bundle)
        elif self.hydrogens == "flexible":
            bundle = with_flexible_bonds(bundle, substance.plan(settings.cell, seed).chains, settings.force_field)
        repeats = tuple(self.replicas if axis == self.axis else 1 for axis in AXES)
        arrays = bundle.arrays
        return supercell(bundle, arrays["positions_nm"], arrays["box_nm"], (repeats[0], repeats[1], repeats[2]))

    def thermostat(self, name: str, conditions: Conditions, duration_ps: float) -> DynamicsStage:
        """Return a stage at constant volume and temperature."""
        return DynamicsStage(
            name=name,
            ensemble="nvt",
            duration_ps=duration_ps,
            temperature_K=(conditions.temperature_K, conditions.temperature_K),
            timestep_fs=self.timestep_fs,
        )

    def length_nm(self, cell: CellSettings) -> float:
        """Return the length of the repeated cell, estimated to some 5 % from the number of its atoms."""
        return self.replicas * float((cell.n_chains * cell.atoms_per_chain / _ATOMS_PER_NM3) ** (1.0 / 3.0))

    def relaxation_ps(self, cell: CellSettings) -> float:
        """Return the relaxation time of the longest wave of temperature in the repeated cell, estimated with 0.2 W/m/K."""
        diffusivity = _CONDUCTIVITY_W_M_K / _CAPACITY_J_CM3_K  # 1e-6 m2/s, which is nm2/ps
        return self.length_nm(cell) ** 2 / (4.0 * np.pi**2 * diffusivity)

    def too_short(self, cell: CellSettings) -> str | None:
        """Return in one line why the cell is too short for the slabs, or None."""
        length = self.length_nm(cell)
        if length >= _THINNEST_NM * self.n_slabs:
            return None
        return (
            f"{self.n_slabs} slabs of at least {_THINNEST_NM:g} nm need a cell of {_THINNEST_NM * self.n_slabs:.1f} nm, "
            f"but {self.replicas} x {cell.n_chains * cell.atoms_per_chain} atoms are about {length:.1f} nm long; raise "
            f"protocols.{self.section}.replicas or cell.n_chains, or lower protocols.{self.section}.n_slabs"
        )
