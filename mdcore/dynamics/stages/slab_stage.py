"""Base of stages at constant energy that scale the velocities of slabs."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from mdcore.dynamics.observables import STANDARD
from mdcore.dynamics.slabs import DEFAULT_SLABS, Axis, Slabs
from mdcore.dynamics.stages.base import Engine, Recorded, TimedStage

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FLOW_OBSERVABLES = (
    *STANDARD[:6], "exchanged_heat_kj_mol", *STANDARD[6:], "slab_kinetic_kj_mol", "slab_degrees_of_freedom",
)  # fmt: skip
"""What stages with slabs record by default; single numbers first, as in a series."""


class SlabStage(TimedStage):
    """Dynamics at constant energy, interrupted at an interval to scale the velocities of whole constraint clusters in slabs.

    The integrator is LFMiddle (Zhang et al. 2019, doi:10.1021/acs.jpca.9b02771) without friction: a leapfrog scheme whose velocities
    satisfy the constraints when they are scaled. Constraints are solved to a tighter tolerance than in other stages, as their error is
    the larger part of the drift of the energy.

    Attributes:
        temperature_K: Mean temperature, at which velocities are drawn if the stage begins without any.
        axis: Box vector along which the heat flows.
        n_slabs: Number of slabs, even.
        exchange_interval_ps: Time between two scalings.
        friction_per_ps: Friction of other programs that go on from this stage; the stage itself has none.
    """

    temperature_K: float = Field(gt=0)
    axis: Axis = "x"
    n_slabs: int = Field(default=DEFAULT_SLABS, ge=6, le=400)
    exchange_interval_ps: float = Field(default=0.04, gt=0)
    record_interval_ps: float = Field(default=0.2, gt=0)
    observables: tuple[Recorded, ...] = tuple(Recorded(observable=name) for name in FLOW_OBSERVABLES)

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

    @property
    def constraint_tolerance(self) -> float:
        """Relative tolerance of constrained lengths."""
        return 1e-6

    def temperature_at(self, fraction: float) -> float:
        """Return the mean temperature in K."""
        return self.temperature_K

    def integrator(self, timestep_fs: float) -> Any:
        """Return the integrator without friction."""
        import openmm

        return openmm.LangevinMiddleIntegrator(self.temperature_K, 0.0, timestep_fs * 1e-3)

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
            span_ps = portion * engine.timestep_fs * 1e-3
            elapsed_ps = (done + n_steps - left) * engine.timestep_fs * 1e-3
            changed = self.act(engine, members, velocities, box, elapsed_ps, span_ps)
            if changed is not None:
                engine.context.setVelocities(changed)

    @abstractmethod
    def act(
        self,
        engine: Engine,
        members: IntArray,
        velocities: FloatArray,
        box: FloatArray,
        elapsed_ps: float,
        span_ps: float,
    ) -> FloatArray | None:
        """Return the velocities with which to go on, or None to leave them.

        Args:
            engine: The running engine.
            members: Slab of each cluster, shape (c,).
            velocities: Shape (n, 3) in nm/ps.
            box: Shape (3, 3) in nm.
            elapsed_ps: Time since the stage began.
            span_ps: Time since the last call.
        """

    @staticmethod
    def remove_drift(engine: Engine) -> None:
        """Subtract the velocity of the centre of mass."""
        state = engine.context.getState(getVelocities=True)
        velocities = np.asarray(state.getVelocities(asNumpy=True)._value)
        engine.context.setVelocities(velocities - engine.clusters.mean_velocity_nm_ps(velocities))
