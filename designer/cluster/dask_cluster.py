"""Jobs as tasks of a Dask scheduler."""

import dataclasses
import os
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import distributed

from designer.cluster.base import Finished, Job, Message, Progressed, RefractionsJob
from designer.cluster.task import Outcome, SimulateFunction, run_job, run_refractions
from mdcore.chem import Failure
from mdcore.simulate import Progress, simulate

if TYPE_CHECKING:
    from designer.dashboard.attach import AttachedPage
    from designer.dashboard.watcher import Watcher

TOPIC = "polymer-designer-progress"


def dask_task(job: Job, simulate: SimulateFunction) -> Outcome:
    """Run a job inside a Dask worker, sending progress through the scheduler."""
    worker = distributed.get_worker()

    def report(progress: Progress) -> None:
        worker.log_event(TOPIC, {"evaluation_id": job.evaluation_id, "progress": dataclasses.asdict(progress)})

    with _output_to(job.folder / "output.log"):
        return run_job(
            job.psmiles,
            job.settings,
            job.seed,
            job.folder,
            job.properties,
            simulate,
            report,
            job.optics,
            job.optics_folder,
        )


def refractions_task(job: RefractionsJob) -> str | None:
    """Compute molar refractions inside a Dask worker."""
    with _output_to(job.folder / "output.log"):
        return run_refractions(job.psmiles, job.optics, job.folder)


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what libraries print, in Python or below it, to a file; a worker process has one simulation at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = os.dup(1), os.dup(2)
    with path.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        try:
            yield
        finally:
            for number, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, number)
                os.close(copy)


class DaskCluster:
    """A `Cluster` on a Dask scheduler.

    Args:
        client: Connected client.
        slots: Jobs at a time.
        close: Ends what was started for the client.
        simulate: What a worker calls; the real simulation unless a test replaces it.
    """

    def __init__(
        self,
        client: distributed.Client,
        slots: int,
        close: Callable[[], None],
        simulate: SimulateFunction = simulate,
    ) -> None:
        self._client = client
        self._slots = slots
        self._close = close
        self._simulate = simulate
        self._heard: queue.Queue[Message] = queue.Queue()
        # A future that nobody holds is cancelled by Dask.
        self._futures: dict[int, distributed.Future[Outcome]] = {}
        self._beside: set[distributed.Future[str | None]] = set()
        self._page: AttachedPage | None = None
        client.subscribe_topic(TOPIC, self._on_event)

    @property
    def slots(self) -> int:
        """Return how many jobs run at a time."""
        return self._slots

    @property
    def dashboard(self) -> str | None:
        """Return the address of the Dask dashboard."""
        return str(self._client.dashboard_link) or None

    def show(self, watcher: "Watcher") -> str | None:
        """Add the campaign page to the Dask dashboard; returns its address, None where there is no dashboard."""
        from designer.dashboard.attach import AttachedPage

        if self.dashboard is None:
            return None
        self._page = AttachedPage(self._client, watcher)
        return self._page.url

    def submit(self, job: Job) -> None:
        """Hand a job to the scheduler, which restarts it elsewhere when its worker is lost."""
        future = self._client.submit(
            dask_task, job, self._simulate, key=f"{job.label}-{job.evaluation_id}-{time.monotonic_ns()}", pure=False
        )
        self._futures[job.evaluation_id] = future
        future.add_done_callback(lambda done: self._on_done(job.evaluation_id, done))

    def submit_refractions(self, job: RefractionsJob) -> None:
        """Hand quantum chemistry to the scheduler; a simulation that needs it first computes it itself."""
        future = self._client.submit(refractions_task, job, key=f"{job.label}-optics-{time.monotonic_ns()}", pure=False)
        self._beside.add(future)
        future.add_done_callback(self._beside.discard)

    def messages(self, timeout_s: float) -> list[Message]:
        """Return what was heard; waits at most `timeout_s` for the first message."""
        heard = []
        try:
            heard.append(self._heard.get(timeout=timeout_s))
            while True:
                heard.append(self._heard.get_nowait())
        except queue.Empty:
            return heard

    def close(self) -> None:
        """End every job, the workers and the scheduler."""
        self._futures.clear()
        self._beside.clear()
        if self._page is not None:
            self._page.close()
        self._close()

    def _on_event(self, event: tuple[float, dict[str, Any]]) -> None:
        _, content = event
        self._heard.put(Progressed(content["evaluation_id"], Progress(**content["progress"])))

    def _on_done(self, evaluation_id: int, future: distributed.Future[Outcome]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        outcome = future.result() if error is None else Outcome(_as_failure(error), "unknown", 0.0)
        self._futures.pop(evaluation_id, None)
        self._heard.put(Finished(evaluation_id, outcome))


def _as_failure(error: BaseException) -> Failure:
    if isinstance(error, distributed.KilledWorker):
        return Failure("worker", "its worker died at every attempt; see the log of the evaluation's folder")
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return Failure("internal", text)
