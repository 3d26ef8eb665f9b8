"""Decays of a temperature difference in an elongated cell, for the thermal diffusivity."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from mdcore.chem.quantities import Kelvin, Picoseconds
from mdcore.dynamics.stages import Stage, TemperatureStepStage
from mdcore.protocols.base import Conditions
from mdcore.protocols.elongated import Elongated
from mdcore.settings.simulation import CellSettings
from mdcore.substances import Substance

_NEEDED_TAUS = 1.2
"""Relaxation times that a decay must cover to be told from its noise."""


class ApproachToEquilibrium(Elongated):
    """Several decays with opposite signs, each after a thermostat; see `mdcore.dynamics.stages.temperature_step`.

    Attributes:
        n_decays: Number of decays; the hot half alternates, so that a drift of the profile cancels.
        decay_ps: Time of each decay after its heating.
        heat_ps: Time for which the difference is kept.
        rest_ps: Time with a thermostat before each decay.
        difference_K: Deviation of each half from the mean temperature.
    """

    name: ClassVar[str] = "approach_to_equilibrium"
    section: ClassVar[str] = "approach_to_equilibrium"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"settle_ps": 6.0, "decay_ps": 26.0, "n_slabs": 12},
        "accurate": {"replicas": 2, "n_decays": 8},
    }

    n_decays: int = Field(default=4, ge=2, le=100)
    decay_ps: Picoseconds = 250.0
    heat_ps: Picoseconds = 3.0
    rest_ps: Picoseconds = 1.0
    difference_K: Kelvin = 50.0

    def plan(self, substance: Substance, conditions: Conditions) -> tuple[Stage, ...]:
        """Return the stages; decays have the role `decay`."""
        stages: list[Stage] = [self.thermostat("settle", conditions, self.settle_ps)]
        for number in range(self.n_decays):
            if number:
                stages.append(self.thermostat(f"rest {number}", conditions, self.rest_ps))
            stages.append(
                TemperatureStepStage(
                    name=f"decay {number + 1}",
                    duration_ps=self.heat_ps + self.decay_ps,
                    heat_ps=self.heat_ps,
                    # At low temperatures the cold half must keep some kinetic energy.
                    difference_K=(-1) ** number * min(self.difference_K, 0.5 * conditions.temperature_K),
                    temperature_K=conditions.temperature_K,
                    timestep_fs=self.timestep_fs,
                    axis=self.axis,
                    n_slabs=self.n_slabs,
                )
            )
        return tuple(stages)

    def too_brief(self, cell: CellSettings) -> str | None:
        """Return in one line why the decays are too short for the length of the cell, or None."""
        needed = _NEEDED_TAUS * self.relaxation_ps(cell)
        if self.decay_ps >= needed:
            return None
        return (
            f"decays of {self.decay_ps:g} ps are too short for a cell of about {self.length_nm(cell):.1f} nm, which relaxes in "
            f"{self.relaxation_ps(cell):.0f} ps; raise protocols.{self.section}.decay_ps to {needed:.0f} or lower its replicas"
        )
