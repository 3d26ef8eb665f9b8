"""How far a simulation is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Progress of one simulation.

    Attributes:
        stage: Name of the current stage.
        fraction: Share of the whole simulation that is done, 0 to 1.
        stage_fraction: Share of the stage that is done, 0 to 1.
        ns_per_day: Simulated time per wall time of late, or None before it is known.
        remaining_s: Expected wall time to the end in s, or None before it is known.
    """

    stage: str
    fraction: float
    stage_fraction: float
    ns_per_day: float | None = None
    remaining_s: float | None = None
