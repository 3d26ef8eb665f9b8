"""Heat flow between a hot and a cold slab, for the thermal conductivity."""

from typing import Any, Literal, Self

import numpy as np
from pydantic import Field

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K, W_M_K_PER_INTERNAL
from mdcore.dynamics.stages.base import Engine, Role
from mdcore.dynamics.stages.slab_stage import FloatArray, SlabStage, SlabState

_POWER_TAUS = 2.0
"""The power is corrected once after so many relaxation times, from the mean profile of the second half of them."""
_REACHED = 0.767
"""Mean share of its steady value that the first Fourier mode of the profile has between one and two relaxation times."""
_CORRECTION = (0.5, 2.0)
"""Limits of the correction: the gradient of a small cell is uncertain by some 20 % at that time."""


class HeatExchangeStage(SlabStage):
    """Heat is taken from slab 0 and added to the slab in the middle, so that both halves of the cell have a gradient.

    Every exchange adds dQ = P dt to the thermal kinetic energy of the hot slab by one factor, v' = V + a (v - V) with
    a = sqrt(1 + dQ / K), and takes it from the cold slab: the heat exchange of Ikeshoji and Hafskjold (1994,
    doi:10.1080/00268979400100171) with whole constraint clusters in place of atoms. Momentum of each slab, constraints and the energy are
    conserved to rounding. The correction of the coordinates by Wirnsberger et al. (2015, doi:10.1063/1.4931597) is not applied; the drift
    of the energy that it would remove is measured with the conductivity.

    The power is P = 2 A kappa g for the conductivity guess kappa and the gradient g; it is corrected once, so that the gradient becomes g
    for the conductivity that was seen.

    Attributes:
        kind: `heat_exchange`.
        name: Name that progress, series and plots show.
        role: What the records are used for.
        gradient_K_nm: Gradient that is aimed at.
        largest_deviation: Limit of the deviation of the end temperatures from the mean, relative to the mean; it limits the gradient.
        conductivity_guess_W_m_K: Conductivity from which the first power is computed.
        adjust_power: Whether the power is corrected once.
    """

    kind: Literal["heat_exchange"] = "heat_exchange"
    name: str = "heat flow"
    role: Role = "heat_flow"
    gradient_K_nm: float = Field(default=20.0, gt=0, le=1000)
    largest_deviation: float = Field(default=0.15, gt=0, le=0.5)
    conductivity_guess_W_m_K: float = Field(default=0.2, gt=0, le=1e4)
    adjust_power: bool = True

    @classmethod
    def example(cls) -> Self:
        """Return a short flow."""
        return cls(
            duration_ps=0.4, temperature_K=300.0, timestep_fs=2.0, record_interval_ps=0.02, n_slabs=6, exchange_interval_ps=0.02,
            gradient_K_nm=1.0,
        )  # fmt: skip

    def begin(self, engine: Engine) -> None:
        """Remove the motion of the centre of mass and set the power."""
        super().begin(engine)
        if "power_kj_mol_ps" in engine.memory:  # an extension goes on
            return
        state = engine.context.getState()
        box = np.asarray(state.getPeriodicBoxVectors(asNumpy=True)._value)
        conductivity = self.conductivity_guess_W_m_K / W_M_K_PER_INTERNAL
        capacity = BOLTZMANN_KJ_MOL_K * float(engine.clusters.degrees_of_freedom.sum()) / float(np.linalg.det(box))
        engine.memory.update(
            power_kj_mol_ps=2.0 * self.slabs.area_nm2(box) * conductivity * self._gradient(box),
            exchanged_kj_mol=0.0,
            relaxation_ps=self.slabs.length_nm(box) ** 2 * capacity / (4.0 * np.pi**2 * conductivity),
            kinetic=[0.0] * self.n_slabs,
            freedom=[0.0] * self.n_slabs,
            adjusted=not self.adjust_power,
        )

    def act(self, engine: Engine, seen: SlabState) -> FloatArray | None:
        """Exchange the heat of one interval; nothing while one of the slabs has no two clusters."""
        memory, clusters, middle = engine.memory, engine.clusters, self.n_slabs // 2
        members = seen.members
        kinetic, freedom = self.slabs.thermal(clusters, members, seen.velocities)
        if not memory["adjusted"]:
            self._adjust(memory, kinetic, freedom, seen.box, seen.elapsed_ps)
        if min(freedom[0], freedom[middle]) <= 0.0:  # a slab of a dilute cell can be empty for a moment
            return None
        heat = memory["power_kj_mol_ps"] * seen.span_ps
        heated = clusters.heated(seen.velocities, members == middle, heat)
        memory["exchanged_kj_mol"] += heat
        return clusters.heated(heated, members == 0, -heat)

    def _adjust(
        self, memory: dict[str, Any], kinetic: FloatArray, freedom: FloatArray, box: FloatArray, elapsed_ps: float
    ) -> None:
        """Accumulate the temperature profile; after two relaxation times, correct the power once."""
        correct_at = _POWER_TAUS * memory["relaxation_ps"]
        if elapsed_ps <= correct_at / 2.0:
            return
        memory["kinetic"] = (np.array(memory["kinetic"]) + kinetic).tolist()
        memory["freedom"] = (np.array(memory["freedom"]) + freedom).tolist()
        if elapsed_ps < correct_at:
            return
        profile = 2.0 * np.array(memory["kinetic"]) / np.maximum(memory["freedom"], 1.0) / BOLTZMANN_KJ_MOL_K
        half, width = self.n_slabs // 2, self.slabs.length_nm(box) / self.n_slabs
        inner = np.arange(1, half)
        rise = np.polyfit(inner * width, profile[1:half], 1)[0]
        fall = np.polyfit(inner * width, profile[half + 1 :], 1)[0]
        gradient = 0.5 * (rise - fall) / _REACHED
        low, high = _CORRECTION
        factor = high if gradient <= 0.0 else min(max(self._gradient(box) / gradient, low), high)
        memory.update(power_kj_mol_ps=float(memory["power_kj_mol_ps"] * factor), adjusted=True, kinetic=[], freedom=[])

    def _gradient(self, box: FloatArray) -> float:
        """Return the gradient that is aimed at in K/nm: its ends are a quarter of the cell from the mean temperature."""
        return min(self.gradient_K_nm, 4.0 * self.largest_deviation * self.temperature_K / self.slabs.length_nm(box))
