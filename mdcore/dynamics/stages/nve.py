"""Dynamics at constant energy."""

from collections.abc import Callable
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from mdcore.chem.errors import SimulationExploded
from mdcore.dynamics.stages.base import Engine, Role
from mdcore.dynamics.stages.conserving import ConservingStage
from mdcore.dynamics.stages.frame_settings import FrameSettings
from mdcore.dynamics.statistics import energy_drift

_SIGNIFICANT = 3.0
"""A drift fails a run if it exceeds the limit by this number of standard errors: those of a short stage are large."""
_NEEDED = ("potential_kj_mol", "kinetic_kj_mol")


class NVEStage(ConservingStage):
    """Dynamics at constant volume and energy, for spectra and correlation functions.

    A stage with the same masses that has a thermostat should come before, because the kinetic energy of velocities that were drawn
    flows into the potential energy.

    Attributes:
        kind: `nve`.
        name: Name that progress, series and plots show.
        role: What the records are used for.
        max_drift: Limit of the drift of the total energy over the stage, relative to twice the mean kinetic energy, which is about
            the relative change of the temperature; a drift that is larger by three standard errors fails the run.
    """

    kind: Literal["nve"] = "nve"
    name: str = "constant energy"
    role: Role = "vibrations"
    max_drift: float = Field(default=0.01, gt=0)

    digested: ClassVar[tuple[str, ...]] = ("kind", "name", "role", "duration_ps", "temperature_K", "timestep_fs")

    @model_validator(mode="after")
    def _drift_is_recorded(self) -> "NVEStage":
        every = [one.observable for one in self.observables if self.interval(one) == 1]
        if missing := [name for name in _NEEDED if name not in every]:
            raise ValueError(
                f"stage {self.name!r} tests the drift of the energy, which needs {', '.join(missing)} at every record; add "
                "it to observables"
            )
        return self

    @classmethod
    def example(cls) -> Self:
        """Return a short stage."""
        return cls(
            duration_ps=0.2,
            temperature_K=300.0,
            timestep_fs=1.0,
            record_interval_ps=0.02,
            frames=FrameSettings(interval_ps=0.004, positions=False),
        )

    def steer(self, engine: Engine, done: int, n_steps: int) -> None:
        """Do nothing: there is no thermostat."""

    def finish(self, rows: Callable[[str], NDArray[np.float64]]) -> None:
        """Check the drift of the energy.

        Raises:
            SimulationExploded: It is above its limit.
        """
        drift, error = energy_drift(*(rows(name) for name in _NEEDED))
        if not abs(drift) - _SIGNIFICANT * error <= self.max_drift:
            raise SimulationExploded(
                f"the energy drifts by {drift:+.2%} of twice the kinetic energy in stage {self.name!r}, the limit is "
                f"{self.max_drift:.2%}; lower timestep_fs {self.timestep_fs:g} or raise the precision of the platform"
            )
