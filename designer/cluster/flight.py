"""A job under way on a Dask scheduler."""

from dataclasses import dataclass, field
from typing import Any

import distributed

from designer.cluster.job import Job

FURTHER = 0.01
"""Fraction of a simulation that counts as progress."""


@dataclass
class Flight:
    """A job under way: its step, its present submission and its cost.

    Attributes:
        job: The job.
        step: Index of its present step.
        run: Number of its present submission.
        future: That submission; None once it is lost together with its scheduler.
        begun: Whether a worker has begun it.
        furthest: Largest fraction of the present step that was reported.
        advanced: Whether the present submission has made progress.
        deaths: Workers that died while they ran it, one after the other without progress.
        losses: Workers lost in a row while it was assigned to them, for any reason, begun or not.
        started: How often it had been started in its folder when it was submitted.
        worker: Address of the worker that runs it.
        folder: Its folder on that worker.
        fetched_at: When its files were last copied from there (monotonic clock, s).
        seconds: Time spent in s, by resource.
    """

    job: Job
    step: int = 0
    run: int = 0
    future: "distributed.Future[Any] | None" = None
    begun: bool = False
    furthest: float = 0.0
    advanced: bool = False
    deaths: int = 0
    losses: int = 0
    started: int = -1
    worker: str | None = None
    folder: str | None = None
    fetched_at: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)

    def reached(self, fraction: float) -> None:
        """Count a reported fraction of the present step."""
        if fraction >= self.furthest + FURTHER:
            self.furthest, self.advanced = fraction, True

    def died(self, *, begun: bool, ended: bool) -> None:
        """Count the loss of its worker.

        Args:
            begun: Whether the job had begun there.
            ended: Whether the worker was ended from outside, for example by a time limit.
        """
        if self.advanced:
            # A job that makes progress does not kill its workers: their time is limited, or their machines come and go.
            self.deaths = self.losses = 0
        else:
            self.deaths += begun and not ended
            self.losses += 1
