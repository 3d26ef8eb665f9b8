"""What the campaign asks of a cluster, and what it hears from one."""

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
    """A running simulation tells how far it is."""

    evaluation_id: int
    progress: Progress


@dataclass(frozen=True)
class Finished:
    """A simulation has ended, well or not."""

    evaluation_id: int
    outcome: Outcome


@dataclass(frozen=True)
class Returned:
    """A simulation came back undone, through no fault of its polymer; it is to be submitted again later."""

    evaluation_id: int
    trouble: Trouble


@dataclass(frozen=True)
class Noted:
    """Something happened to the cluster that people should know."""

    text: str


Message = Progressed | Finished | Returned | Noted


class Cluster(Protocol):
    """Runs jobs at the same time and reports what becomes of them."""

    @property
    def slots(self) -> int:
        """Return how many jobs it can use at a time; it may change."""
        ...

    @property
    def dashboard(self) -> str | None:
        """Return the address of a live view, if there is one."""
        ...

    def submit(self, job: Job) -> None:
        """Start a job, or queue it."""
        ...

    def submit_calculation(self, job: CalculationJob) -> None:
        """Start a piece of a calculation beside the simulations, or queue it; its result appears in the shared folder."""
        ...

    def messages(self, timeout_s: float) -> list[Message]:
        """Return what was heard; waits at most `timeout_s` for the first message."""
        ...

    def close(self) -> Sequence[str]:
        """End every job at once, and return what people should know; what jobs wrote on disk lets them go on later."""
        ...


@runtime_checkable
class OnDask(Protocol):
    """A cluster on a Dask scheduler, whose dashboard can hold other pages."""

    @property
    def client(self) -> "distributed.Client":
        """Return the connection to the scheduler."""
        ...
