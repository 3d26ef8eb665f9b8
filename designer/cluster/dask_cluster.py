"""Jobs as tasks of a Dask scheduler."""

import asyncio
import concurrent.futures
import itertools
import queue
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import distributed

from designer.cluster.base import CalculationJob, Finished, Job, Message, Noted, Progressed, Returned
from designer.cluster.files import pack, unpack
from designer.cluster.parts import WHOLE
from designer.cluster.task import Outcome, Stage, Trouble
from designer.cluster.worker import MOVED, TOPIC, Work, calculation_task, dask_task, folder_of_worker, payload, started
from designer.machine import program_version
from mdcore.chem import Failure
from mdcore.measure import Progress, SimulationResult

GPU_PLATFORMS = ("CUDA", "HIP", "OpenCL")
SILENCE_S = 15.0
"""Time in s without an answer of the scheduler after which a new connection is tried."""
MOST_LOSSES = 50
"""Workers that a job may lose in a row without getting further, whether or not it had begun there, and whoever ended them."""
FURTHER = 0.01
"""Part of a simulation that counts as getting further."""


@dataclass(frozen=True)
class Way:
    """How jobs run on a cluster.

    Attributes:
        stages: Parts of a job, in order.
        slots: Jobs that it can use at a time.
        resources: Whether workers say what they are for.
        retries: How often a job whose worker died is handed out again without having got further.
        transfer: Whether files travel through the workers.
        scratch: Where they lie on the workers then.
        fetch_s: Time between copies of the files of running jobs then.
        simulations_per_gpu: Simulations that share a GPU.
        patience_s: How long a scheduler that went away is waited for.
    """

    stages: tuple[Stage, ...] = WHOLE
    slots: Callable[[], int] = field(default=lambda: 1)
    resources: bool = True
    retries: int = 3
    transfer: bool = False
    scratch: str | None = None
    fetch_s: float = 300.0
    simulations_per_gpu: int = 1
    patience_s: float = 0.0


@dataclass
class _Flight:
    """A job under way: its stage, its present submission, and what it has cost."""

    job: Job
    stage: int = 0
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


class DaskCluster:
    """A `Cluster` on a Dask scheduler.

    Args:
        client: A connection to the scheduler.
        way: How jobs run there.
        close: Ends the present connection and what was started for it.
        connect: Makes a new connection when the old one is lost.
        tend: Called often with the number of jobs whose present stage needs each resource; starts and ends workers.
        ended: Tells of a worker that was lost, by name or address, whether somebody or something else ended it, as a time limit does.
        notes: What people should know at the start.
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
        self._client, self._way, self._close, self._connect, self._tend = client, way, close, connect, tend
        self._ended, self._notes = ended, list(notes)
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._flights: dict[int, _Flight] = {}
        self._numbers = itertools.count(1)
        self._version = program_version()
        self._lost_since: float | None = None
        self._tended = 0.0
        self._closed = False
        self._refused: set[str] = set()
        self._beside: set[distributed.Future[str | None]] = set()
        self._listen(client)

    @property
    def slots(self) -> int:
        """Return how many jobs it can use at a time."""
        return self._way.slots()

    @property
    def dashboard(self) -> str | None:
        """Return the address of the Dask dashboard."""
        return str(self._client.dashboard_link) or None

    @property
    def client(self) -> distributed.Client:
        """Return the connection to the scheduler, for those who look at the workers."""
        return self._client

    def submit(self, job: Job) -> None:
        """Hand a job to the scheduler."""
        flight = self._flights[job.evaluation_id] = _Flight(job)
        self._launch(flight)

    def submit_calculation(self, job: CalculationJob) -> None:
        """Hand a piece of a calculation to the scheduler; a simulation that needs it first computes it itself.

        It goes to the workers that build, if there are such. Where workers do not see the campaign's folder, it is left to the
        analysis.
        """
        if self._way.transfer:
            return
        last = self._way.stages[-1].resource
        future = self._client.submit(
            calculation_task,
            job,
            key=f"{job.label}-{job.calculation}-{time.monotonic_ns()}",
            pure=False,
            resources={last: 1} if self._way.resources else None,
        )
        self._beside.add(future)
        future.add_done_callback(self._beside.discard)

    def messages(self, timeout_s: float) -> list[Message]:
        """Return what was heard; waits at most `timeout_s` for the first message.

        Raises:
            ClusterLost: The scheduler went away and did not come back in time.
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
        """End every job, the workers and the scheduler; returns what people should know."""
        self._closed = True
        self._flights.clear()
        self._beside.clear()
        return self._close(self._client) or ()

    def _listen(self, client: distributed.Client) -> None:
        client.subscribe_topic(TOPIC, lambda event: self._heard.put(("event", event[1])))

    def _launch(self, flight: _Flight) -> None:
        """Submit the present stage of a job."""
        job, stage, way = flight.job, self._way.stages[flight.stage], self._way
        flight.run, flight.begun, flight.advanced, flight.worker = next(self._numbers), False, False, None
        number, flight.started = flight.run, started(job.folder)
        files = None
        if way.transfer:
            job.folder.mkdir(parents=True, exist_ok=True)
            files = pack(job.folder)
        work = payload(Work(job, stage.function, number, files, flight.started, way.scratch))
        future = self._client.submit(
            dask_task,
            self._version,
            work,
            key=f"{job.label}-{stage.name}-{job.evaluation_id}-{number}-{time.monotonic_ns()}",
            pure=False,
            workers=self._workers(),
            resources={stage.resource: 1} if way.resources else None,
            # Later parts first: what is nearly done frees its slot.
            priority=flight.stage,
        )
        flight.future = future
        future.add_done_callback(lambda done: self._collect(job.evaluation_id, number, done))

    def _collect(self, evaluation_id: int, number: int, future: "distributed.Future[Any]") -> None:
        """Fetch what a task returned, and hear of it when it is here.

        A worker may go away with the result. Dask then does the task again, for which it may need a worker that only
        `messages` asks for: nobody may wait for the result there.
        """

        def heard(results: Sequence[Any]) -> None:
            self._heard.put(("done", (evaluation_id, number, future, results)))

        def fetched(fetching: "concurrent.futures.Future[list[Any]]") -> None:
            lost = fetching.cancelled() or fetching.exception() is not None
            heard([] if lost else fetching.result())

        if future.status != "finished" or self._closed:
            heard([])
            return
        fetch = future.client.gather([future], errors="skip", asynchronous=True)
        try:
            fetching = asyncio.run_coroutine_threadsafe(fetch, future.client.loop.asyncio_loop)
        except RuntimeError:  # the connection is being closed
            fetch.close()
            heard([])
        else:
            fetching.add_done_callback(fetched)

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
        if progress.fraction >= flight.furthest + FURTHER:
            flight.furthest, flight.advanced = progress.fraction, True
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
            # Its scheduler is gone; it is submitted again when there is one.
            flight.future = None
            return []
        error = future.exception()
        if isinstance(error, distributed.KilledWorker):
            # Dask blames all that was assigned to a worker; only what had begun there can have killed it.
            begun = flight.begun or started(flight.job.folder) > flight.started
            return self._on_death(flight, begun, str(error.last_worker.name))
        if "deserialization" in str(error):
            text = f"a worker does not understand the campaign ({_line(error)}); install one version of the program on both"
            return self._return(flight, Trouble("version", text))
        return self._end(flight, Outcome(Failure("internal", _line(error)), "unknown", 0.0))

    def _on_death(self, flight: _Flight, begun: bool, worker: str | None = None) -> list[Message]:
        """Hand a job out again, unless it seems to be what its workers die of."""
        ended = begun and worker is not None and self._ended is not None and self._ended(worker)
        if flight.advanced:
            # What gets further does not kill its workers: their time is limited, or their machines come and go.
            flight.deaths = flight.losses = 0
        else:
            flight.deaths += begun and not ended
            flight.losses += 1
        if flight.deaths <= self._way.retries and flight.losses <= MOST_LOSSES:
            self._launch(flight)
            what = f"the job of worker {worker} was ended" if ended else "a worker died"
            return [Noted(f"{what} during {flight.job.label}; it goes on elsewhere")] if begun else []
        text = f"its worker died at every attempt ({max(flight.deaths, flight.losses)}); see the log of the evaluation's folder"
        return self._end(flight, Outcome(Failure("worker", text), "unknown", 0.0))

    def _on_outcome(self, flight: _Flight, outcome: Outcome, files: bytes | None) -> list[Message]:
        stage = self._way.stages[flight.stage]
        if files is not None:
            unpack(files, flight.job.folder)
        if self._way.transfer and flight.future is not None:
            distributed.Variable(flight.future.key, client=self._client).delete()
        if isinstance(outcome.result, Trouble):
            if outcome.result.kind == MOVED:
                return self._on_death(flight, begun=True, worker=flight.worker)
            if outcome.result.kind == "version":
                # Not ended: on a scheduler of somebody else it may serve others.
                self._refused.add(outcome.worker)
            return self._return(flight, outcome.result)
        flight.seconds[stage.resource] = flight.seconds.get(stage.resource, 0.0) + outcome.wall_s
        if outcome.result is None:
            flight.stage += 1
            flight.furthest = 0.0
            self._launch(flight)
            return []
        return self._end(flight, outcome)

    def _end(self, flight: _Flight, outcome: Outcome) -> list[Message]:
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

    def _return(self, flight: _Flight, trouble: Trouble) -> list[Message]:
        del self._flights[flight.job.evaluation_id]
        return [Returned(flight.job.evaluation_id, trouble)]

    def _workers(self) -> list[str] | None:
        """Return the workers that may be used; None for all of them."""
        if not self._refused:
            return None
        return sorted(set(self._client.scheduler_info(n_workers=-1)["workers"]) - self._refused) or None

    def _look_after(self) -> list[Message]:
        """Reconnect, submit again what was lost with a scheduler, copy checkpoints, and let workers be tended."""
        heard: list[Message] = []
        if self._client.status != "running":
            return self._reconnect()
        if self._lost_since is not None:
            self._lost_since = None
            heard.append(Noted("the scheduler answers again"))
        if lost := [flight for flight in self._flights.values() if flight.future is None]:
            # A scheduler that was started anew knows nothing of us, nor that we listen.
            self._listen(self._client)
            for flight in lost:
                self._launch(flight)
        if self._way.transfer:
            self._fetch()
        if self._tend is not None and time.monotonic() - self._tended > 1.0:
            self._tended = time.monotonic()
            heard += [Noted(text) for text in self._tend(self._demand())]
        return heard

    def _demand(self) -> dict[str, int]:
        needed = [self._way.stages[flight.stage].resource for flight in self._flights.values()]
        return {name: needed.count(name) for name in ("MD", "CPU")}

    def _reconnect(self) -> list[Message]:
        from designer.errors import ClusterLost

        now, heard = time.monotonic(), list[Message]()
        if self._lost_since is None:
            self._lost_since = now
            heard.append(Noted(f"the scheduler went away; waiting up to {self._way.patience_s / 60:.0f} min for it"))
        if now - self._lost_since > self._way.patience_s:
            raise ClusterLost(
                f"the scheduler has been away for {now - self._lost_since:.0f} s; start it, then start the campaign again"
            )
        if self._connect is not None and (self._client.status == "closed" or now - self._lost_since > SILENCE_S):
            try:
                client = self._connect()
            except (OSError, TimeoutError):
                time.sleep(1.0)
                return heard
            with suppress(Exception):  # the old connection is dead already
                self._client.close(timeout=1)
            self._client = client
            for flight in self._flights.values():
                flight.future = None
        else:
            time.sleep(0.2)
        return heard

    def _fetch(self) -> None:
        """Copy the files of running jobs, so that their checkpoints outlive their workers."""
        for flight in self._flights.values():
            if not flight.begun or time.monotonic() - flight.fetched_at < self._way.fetch_s:
                continue
            flight.fetched_at = time.monotonic()
            if flight.worker is None or flight.folder is None:
                continue
            try:
                answers = self._client.run(folder_of_worker, flight.folder, workers=[flight.worker], on_error="ignore")
            except (OSError, TimeoutError, ValueError):
                continue  # the worker has gone; Dask tells us so in its own way
            for data in answers.values():
                if data:
                    unpack(data, flight.job.folder)


def _used_gpu(result: object) -> bool:
    if isinstance(result, SimulationResult):
        return str(result.provenance.get("platform", "")).startswith(GPU_PLATFORMS)
    return False


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
