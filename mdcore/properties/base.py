"""What every property is made of: a specification, what it needs, how it is estimated, and what it refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.optics import OpticsSettings
    from mdcore.properties.evidence import Evidence
    from mdcore.settings import SimulationSettings
    from mdcore.substances import Substance

EQUILIBRATED = "equilibrated"
"""Protocol of the run that most properties are measured in: equilibration, cooling, sampling."""


@dataclass(frozen=True)
class Needs:
    """What a property is estimated from.

    Attributes:
        runs: Names of protocols; runs of one protocol are shared by all properties of a simulation.
        calculations: Names of calculations beside the dynamics.
        properties: Names of other properties whose estimates it uses, with all that they need.
    """

    runs: tuple[str, ...] = ()
    calculations: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """What a property is asked of.

    Attributes:
        settings: The simulation.
        optics: Settings of the molar refractions.
        substance: What is simulated; None where it is not known yet, as when a configuration is checked.
    """

    settings: "SimulationSettings"
    optics: "OpticsSettings"
    substance: "Substance | None" = None


def refuses_nothing(request: Request) -> str | None:
    """Return None: the property can be measured in every simulation."""
    return None


@dataclass(frozen=True)
class Property:
    """One property that simulations measure. Each is one file and one entry in `MEASURED`.

    Attributes:
        spec: Name, unit, labels, ranges, default error.
        estimate: Takes the evidence and returns the value in the unit of `spec` with its error.
        needs: What it is estimated from.
        refuses: Returns why it cannot be measured in a simulation, in one line with the remedy, or None.
    """

    spec: PropertySpec
    estimate: "Callable[[Evidence], Estimate]"
    needs: Needs = Needs(runs=(EQUILIBRATED,))
    refuses: Callable[[Request], str | None] = refuses_nothing

    @property
    def name(self) -> str:
        """Registry name."""
        return self.spec.name
