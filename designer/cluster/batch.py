"""Jobs of Slurm, PBS and LSF, submitted as needed with dask-jobqueue."""

import asyncio
import functools
import itertools
import math
import shlex
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import distributed
from platformdirs import user_state_path

from designer.cluster.certificates import Certificates, certificates_of, in_files
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.jobqueue import job_class
from designer.cluster.local import shut_down
from designer.cluster.parts import PARTS, WHOLE
from designer.cluster.queue_state import QueueState, cancel, queue_state
from designer.cluster.scheduler import protected, quiet_dask, scheduler_spec, thread_environment
from designer.cluster.task import Step
from designer.cluster.way import Way
from designer.config.cluster import QueueJobs, QueueSettings
from designer.errors import ClusterLost

TEND_S = 5.0
GONE_S = 30.0
"""Time in s without a worker of a job, or since the last query, after which the batch system is queried about the job."""
RESTARTS = 6
"""Multiple of this time that a running job has to restart its worker."""
SUBMIT_S = 60.0
CANCEL_TRIES, CANCEL_AGAIN_S = 3, 2.0
MOST_FAILURES = 3
AGAIN_S = 60.0


@dataclass
class _Submitted:
    """A job in the queue or running.

    Attributes:
        job: The job of dask-jobqueue.
        submission: The submission under way.
        at: When the submission began.
        seen: When one of its workers was last connected; None before the first.
        busy: When one of its workers last had work.
        asked: When the batch system was last queried about it.
        told: The last message about why it waits.
    """

    job: Any
    submission: "Future[None]"
    at: float
    seen: float | None = None
    busy: float = 0.0
    asked: float = 0.0
    told: str = ""


class QueueGroup:
    """Jobs of one kind.

    Args:
        name: Prefix of the names of its jobs.
        resource: Resource of its workers, `MD` or `CPU`.
        settings: Settings of a job.
        whole: The section `cluster`.
        cluster: The scheduler.
        certificates: Certificate files that its jobs can read.
    """

    def __init__(
        self,
        name: str,
        resource: str,
        settings: QueueJobs,
        whole: QueueSettings,
        cluster: "distributed.SpecCluster",
        certificates: Certificates | None,
    ) -> None:
        self.resource, self._certificates = resource, certificates
        self._name, self._settings, self._whole, self._cluster = name, settings, whole, cluster
        self.workers = whole.simulations_per_gpu if resource == "MD" and whole.gpus else settings.workers
        self._jobs: dict[str, _Submitted] = {}
        self._number = 0
        self._names: dict[str, str] = {}
        self._leaving: list[str] = []
        self._accepted, self._refused = False, ""
        self._failures = 0
        self._wait_until = 0.0

    @property
    def slots(self) -> int:
        """Return the number of parallel jobs when all its workers are connected."""
        return self._settings.jobs * self.workers

    def tend(self, demand: int, workers: dict[str, Any]) -> list[str]:
        """Submit, cancel and replace batch jobs.

        Args:
            demand: Number of jobs that wait or run.
            workers: Information of the scheduler about each worker.

        Returns:
            What people should know.

        Raises:
            ClusterLost: The first job is rejected, or several jobs in a row end before their workers start.
        """
        now, told = time.monotonic(), list[str]()
        self._look(now, workers)
        told += self._forget(now)
        wanted = min(max(math.ceil(demand / self.workers), self._settings.minimum), self._settings.jobs)
        for name in self._spare(now, len(self._jobs) - wanted):
            self._end(name)
        self._cancel()  # in vain, it is tried again
        while len(self._jobs) < wanted and now >= self._wait_until:
            try:
                self._submit(now)
            except (RuntimeError, OSError, ValueError) as error:
                complaint = _complaint(error)
                if not self._accepted:
                    raise ClusterLost(
                        f"the batch system rejected a {self._name} job ({complaint}); correct cluster.{self._name}, or "
                        "start the campaign again later"
                    ) from error
                self._wait_until = now + AGAIN_S
                if complaint != self._refused:
                    self._refused = complaint
                    told.append(f"the batch system rejected a job ({complaint}); retrying every {AGAIN_S:.0f} s")
        return told

    def close(self) -> list[str]:
        """Cancel all jobs; returns messages for the user."""
        for name in list(self._jobs):
            self._end(name)
        for _ in range(CANCEL_TRIES):
            complaint = self._cancel()
            if complaint is None:
                return []
            time.sleep(CANCEL_AGAIN_S)
        return [
            f"jobs {' '.join(self._leaving)} may still be queued or running ({complaint}); cancel them, or wait: without this "
            "campaign they end a few minutes after they start"
        ]

    def ended(self, worker: str) -> bool:
        """Return whether the batch system has ended the job of a worker: at its time limit, by preemption or on request.

        Args:
            worker: Its name or address.
        """
        own = self._jobs.get(self._owner(self._names.get(worker, worker)) or "")
        state = None if own is None else self._ask(own)
        # If the job still runs, the worker died for another reason.
        return own is None or state is None or state.state != "running"

    def has(self, worker: str) -> bool:
        """Return whether a worker, given by name or address, belongs or belonged to this group."""
        return worker in self._names or worker.startswith(f"{self._name}-")

    def _owner(self, worker: str) -> str | None:
        return next((name for name in self._jobs if worker == name or worker.startswith(f"{name}-")), None)

    def _ask(self, own: _Submitted) -> QueueState | None:
        own.asked = time.monotonic()
        return queue_state(self._whole.system, str(own.job.job_id))

    def _look(self, now: float, workers: dict[str, Any]) -> None:
        for address, worker in workers.items():
            name = str(worker["name"])
            if (owner := self._owner(name)) is not None:
                self._names[address] = name
                self._jobs[owner].seen = now
                self._failures = 0
                if worker.get("metrics", {}).get("executing") or self._jobs[owner].busy == 0.0:
                    self._jobs[owner].busy = now

    def _forget(self, now: float) -> list[str]:
        """Remove the jobs that have ended, and return messages about them and about why others wait."""
        told = []
        for name, own in list(self._jobs.items()):
            silent = own.seen is None or now - own.seen > GONE_S
            if not silent or now - own.asked < GONE_S or now - own.at < GONE_S:
                continue
            answer = self._ask(own)
            if answer is None:
                continue  # without an answer nothing is known
            if answer.state == "queued":
                # Also after its first start: a requeued job starts again, with the same name.
                own.seen, own.busy = None, 0.0
                if answer.reason and answer.reason != own.told:
                    own.told = answer.reason
                    told.append(f"job {own.job.job_id} ({name}) waits in the queue: {answer.reason}")
                continue
            if answer.state == "running" and (own.seen is None or now - own.seen < RESTARTS * GONE_S):
                continue
            self._end(name)
            told.append(f"job {own.job.job_id} ({name}) has ended" + ("" if own.seen else " before its worker started"))
            self._failures += own.seen is None
            if self._failures >= MOST_FAILURES:
                where = self._whole.log_folder or "the folder it was submitted from"
                raise ClusterLost(
                    f"{self._failures} jobs in a row ended before their workers started; see their output in {where}"
                )
        return told

    def _spare(self, now: float, number: int) -> list[str]:
        """Return jobs that can be cancelled: queued ones first, then those that have been idle for long."""
        queued = [name for name, own in self._jobs.items() if own.seen is None]
        idle = [name for name, own in self._jobs.items() if own.seen and now - own.busy > self._whole.idle_s]
        return [*reversed(queued), *idle][: max(number, 0)]

    def _submit(self, now: float) -> None:
        self._number += 1
        name = f"{self._name}-{self._number}"
        address = self._cluster.scheduler_address
        job = job_of(name, self.resource, self.workers, self._settings, self._whole, address, self._certificates)
        # Ctrl-C in a terminal must not end the submitting program: its output is needed to cancel the job.
        job._call = functools.partial(job._call, start_new_session=True)
        loop = self._cluster.loop.asyncio_loop  # type: ignore[union-attr]
        submission = asyncio.run_coroutine_threadsafe(job.start(), loop)
        self._jobs[name] = _Submitted(job, submission, now, asked=now)
        try:
            submission.result(SUBMIT_S)
        except (RuntimeError, OSError, ValueError):
            del self._jobs[name]
            # Accepted too late; it is cancelled.
            submission.add_done_callback(lambda _: self._leaving.extend([str(job.job_id)] if job.job_id else []))
            raise
        self._accepted, self._refused = True, ""

    def _end(self, name: str) -> None:
        own = self._jobs.pop(name)
        with suppress(RuntimeError, OSError, ValueError):  # it was never accepted
            own.submission.result(SUBMIT_S)
            self._leaving.append(str(own.job.job_id))

    def _cancel(self) -> str | None:
        """Cancel the jobs marked for cancellation; returns the batch system's error if one of them may still exist."""
        if not self._leaving:
            return None
        system = self._whole.system
        complaint = cancel(system, self._leaving)
        if complaint is not None:
            # Some of them may have ended already.
            self._leaving = [job for job in self._leaving if queue_state(system, job) != QueueState("ended")]
        if complaint is None or not self._leaving:
            self._leaving = []
            return None
        return complaint


def _complaint(error: Exception) -> str:
    """Return the error of the submitting program in one line."""
    text = str(error)
    return " ".join((text.partition("stderr:")[2] or text).split()) or type(error).__name__


def job_of(
    name: str,
    resource: str,
    workers: int,
    settings: QueueJobs,
    whole: QueueSettings,
    scheduler: str,
    certificates: Certificates | None,
) -> Any:
    """Return a job of dask-jobqueue, not yet submitted."""
    environment = thread_environment(whole)
    if resource == "CPU":
        # Jobs inherit the environment of the campaign, and the batch system sets this variable only if a GPU is requested.
        environment["CUDA_VISIBLE_DEVICES"] = ""
    tls = (
        {} if certificates is None else {"ca-file": certificates.ca, "cert": certificates.cert, "key": certificates.key}
    )
    common: dict[str, Any] = {
        "scheduler": scheduler,
        "name": name,
        "job_name": f"designer-{name}",
        "cores": settings.cores,
        "memory": settings.memory,
        "processes": workers,
        "walltime": settings.walltime,
        "queue": settings.queue,
        "job_extra_directives": list(settings.directives),
        "job_script_prologue": [
            *(f"export {key}={value}" for key, value in environment.items()),
            *whole.prologue,
            *_private_folder(whole.scratch),
        ],
        "worker_extra_args": [
            "--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0",
            "--resources", f"{resource}=1", *(("--host", whole.worker_host) if whole.worker_host else ()),
            *itertools.chain.from_iterable((f"--tls-{what}", shlex.quote(path)) for what, path in tls.items()),
        ],
        "log_directory": whole.log_folder and str(Path(whole.log_folder).expanduser()),
        "python": shlex.quote(whole.python or sys.executable),
        "death_timeout": 120,
        "protocol": protected(certificates)["protocol"],
    }  # fmt: skip
    return job_class(whole)(**{whole.system.charged: settings.account}, **common)


def start_queue(
    settings: QueueSettings, steps: Sequence[Step] | None = None, folder: Path | None = None
) -> DaskCluster:
    """Start a scheduler here whose workers are jobs of a batch system.

    Args:
        settings: The section `cluster` of a campaign.
        steps: Steps of a job; replaced by tests.
        folder: The campaign's folder.

    Raises:
        InvalidConfig: The certificates cannot be written where jobs can read them.
    """
    own = tuple(steps) if steps is not None else (PARTS if settings.building else WHOLE)
    with ExitStack() as started:
        certificates = certificates_of(settings.tls)
        if certificates is not None and settings.tls == "temporary":
            certificates = started.enter_context(in_files(certificates, _tls_folder(settings, folder)))
        security = protected(certificates)["security"]
        with quiet_dask():
            cluster = distributed.SpecCluster(
                workers={},
                scheduler=scheduler_spec(settings, certificates, settings.listen, settings.port),
                security=security,
                silence_logs=50,
            )
            client = distributed.Client(cluster, security=security)
        held = started.pop_all()
    groups = [QueueGroup("simulation", "MD", settings.simulation, settings, cluster, certificates)]
    if settings.building is not None:
        groups.append(QueueGroup("building", "CPU", settings.building, settings, cluster, certificates))
    tended = -TEND_S

    def tend(demand: dict[str, int]) -> list[str]:
        nonlocal tended
        if time.monotonic() - tended < TEND_S:
            return []
        tended = time.monotonic()
        workers = client.scheduler_info(n_workers=-1)["workers"]
        with quiet_dask():
            return [text for group in groups for text in group.tend(demand.get(group.resource, 0), workers)]

    def close(client: distributed.Client) -> list[str]:
        with held:
            told = [text for group in groups for text in group.close()]
            shut_down(cluster, client)
        return told

    def ended(worker: str) -> bool:
        return any(group.has(worker) and group.ended(worker) for group in groups)

    way = Way.of(settings, own, lambda: sum(group.slots for group in groups), simulations_per_gpu=groups[0].workers)
    return DaskCluster(client, way, close, tend=tend, ended=ended)


def _tls_folder(settings: QueueSettings, folder: Path | None) -> Path:
    """Return the folder of the certificates: the configured one, the campaign's, or one in the home folder."""
    if settings.tls_folder is not None:
        return Path(settings.tls_folder).expanduser().resolve()
    if folder is not None and settings.files == "shared":
        return folder.resolve()
    return user_state_path("polymer-designer")


def _private_folder(scratch: str | None) -> list[str]:
    """Return shell commands that give workers a private folder: Dask makes modules in it importable."""
    root = '"${TMPDIR:-/tmp}"' if scratch is None else shlex.quote(scratch)
    return [
        f"DASK_TEMPORARY_DIRECTORY=$(mktemp -d {root}/designer-XXXXXXXXXX) || exit 1",
        "export DASK_TEMPORARY_DIRECTORY",
        """trap 'rm -rf "$DASK_TEMPORARY_DIRECTORY"' EXIT""",
    ]
