"""Compression of a cell to a given density."""

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from mdcore.chem.box import mean_edge
from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.chem.quantities import Kelvin, PerPicosecond, Picoseconds
from mdcore.dynamics.stages.base import Engine, Role, TimedStage


class CompressStage(TimedStage):
    """Deterministic compression: the box and all positions are scaled in small steps while Langevin dynamics runs.

    Attributes:
        kind: `compress`.
        name: Name that progress, series and plots show.
        role: What the records are used for.
        density_g_cm3: Density to reach; a cell that is already denser stays as it is.
        duration_ps: Time over which the density grows, its logarithm linear in time.
        temperature_K: Temperature of the dynamics.
        timestep_fs: Integration step.
        friction_per_ps: Langevin friction.
        record_interval_ps: Time between records, and between scalings of the box.
        observables: What is recorded; see `TimedStage`.
        max_extensions: See `TimedStage`.
        check_convergence: See `TimedStage`.
    """

    kind: Literal["compress"] = "compress"
    name: str = "compress"
    role: Role = "compression"
    density_g_cm3: float = Field(gt=0)
    temperature_K: Kelvin
    friction_per_ps: PerPicosecond = 5.0
    record_interval_ps: Picoseconds = 0.1

    digested: ClassVar[tuple[str, ...]] = (
        "kind", "name", "density_g_cm3", "duration_ps", "temperature_K", "timestep_fs", "friction_per_ps",
    )  # fmt: skip

    @classmethod
    def example(cls) -> Self:
        """Return a short compression to a low density."""
        return cls(density_g_cm3=0.12, duration_ps=0.2, temperature_K=300.0, timestep_fs=2.0, record_interval_ps=0.02)

    def temperature_at(self, fraction: float) -> float:
        """Return the temperature of the thermostat in K."""
        return self.temperature_K

    def steer(self, engine: Engine, done: int, n_steps: int) -> None:
        """Shrink box and positions so that the target density is reached with the last scaling, at a constant rate."""
        super().steer(engine, done, n_steps)
        state = engine.context.getState(getPositions=True)
        box = np.asarray(state.getPeriodicBoxVectors(asNumpy=True)._value)
        edge = mean_edge(box)
        target = (engine.mass_amu * DALTON_PER_NM3_TO_G_CM3 / self.density_g_cm3) ** (1.0 / 3.0)
        if target >= edge:
            return
        scalings_left = -(-(engine.n_steps - done) // n_steps)
        factor = (target / edge) ** (1.0 / scalings_left)
        engine.context.setPeriodicBoxVectors(*(box * factor))
        engine.context.setPositions(np.asarray(state.getPositions(asNumpy=True)._value) * factor)
        engine.context.applyConstraints(1e-6)
