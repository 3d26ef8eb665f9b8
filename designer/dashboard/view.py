"""What the campaign page shows, as plain frozen values that can travel to another process."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from designer.report.points import Point
from surrogates import Constraint, Objective


@dataclass(frozen=True)
class RunningItem:
    """A simulation at work.

    Attributes:
        ordinal: Number of the evaluation.
        psmiles: Repeat unit, or label of another substance.
        stage: Its stage, empty before the first word of the worker.
        fraction: Share that is done, 0 to 1.
        ns_per_day: Simulated time per wall time, None before it is known.
        remaining_s: Expected time to the end in s, None before it is known.
        running_s: Time since it was first handed out in s.
        attempt: How often it was handed out.
        structures: SMILES of what its drawing shows.
    """

    ordinal: int
    psmiles: str
    stage: str
    fraction: float
    ns_per_day: float | None
    remaining_s: float | None
    running_s: float
    attempt: int
    structures: tuple[str, ...] = ()


@dataclass(frozen=True)
class WaitingItem:
    """A chosen candidate that no worker has taken yet, or that is reserved for a measurement outside.

    Attributes:
        ordinal: Number of the evaluation.
        psmiles: Repeat unit, or label of another substance.
        origin: Where it came from.
        reserved_until: When the reservation ends (s since the epoch), None without one.
    """

    ordinal: int
    psmiles: str
    origin: str
    reserved_until: float | None = None


@dataclass(frozen=True)
class FailedItem:
    """An evaluation that ended without measurements, and why."""

    ordinal: int
    psmiles: str
    kind: str
    message: str


@dataclass(frozen=True)
class View:
    """A campaign at one instant.

    Attributes:
        name: Its name.
        objectives: What it designs for.
        limits: Ranges of properties that a polymer of the front keeps.
        state: `running`, `finished` or `stopped`.
        reason: Which stop rule ended it, if one did.
        wanted: Evaluations asked for, if their number is the stop rule.
        done: Evaluations that were measured.
        failed: Evaluations that failed.
        slots: Simulations that can run at a time, None where that is not known.
        elapsed_s: Time it has been running in s, summed over restarts.
        cost: Machine time so far, in words.
        running: Simulations at work, oldest first.
        waiting: The queue.
        failures: The latest failures, newest first.
        failure_kinds: Number of failures of each kind.
        points: The latest measured polymers, oldest first.
        front: Measured polymers that no other dominates, best in the first objective first.
        growth: Numbers of finished evaluations where the dominated hypervolume rises, and its value from there on.
        initial: Evaluations that were chosen before the surrogates had a say.
        trouble: Why this view may be old, if so.
    """

    name: str
    objectives: tuple[Objective, ...]
    state: str
    limits: tuple[Constraint, ...] = ()
    reason: str | None = None
    wanted: int | None = None
    done: int = 0
    failed: int = 0
    slots: int | None = None
    elapsed_s: float = 0.0
    cost: str = ""
    running: tuple[RunningItem, ...] = ()
    waiting: tuple[WaitingItem, ...] = ()
    failures: tuple[FailedItem, ...] = ()
    failure_kinds: Mapping[str, int] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    front: tuple[Point, ...] = ()
    growth: tuple[tuple[int, float], ...] = ()
    initial: int = 0
    trouble: str | None = None

    @property
    def finished(self) -> int:
        """Return how many evaluations have ended."""
        return self.done + self.failed

    @property
    def remaining_s(self) -> float | None:
        """Return the expected time to the last evaluation, from the pace so far; None while nothing tells."""
        if self.state != "running" or self.wanted is None or not self.finished:
            return None
        return max(self.wanted - self.finished, 0) * self.elapsed_s / self.finished
