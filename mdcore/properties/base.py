"""Interface of properties: specification, needs, estimator, refusals."""

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
"""Protocol of the run used for most properties: equilibration, cooling, sampling."""


@dataclass(frozen=True)
class Needs:
    """Input needed to estimate a property.

    Attributes:
        runs: Names of protocols; runs of one protocol are shared by all properties of a simulation.
        calculations: Names of calculations other than dynamics.
        properties: Names of other properties whose estimates it uses; their needs are included.
        runs_of: Function of the settings that returns the names of further protocols, where they are a choice of the user.
    """

    runs: tuple[str, ...] = ()
    calculations: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    runs_of: "Callable[[SimulationSettings], tuple[str, ...]] | None" = None

    def all_runs(self, settings: "SimulationSettings") -> tuple[str, ...]:
        """Return the names of all protocols that are needed with these settings."""
        return self.runs if self.runs_of is None else (*self.runs, *self.runs_of(settings))


@dataclass(frozen=True)
class Request:
    """Simulation for which a property is requested.

    Attributes:
        settings: Settings of the simulation.
        optics: Settings of the molar refractions.
        substance: The substance; None if it is not known yet, for example when a configuration is validated.
    """

    settings: "SimulationSettings"
    optics: "OpticsSettings"
    substance: "Substance | None" = None


def refuses_nothing(request: Request) -> str | None:
    """Return None: the property can be measured in every simulation."""
    return None


@dataclass(frozen=True)
class Property:
    """A property measured by simulation. Each is one file and one entry in `MEASURED`.

    Attributes:
        spec: Name, unit, labels, ranges, default error.
        estimate: Function of the evidence that returns the value in the unit of `spec` with its error.
        needs: Input of the estimate.
        refuses: Function that returns, in one line with the remedy, why it cannot be measured in a simulation, or None.
    """

    spec: PropertySpec
    estimate: "Callable[[Evidence], Estimate]"
    needs: Needs = Needs(runs=(EQUILIBRATED,))
    refuses: Callable[[Request], str | None] = refuses_nothing

    @property
    def name(self) -> str:
        """Registry name."""
        return self.spec.name
