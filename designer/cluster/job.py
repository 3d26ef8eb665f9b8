"""Jobs of a cluster: simulations and calculations."""

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
        label: Name in messages and in the dashboard.
        substance: What is simulated, in JSON types; see `mdcore.substances.substance_of`.
        settings: Simulation settings in JSON types.
        seed: Seed of the simulation.
        folder: Working folder, in which it resumes; shared with the workers, or sent to them.
        properties: Properties to measure.
        hang: Detection of a hung simulation.
        optics: Settings of the molar refractions in JSON types; None means increments.
        shared: Folder of results of calculations, shared by all jobs of a campaign.
    """

    evaluation_id: int
    label: str
    substance: dict[str, Any]
    settings: dict[str, Any]
    seed: int
    folder: Path
    properties: tuple[str, ...]
    hang: HangLimits = NO_HURRY
    optics: dict[str, Any] | None = None
    shared: Path | None = None


@dataclass(frozen=True)
class CalculationJob:
    """One piece of a calculation, to be computed beside the simulation that needs it.

    Attributes:
        label: Name in the dashboard.
        calculation: Registry name of the calculation.
        settings: Simulation settings in JSON types.
        optics: Settings of the molar refractions in JSON types.
        key: Key of the piece.
        subject: Key of the repeat unit or substance.
        document: Input of the calculation, in JSON types.
        shared: Folder of results, where the simulation's analysis looks for it.
    """

    label: str
    calculation: str
    settings: dict[str, Any]
    optics: dict[str, Any]
    key: str
    subject: str
    document: dict[str, Any]
    shared: Path
