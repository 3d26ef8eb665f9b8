"""The parts of a simulation; the libraries behind them are loaded where they run."""

from typing import Any

from designer.cluster.task import Stage
from mdcore.chem import Failure, RepeatUnit
from mdcore.measure import SimulationResult
from mdcore.settings import SimulationSettings


def whole(unit: RepeatUnit, settings: SimulationSettings, **how: Any) -> SimulationResult | Failure:
    """Build, run and analyse, or do what is left of that."""
    from mdcore.measure import simulate

    return simulate(unit, settings, **how)


def build(unit: RepeatUnit, settings: SimulationSettings, **how: Any) -> Failure | None:
    """Build the cell and assign its parameters."""
    from mdcore.measure import prepare

    return prepare(unit, settings, through="build", **how)


def dynamics(unit: RepeatUnit, settings: SimulationSettings, **how: Any) -> Failure | None:
    """Run the dynamics."""
    from mdcore.measure import prepare

    return prepare(unit, settings, through="dynamics", **how)


WHOLE = (Stage("simulate", "MD", whole),)
"""Everything in one worker."""
PARTS = (Stage("build", "CPU", build), Stage("dynamics", "MD", dynamics), Stage("analyse", "CPU", whole))
"""Building and analysis on processors, dynamics on GPUs."""
