"""The steps of a simulation; their libraries are loaded in the workers."""

from typing import TYPE_CHECKING, Any

from designer.cluster.task import Step
from mdcore.chem import Failure
from mdcore.measure import SimulationResult
from mdcore.settings import SimulationSettings

if TYPE_CHECKING:
    from mdcore.substances import Substance


def whole(substance: "Substance", settings: SimulationSettings, **how: Any) -> SimulationResult | Failure:
    """Build, run and analyse, or complete what is missing."""
    from mdcore.measure import simulate

    return simulate(substance, settings, **how)


def build(substance: "Substance", settings: SimulationSettings, **how: Any) -> Failure | None:
    """Build the cell and assign its parameters."""
    from mdcore.measure import prepare

    return prepare(substance, settings, phase=0, **how)


def dynamics(substance: "Substance", settings: SimulationSettings, **how: Any) -> Failure | None:
    """Run the dynamics."""
    from mdcore.measure import prepare

    return prepare(substance, settings, phase=1, **how)


WHOLE = (Step("simulate", "MD", whole),)
"""All steps in one worker."""
PARTS = (Step("build", "CPU", build), Step("dynamics", "MD", dynamics), Step("analyse", "CPU", whole))
"""Building and analysis on CPUs, dynamics on GPUs."""
