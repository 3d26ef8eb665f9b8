"""What every protocol is made of."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from mdcore.dynamics.stages import Stage
from mdcore.settings.base import Settings
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance


@dataclass(frozen=True)
class Conditions:
    """What all runs of a simulation share.

    Attributes:
        temperature_K: Temperature of the measurement.
        pressure_atm: Pressure of the measurement.
        hottest_K: Highest temperature that the substance is heated to.
        density_g_cm3: Estimated density, to which a grown cell is compressed.
    """

    temperature_K: float
    pressure_atm: float
    hottest_K: float
    density_g_cm3: float

    @classmethod
    def of(cls, substance: Substance, settings: SimulationSettings) -> Self:
        """Return the conditions of a simulation of a substance."""
        protocol = settings.protocol
        hottest, density = substance.hottest_k(protocol), substance.starting_density_g_cm3
        return cls(protocol.temperature_K, protocol.pressure_atm, hottest, density)


class Protocol(Settings):
    """A procedure of simulated stages: settings and plan. Each is one file and one entry in `PROTOCOLS`.

    Attributes:
        name: Registry name; its run is called so, too.
        after: Name of the protocol from whose final state it starts; None starts from a grown cell.
    """

    name: ClassVar[str]
    after: ClassVar[str | None] = "equilibrated"

    @classmethod
    def of(cls, settings: SimulationSettings) -> Self:
        """Return the protocol with the settings of a simulation: its entry in `protocols`.

        Raises:
            ValueError: They are not valid (a pydantic `ValidationError`).
        """
        return cls.model_validate(dict(settings.protocols.get(cls.name, {})))

    @abstractmethod
    def plan(self, substance: Substance, conditions: Conditions) -> tuple[Stage, ...]:
        """Lay out the stages, each with the role that its series has and the observables that it records."""
