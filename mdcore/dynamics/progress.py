"""Progress of a simulation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Progress of one simulation.

    Attributes:
        stage: Name of the current stage; that of the task outside of dynamics, such as building.
        fraction: Completed fraction of the whole simulation, 0 to 1.
        stage_fraction: Completed fraction of the stage, 0 to 1.
        ns_per_day: Recent speed, or None before it is known.
        remaining_s: Expected wall time to the end in s, or None before it is known.
    """

    stage: str
    fraction: float
    stage_fraction: float
    ns_per_day: float | None = None
    remaining_s: float | None = None
