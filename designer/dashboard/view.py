"""The content of the campaign page, as frozen values that can be sent to another process."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from designer.report.points import Point
from surrogates import Constraint, Objective


@dataclass(frozen=True)
class RunningItem:
    """A running simulation.

    Attributes:
        ordinal: Number of the evaluation.
        psmiles: Repeat unit, or label of another substance.
        stage: Its stage; empty before the first report.
        fraction: Progress, 0 to 1.
        ns_per_day: Speed in ns/day, or None.
        remaining_s: Estimated remaining time in s, or None.
        running_s: Time in s since its first submission.
        attempt: Number of submissions.
        structures: SMILES of its drawing.
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
    """A chosen candidate that waits for a worker, or that is reserved for a measurement made outside.

    Attributes:
        ordinal: Number of the evaluation.
        psmiles: Repeat unit, or label of another substance.
        origin: Its origin.
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
    """The state of a campaign at one time.

    Attributes:
        name: Its name.
        objectives: Its objectives.
        limits: Limits that polymers of the front respect.
        state: `running`, `finished` or `stopped`.
        reason: The stopping criterion that ended it, or None.
        wanted: Requested number of evaluations, if that is a stopping criterion.
        done: Number of measured evaluations.
        failed: Number of failed evaluations.
        slots: Number of parallel simulations, or None.
        elapsed_s: Running time in s, summed over restarts.
        cost: Machine time so far as text.
        running: Running simulations, oldest first.
        waiting: The queue.
        failures: The latest failures, newest first.
        failure_kinds: Number of failures of each kind.
        points: The latest measured polymers, oldest first.
        front: Non-dominated measured polymers, best in the first objective first.
        growth: Numbers of finished evaluations at which the hypervolume increases, and its value from there on.
        initial: Number of evaluations that were not chosen by surrogates.
        trouble: Why this view may be outdated, or empty.
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
        """Return the number of finished evaluations."""
        return self.done + self.failed

    @property
    def remaining_s(self) -> float | None:
        """Return the estimated time in s to the last evaluation from the rate so far, or None."""
        if self.state != "running" or self.wanted is None or not self.finished:
            return None
        return max(self.wanted - self.finished, 0) * self.elapsed_s / self.finished
