"""What is simulated."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from designer.cluster.watch import HangLimits

NO_HURRY = HangLimits(factor=20.0, at_least_s=3600.0, attempts=2)


@dataclass(frozen=True)
class Job:
    """One simulation to run.

    Attributes:
        evaluation_id: Identity in the store.
        label: How messages and the dashboard call it.
        psmiles: The repeat unit.
        settings: Simulation settings in JSON types.
        seed: Seed of the simulation.
        folder: Where it works and resumes; workers reach it, or get its files.
        properties: What it measures.
        hang: When it counts as hung.
        optics: Settings of the molar refractions in JSON types; None means increments.
        optics_folder: Where the DFT tier keeps its results, shared by all jobs of a campaign.
    """

    evaluation_id: int
    label: str
    psmiles: str
    settings: dict[str, Any]
    seed: int
    folder: Path
    properties: tuple[str, ...]
    hang: HangLimits = NO_HURRY
    optics: dict[str, Any] | None = None
    optics_folder: Path | None = None


@dataclass(frozen=True)
class RefractionsJob:
    """Molar refractions of one repeat unit, to be computed beside its simulation.

    Attributes:
        label: How the dashboard calls it.
        psmiles: The repeat unit.
        optics: Settings of the molar refractions in JSON types.
        folder: Where the result is kept and the simulation's analysis looks for it.
    """

    label: str
    psmiles: str
    optics: dict[str, Any]
    folder: Path
