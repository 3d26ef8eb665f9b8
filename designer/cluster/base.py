"""What the campaign asks of a cluster, and what it hears from one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from designer.cluster.task import Outcome
from mdcore.simulate import Progress

if TYPE_CHECKING:
    from designer.dashboard.watcher import Watcher


@dataclass(frozen=True)
class Job:
    """One simulation to run.

    Attributes:
        evaluation_id: Identity in the store.
        label: How messages and the dashboard call it.
        psmiles: The repeat unit.
        settings: Simulation settings in JSON types.
        seed: Seed of the simulation.
        folder: Where it works and resumes, reachable by every worker.
        properties: What it measures.
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


Message = Progressed | Finished


class Cluster(Protocol):
    """Runs jobs at the same time and reports what becomes of them."""

    @property
    def slots(self) -> int:
        """Return how many jobs run at a time."""
        ...

    @property
    def dashboard(self) -> str | None:
        """Return the address of a live view, if there is one."""
        ...

    def submit(self, job: Job) -> None:
        """Start a job, or queue it."""
        ...

    def submit_refractions(self, job: RefractionsJob) -> None:
        """Start quantum chemistry beside the simulations, or queue it; its result appears in the job's folder."""
        ...

    def messages(self, timeout_s: float) -> list[Message]:
        """Return what was heard; waits at most `timeout_s` for the first message."""
        ...

    def close(self) -> None:
        """End every job at once; what they wrote on disk lets them go on later."""
        ...


@runtime_checkable
class ShowsCampaign(Protocol):
    """A cluster whose dashboard can hold the campaign page."""

    def show(self, watcher: "Watcher") -> str | None:
        """Add the page to the dashboard; returns its address, None where the cluster has no dashboard."""
        ...
