"""Base of stages at constant energy that scale the velocities of slabs."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from mdcore.chem.quantities import Picoseconds
from mdcore.dynamics.observables import STANDARD
from mdcore.dynamics.slabs import DEFAULT_SLABS, Axis, Slabs
from mdcore.dynamics.stages.base import Engine, Recorded
from mdcore.dynamics.stages.conserving import ConservingStage

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FLOW_OBSERVABLES = (
    *STANDARD[:6], "exchanged_heat_kj_mol", *STANDARD[6:], "slab_kinetic_kj_mol", "slab_degrees_of_freedom",
)  # fmt: skip
"""What stages with slabs record by default; single numbers first, as in a series."""


@dataclass(frozen=True)
class SlabState:
    """What a stage sees when it may scale velocities.

    Attributes:
        members: Slab of each cluster, shape (c,).
        velocities: Velocities of the n atoms in nm/ps, shape (n, 3).
        box: Box vectors in nm, shape (3, 3).
        elapsed_ps: Time since the stage began.
        span_ps: Time since the last call.
    """

    members: IntArray
    velocities: FloatArray
    box: FloatArray
    elapsed_ps: float
    span_ps: float


class SlabStage(ConservingStage):
    """Dynamics at constant energy, interrupted at an interval to scale the velocities of whole constraint clusters in slabs.

    The velocities of the integrator satisfy the constraints when they are scaled.

    Attributes:
        axis: Box vector along which the heat flows.
        n_slabs: Number of slabs, even.
        exchange_interval_ps: Time between two scalings.
    """

    axis: Axis = "x"
    n_slabs: int = Field(default=DEFAULT_SLABS, ge=6, le=400)
    exchange_interval_ps: Picoseconds = 0.04
    record_interval_ps: Picoseconds = 0.2
    observables: tuple[Recorded, ...] = tuple(Recorded(observable=name) for name in FLOW_OBSERVABLES)

    digested: ClassVar[tuple[str, ...]] = (
        "kind", "name", "role", "duration_ps", "temperature_K", "timestep_fs", "axis",
    )  # fmt: skip

    @field_validator("n_slabs")
    @classmethod
    def _even(cls, given: int) -> int:
        if given % 2:
            raise ValueError(f"n_slabs {given} must be even: the hot slab is in the middle between two cold ones")
        return given

    @property
    def slabs(self) -> Slabs:
        """The slabs."""
        return Slabs(self.axis, self.n_slabs)

    def advance(self, engine: Engine, done: int, n_steps: int) -> None:
        """Run the steps in portions of the exchange interval, and scale velocities after each of them."""
        every = max(1, round(self.exchange_interval_ps * 1e3 / engine.timestep_fs))
        left = n_steps
        while left:
            portion = min(every, left)
            engine.step(portion)
            left -= portion
            state = engine.context.getState(getPositions=True, getVelocities=True)
            positions = np.asarray(state.getPositions(asNumpy=True)._value)
            velocities = np.asarray(state.getVelocities(asNumpy=True)._value)
            box = np.asarray(state.getPeriodicBoxVectors(asNumpy=True)._value)
            members = self.slabs.members(engine.clusters, positions, box)
            step_ps = engine.timestep_fs * 1e-3
            seen = SlabState(members, velocities, box, (done + n_steps - left) * step_ps, portion * step_ps)
            changed = self.act(engine, seen)
            if changed is not None:
                engine.context.setVelocities(changed)

    @abstractmethod
    def act(self, engine: Engine, seen: SlabState) -> FloatArray | None:
        """Return the velocities with which to go on, shape (n, 3) in nm/ps, or None to leave them."""

    def begin(self, engine: Engine) -> None:
        """Subtract the velocity of the centre of mass."""
        state = engine.context.getState(getVelocities=True)
        velocities = np.asarray(state.getVelocities(asNumpy=True)._value)
        engine.context.setVelocities(velocities - engine.clusters.mean_velocity_nm_ps(velocities))
