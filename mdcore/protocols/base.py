"""Interface of protocols."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.recorded import FinalState, RunRecord
from mdcore.dynamics.stages import Stage
from mdcore.settings.base import Settings
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance


@dataclass(frozen=True)
class Conditions:
    """Conditions common to all runs of a simulation.

    Attributes:
        temperature_K: Temperature of the measurement.
        pressure_atm: Pressure of the measurement.
        hottest_K: Highest temperature of the simulation.
        density_g_cm3: Estimated density, to which a grown cell is compressed.
        glass_transition_K: Known or estimated glass transition; None for a substance that does not form a glass.
    """

    temperature_K: float
    pressure_atm: float
    hottest_K: float
    density_g_cm3: float
    glass_transition_K: float | None = None

    @classmethod
    def of(cls, substance: Substance, settings: SimulationSettings) -> Self:
        """Return the conditions of a simulation of a substance."""
        protocol = settings.protocol
        hottest, density = substance.hottest_k(protocol), substance.starting_density_g_cm3
        transition = substance.glass_transition_k(protocol.glass_transition_K)
        glass = None if transition is None else transition[0]
        return cls(protocol.temperature_K, protocol.pressure_atm, hottest, density, glass)


class Protocol(Settings):
    """A sequence of simulation stages: settings and plan. Each is one file and one entry in `PROTOCOLS`.

    Attributes:
        name: Registry name, also used for its run.
        after: Name of the protocol whose final state it starts from; None starts from a grown cell.
        presets: Settings by the preset of the simulation, where they differ from the defaults of the fields. A value that was released
            must not change, as a stored request names only the preset.
    """

    name: ClassVar[str]
    after: ClassVar[str | None] = "equilibrated"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @classmethod
    def of(cls, settings: SimulationSettings) -> Self:
        """Return the protocol with the settings of a simulation: its entry in `protocols` over those of the preset.

        Raises:
            ValueError: The settings are invalid (a pydantic `ValidationError`).
        """
        return cls.model_validate({**cls.presets.get(settings.preset, {}), **settings.protocols.get(cls.name, {})})

    @property
    def relative_size(self) -> float:
        """Number of atoms of the run relative to the built cell, for the estimate of its cost."""
        return 1.0

    def start(self, before: RunRecord) -> FinalState:
        """Return the cell from which the run starts, given the finished run of `after`: its last configuration."""
        return before.final

    def prepared(
        self, bundle: SimulationBundle, substance: Substance, settings: SimulationSettings, seed: int
    ) -> SimulationBundle:
        """Return the bundle of the run, given that of `after` with the start positions: for example a supercell of it.

        Args:
            bundle: System, atoms and settings of the run before, positions and box from `start`.
            substance: The substance.
            settings: Settings of the simulation.
            seed: Seed of the simulation.
        """
        return bundle

    @abstractmethod
    def plan(self, substance: Substance, conditions: Conditions) -> tuple[Stage, ...]:
        """Return the stages, each with the role of its series and the observables to record."""
