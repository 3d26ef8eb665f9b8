"""Jobs as tasks of a Dask scheduler."""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import distributed

from designer.cluster.base import CalculationJob, Finished, Job, Message, Noted, Progressed, Returned
from designer.cluster.connection import Connection
from designer.cluster.flight import Flight
from designer.cluster.submission import Submission
from designer.cluster.task import Outcome, Trouble
from designer.cluster.transfer import Transfer
from designer.cluster.way import Way
from designer.cluster.worker import MOVED, TOPIC, started
from mdcore.chem import Failure
from mdcore.measure import Progress, SimulationResult

GPU_PLATFORMS = ("CUDA", "HIP", "OpenCL")
MOST_LOSSES = 50
"""Maximum number of workers that a job may lose in a row without progress, for whatever reason and whether or not it had begun there."""


class DaskCluster:
    """A `Cluster` on a Dask scheduler: it decides how a job continues when its task or its worker ends.

    Args:
        client: A connection to the scheduler.
        way: How jobs run there.
        close: Ends the present connection and what was started for it.
        connect: Makes a new connection when the old one is lost.
        tend: Called regularly with the number of jobs whose present step needs each resource; starts and stops workers.
        ended: Returns whether a lost worker, given by name or address, was ended from outside, for example by a time limit.
        notes: Messages for the user at the start.
    """

    def __init__(
        self,
        client: distributed.Client,
        way: Way,
        close: Callable[[distributed.Client], Sequence[str] | None],
        *,
        connect: Callable[[], distributed.Client] | None = None,
        tend: Callable[[dict[str, int]], Sequence[str]] | None = None,
        ended: Callable[[str], bool] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self._way, self._close, self._tend, self._ended, self._notes = way, close, tend, ended, list(notes)
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._flights: dict[int, Flight] = {}
        self._connection = Connection(client, way.patience_s, connect, self._forget_submissions)
        self._transfer = Transfer(way)
        self._submission = Submission(
            self._connection, way, self._transfer, lambda *done: self._heard.put(("done", done))
        )
        self._tended = 0.0
        self._closed = False
        self._listen()

    @property
    def slots(self) -> int:
        """Return the number of jobs that can run in parallel."""
        return self._way.slots()

    @property
    def dashboard(self) -> str | None:
        """Return the address of the Dask dashboard."""
        return str(self.client.dashboard_link) or None

    @property
    def client(self) -> distributed.Client:
        """Return the client of the scheduler."""
        return self._connection.client

    def submit(self, job: Job) -> None:
        """Hand a job to the scheduler."""
        flight = self._flights[job.evaluation_id] = Flight(job)
        self._submission.launch(flight)

    def submit_calculation(self, job: CalculationJob) -> None:
        """Hand a piece of a calculation to the scheduler."""
        self._submission.launch_calculation(job)

    def messages(self, timeout_s: float) -> list[Message]:
        """Return the messages received; waits at most `timeout_s` for the first one.

        Raises:
            ClusterLost: The scheduler did not answer in time.
        """
        heard: list[Message] = [Noted(text) for text in self._notes] + self._look_after()
        self._notes.clear()
        try:
            event = self._heard.get(timeout=0.0 if heard else timeout_s)
            while True:
                heard.extend(self._on_progress(event[1]) if event[0] == "event" else self._on_done(*event[1]))
                event = self._heard.get_nowait()
        except queue.Empty:
            return heard

    def close(self) -> Sequence[str]:
        """Stop all jobs, the workers and the scheduler; returns messages for the user."""
        self._closed = True
        self._submission.close()
        self._flights.clear()
        return self._close(self.client) or ()

    def _listen(self) -> None:
        self.client.subscribe_topic(TOPIC, lambda event: self._heard.put(("event", event[1])))

    def _forget_submissions(self) -> None:
        """Mark all jobs as lost together with their scheduler, so that they are resubmitted."""
        for flight in self._flights.values():
            flight.future = None

    def _on_progress(self, content: dict[str, Any]) -> list[Message]:
        flight = self._flights.get(content["evaluation_id"])
        if flight is None or content["run"] != flight.run:
            return []
        if not flight.begun:
            flight.fetched_at = time.monotonic()
        flight.begun, flight.worker, flight.folder = True, content["worker"], content["folder"]
        if "progress" not in content:
            return []
        progress = Progress(**content["progress"])
        flight.reached(progress.fraction)
        return [Progressed(content["evaluation_id"], progress)]

    def _on_done(
        self, evaluation_id: int, number: int, future: "distributed.Future[Any]", results: Sequence[Any]
    ) -> list[Message]:
        flight = self._flights.get(evaluation_id)
        if self._closed or flight is None or flight.run != number:
            return []
        if results:
            ((outcome, files),) = results
            return self._on_outcome(flight, outcome, files)
        if future.status != "error":
            # Its scheduler is lost; the job is resubmitted when one is available.
            flight.future = None
            return []
        error = future.exception()
        if isinstance(error, distributed.KilledWorker):
            # Dask blames all tasks assigned to a worker; only those that had begun can have killed it.
            begun = flight.begun or started(flight.job.folder) > flight.started
            return self._on_death(flight, begun, str(error.last_worker.name))
        if "deserialization" in str(error):
            text = f"a worker cannot read the job ({_line(error)}); install the same version of the program on both"
            return self._return(flight, Trouble("version", text))
        return self._end(flight, Outcome(Failure("internal", _line(error)), "unknown", 0.0))

    def _on_death(self, flight: Flight, begun: bool, worker: str | None = None) -> list[Message]:
        """Resubmit a job, unless it seems to be the cause of the deaths of its workers."""
        ended = begun and worker is not None and self._ended is not None and self._ended(worker)
        flight.died(begun=begun, ended=ended)
        if flight.deaths <= self._way.retries and flight.losses <= MOST_LOSSES:
            self._submission.launch(flight)
            what = f"the job of worker {worker} was ended" if ended else "a worker died"
            return [Noted(f"{what} during {flight.job.label}; it resumes on another worker")] if begun else []
        text = f"its worker died in every attempt ({max(flight.deaths, flight.losses)}); see the log of the evaluation's folder"
        return self._end(flight, Outcome(Failure("worker", text), "unknown", 0.0))

    def _on_outcome(self, flight: Flight, outcome: Outcome, files: bytes | None) -> list[Message]:
        step = self._way.steps[flight.step]
        self._transfer.receive(flight, files, self.client)
        if isinstance(outcome.result, Trouble):
            if outcome.result.kind == MOVED:
                return self._on_death(flight, begun=True, worker=flight.worker)
            if outcome.result.kind == "version":
                self._submission.refuse(outcome.worker)
            return self._return(flight, outcome.result)
        flight.seconds[step.resource] = flight.seconds.get(step.resource, 0.0) + outcome.wall_s
        if outcome.result is None:
            flight.step += 1
            flight.furthest = 0.0
            self._submission.launch(flight)
            return []
        return self._end(flight, outcome)

    def _end(self, flight: Flight, outcome: Outcome) -> list[Message]:
        del self._flights[flight.job.evaluation_id]
        seconds = sum(flight.seconds.values()) or outcome.wall_s
        threads = int(outcome.machine.get("threads") or 1)
        on_gpu = flight.seconds.get("MD", 0.0) if _used_gpu(outcome.result) else 0.0
        outcome = replace(
            outcome,
            wall_s=seconds,
            cpu_hours=seconds * threads / 3600.0,
            gpu_hours=on_gpu / self._way.simulations_per_gpu / 3600.0,
        )
        return [Finished(flight.job.evaluation_id, outcome)]

    def _return(self, flight: Flight, trouble: Trouble) -> list[Message]:
        del self._flights[flight.job.evaluation_id]
        return [Returned(flight.job.evaluation_id, trouble)]

    def _look_after(self) -> list[Message]:
        """Reconnect, resubmit jobs that were lost with a scheduler, copy checkpoints, and start or stop workers."""
        if not self._connection.running:
            return self._connection.restore()
        heard = self._connection.answers_again()
        if lost := [flight for flight in self._flights.values() if flight.future is None]:
            # A restarted scheduler knows neither this client nor its subscription.
            self._listen()
            for flight in lost:
                self._submission.launch(flight)
        self._transfer.fetch(self._flights.values(), self.client)
        if self._tend is not None and time.monotonic() - self._tended > 1.0:
            self._tended = time.monotonic()
            heard += [Noted(text) for text in self._tend(self._demand())]
        return heard

    def _demand(self) -> dict[str, int]:
        needed = [self._way.steps[flight.step].resource for flight in self._flights.values()]
        return {name: needed.count(name) for name in ("MD", "CPU")}


def _used_gpu(result: object) -> bool:
    if isinstance(result, SimulationResult):
        return str(result.provenance.get("platform", "")).startswith(GPU_PLATFORMS)
    return False


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
