"""Decay of a temperature difference between two halves of a cell, for the thermal diffusivity."""

from typing import Literal, Self

from pydantic import model_validator

from mdcore.chem.quantities import Picoseconds
from mdcore.dynamics.stages.base import Engine, Role
from mdcore.dynamics.stages.slab_stage import FloatArray, SlabStage, SlabState


class TemperatureStepStage(SlabStage):
    """One half of the cell is heated and the other one cooled, then both come to equilibrium at constant energy.

    Approach to equilibrium of Lampin et al. (2013, doi:10.1063/1.4815945): during `heat_ps` the velocities of the whole constraint clusters
    in each half are scaled to its temperature again and again, so that the potential energy follows; afterwards nothing is scaled.

    Attributes:
        kind: `temperature_step`.
        name: Name that progress, series and plots show.
        role: What the records are used for.
        difference_K: What the first half along the axis is above the mean temperature, and the second half below it; may be negative.
        heat_ps: Time for which the difference is kept.
    """

    kind: Literal["temperature_step"] = "temperature_step"
    name: str = "decay"
    role: Role = "decay"
    difference_K: float = 50.0
    heat_ps: Picoseconds = 2.0
    record_interval_ps: Picoseconds = 0.1
    exchange_interval_ps: Picoseconds = 0.1

    @model_validator(mode="after")
    def _decays(self) -> "TemperatureStepStage":
        if self.heat_ps >= self.duration_ps:
            raise ValueError(f"heat_ps {self.heat_ps:g} must be shorter than duration_ps {self.duration_ps:g}")
        if not 0.0 < abs(self.difference_K) < self.temperature_K:
            raise ValueError(
                f"difference_K {self.difference_K:g} must not be 0, and smaller than temperature_K {self.temperature_K:g}"
            )
        return self

    @classmethod
    def example(cls) -> Self:
        """Return a short decay."""
        return cls(
            duration_ps=0.4, heat_ps=0.1, temperature_K=300.0, timestep_fs=2.0, record_interval_ps=0.02, n_slabs=6,
            exchange_interval_ps=0.02,
        )  # fmt: skip

    def act(self, engine: Engine, seen: SlabState) -> FloatArray | None:
        """Scale both halves to their temperatures while they are kept."""
        if seen.elapsed_ps > self.heat_ps + 1e-9:
            return None
        first = seen.members < self.n_slabs // 2
        clusters = engine.clusters
        warmed = clusters.thermalised(seen.velocities, first, self.temperature_K + self.difference_K)
        return clusters.thermalised(warmed, ~first, self.temperature_K - self.difference_K)
