"""The interface of a cluster: what the campaign calls, and the messages that it gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from designer.cluster.job import CalculationJob, Job
from designer.cluster.task import Outcome, Trouble
from mdcore.measure import Progress

if TYPE_CHECKING:
    import distributed

__all__ = [
    "Cluster",
    "Finished",
    "Job",
    "Message",
    "Noted",
    "OnDask",
    "Progressed",
    "CalculationJob",
    "Returned",
]


@dataclass(frozen=True)
class Progressed:
    """Progress of a running simulation."""

    evaluation_id: int
    progress: Progress


@dataclass(frozen=True)
class Finished:
    """A simulation has ended, with a result or a failure."""

    evaluation_id: int
    outcome: Outcome


@dataclass(frozen=True)
class Returned:
    """A simulation was not completed because of a problem of the machine; it is to be resubmitted later."""

    evaluation_id: int
    trouble: Trouble


@dataclass(frozen=True)
class Noted:
    """A message about the cluster for the user."""

    text: str


Message = Progressed | Finished | Returned | Noted


class Cluster(Protocol):
    """Runs jobs in parallel and reports their progress and outcomes."""

    @property
    def slots(self) -> int:
        """Return the number of jobs that can run in parallel; it may change."""
        ...

    @property
    def dashboard(self) -> str | None:
        """Return the address of the dashboard, or None."""
        ...

    def submit(self, job: Job) -> None:
        """Start a job, or queue it."""
        ...

    def submit_calculation(self, job: CalculationJob) -> None:
        """Start or queue a piece of a calculation in parallel with the simulations; its result is written to the shared folder."""
        ...

    def messages(self, timeout_s: float) -> list[Message]:
        """Return the messages received; waits at most `timeout_s` for the first one."""
        ...

    def close(self) -> Sequence[str]:
        """Stop all jobs and return messages for the user; the jobs can resume from their files."""
        ...


@runtime_checkable
class OnDask(Protocol):
    """A cluster on a Dask scheduler, whose dashboard can hold other pages."""

    @property
    def client(self) -> "distributed.Client":
        """Return the connection to the scheduler."""
        ...
