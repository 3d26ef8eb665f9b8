"""Jobs of Slurm, PBS and LSF: as many as there is work for, made by dask-jobqueue."""

import math
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import distributed
from platformdirs import user_state_path

from designer.cluster.certificates import Certificates, certificates_of, in_files
from designer.cluster.dask_cluster import DaskCluster, Way
from designer.cluster.local import shut_down
from designer.cluster.parts import PARTS, WHOLE
from designer.cluster.scheduler import protected, quiet_dask, scheduler_spec, thread_environment
from designer.cluster.task import Stage
from designer.config.cluster import (
    LSFClusterSettings,
    PBSClusterSettings,
    QueueJobs,
    QueueSettings,
)
from designer.errors import ClusterLost, MissingPart

TEND_S = 5.0
GONE_S = 30.0
"""Silence of a job's workers, or time between questions to the batch system, before a job counts as ended."""
MOST_FAILURES = 3
AGAIN_S = 60.0
_QUERIES = {"slurm": ("squeue", "-h", "-j"), "pbs": ("qstat",), "lsf": ("bjobs",)}


@dataclass
class _Submitted:
    """A job in the queue or running."""

    job: Any
    at: float
    seen: float | None = None
    busy: float = 0.0
    asked: float = 0.0


class QueueGroup:
    """Jobs of one kind.

    Args:
        name: Names its jobs.
        resource: What its workers do.
        settings: One job.
        whole: The section `cluster`.
        cluster: The scheduler.
        certificates: Files that its jobs see.
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
        self._failures = 0
        self._wait_until = 0.0

    @property
    def slots(self) -> int:
        """Return how many jobs its workers do at a time when all of them are there."""
        return self._settings.jobs * self.workers

    def tend(self, demand: int, workers: dict[str, Any]) -> list[str]:
        """Submit, give back and replace jobs.

        Args:
            demand: Work that waits or runs.
            workers: What the scheduler knows of each worker.

        Returns:
            What people should know.

        Raises:
            ClusterLost: Jobs end before they begin to work, again and again.
        """
        now, told = time.monotonic(), list[str]()
        self._look(now, workers)
        told += self._forget(now)
        wanted = min(max(math.ceil(demand / self.workers), self._settings.minimum), self._settings.jobs)
        for name in self._spare(now, len(self._jobs) - wanted):
            self._end(name)
        while len(self._jobs) < wanted and now >= self._wait_until:
            try:
                self._submit(now)
            except (RuntimeError, OSError, ValueError) as error:
                self._wait_until = now + AGAIN_S
                told.append(
                    f"the batch system takes no job ({' '.join(str(error).split())}); tried again in {AGAIN_S:.0f} s"
                )
        return told

    def close(self) -> None:
        """Give every job back."""
        for name in list(self._jobs):
            self._end(name)

    def _look(self, now: float, workers: dict[str, Any]) -> None:
        for worker in workers.values():
            place = str(worker["name"])
            owner = next((n for n in self._jobs if place == n or place.startswith(f"{n}-")), None)
            if owner is not None:
                self._jobs[owner].seen = now
                self._failures = 0
                if worker.get("metrics", {}).get("executing") or self._jobs[owner].busy == 0.0:
                    self._jobs[owner].busy = now

    def _forget(self, now: float) -> list[str]:
        """Drop the jobs that have ended, at their time limit or otherwise."""
        told = []
        for name, own in list(self._jobs.items()):
            silent = own.seen is None or now - own.seen > GONE_S
            if not silent or now - own.asked < GONE_S or now - own.at < GONE_S:
                continue
            own.asked = now
            if own.seen is None and self._queued(own.job.job_id):
                continue
            self._end(name)
            told.append(f"job {own.job.job_id} ({name}) has ended" + ("" if own.seen else " before its worker came up"))
            self._failures += own.seen is None
            if self._failures >= MOST_FAILURES:
                where = self._whole.log_folder or "the folder it was submitted from"
                raise ClusterLost(
                    f"{self._failures} jobs in a row ended before their workers came up; see their output in {where}"
                )
        return told

    def _spare(self, now: float, number: int) -> list[str]:
        """Return jobs that can be given back: those still queued first, then those that have been idle for long."""
        queued = [name for name, own in self._jobs.items() if own.seen is None]
        idle = [name for name, own in self._jobs.items() if own.seen and now - own.busy > self._whole.idle_s]
        return [*reversed(queued), *idle][: max(number, 0)]

    def _submit(self, now: float) -> None:
        self._number += 1
        name = f"{self._name}-{self._number}"
        address = self._cluster.scheduler_address
        job = job_of(name, self.resource, self.workers, self._settings, self._whole, address, self._certificates)
        self._cluster.sync(job.start)
        self._jobs[name] = _Submitted(job, now, asked=now)

    def _end(self, name: str) -> None:
        own = self._jobs.pop(name)
        with suppress(RuntimeError, OSError):  # it may have ended by itself
            self._cluster.sync(own.job.close)

    def _queued(self, job_id: str) -> bool:
        command = [*_QUERIES[self._whole.kind], str(job_id)]  # type: ignore[attr-defined]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return True  # no answer is no news
        return done.returncode == 0 and bool(done.stdout.strip())


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
    try:
        from dask_jobqueue.lsf import LSFJob
        from dask_jobqueue.pbs import PBSJob
        from dask_jobqueue.slurm import SLURMJob
    except ImportError as error:
        raise MissingPart(
            "cluster.kind slurm, pbs and lsf need dask-jobqueue; pip install 'polymer-designer[slurm]'"
        ) from error
    environment = thread_environment(whole)
    if resource == "CPU":
        # Jobs inherit the environment of the campaign, and the batch system sets this only where a GPU was asked for.
        environment["CUDA_VISIBLE_DEVICES"] = ""
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
        ],
        "worker_extra_args": [
            "--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--dashboard-address", "127.0.0.1:0", "--resources", f"{resource}=1"
        ],
        "log_directory": whole.log_folder,
        "python": whole.python,
        "death_timeout": 120,
        **protected(certificates),
    }  # fmt: skip
    if isinstance(whole, LSFClusterSettings):
        return LSFJob(project=settings.account, **common)
    if isinstance(whole, PBSClusterSettings):
        return PBSJob(account=settings.account, **common)
    return SLURMJob(account=settings.account, **common)


def start_queue(
    settings: QueueSettings, stages: Sequence[Stage] | None = None, folder: Path | None = None
) -> DaskCluster:
    """Start a scheduler here whose workers are jobs of a batch system.

    Args:
        settings: The section `cluster` of a campaign.
        stages: What workers do; the real simulation unless a test replaces it.
        folder: The campaign's folder.

    Raises:
        InvalidConfig: The certificates cannot be kept where jobs find them.
    """
    own = tuple(stages) if stages is not None else (PARTS if settings.building else WHOLE)
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

    def close(client: distributed.Client) -> None:
        with held:
            for group in groups:
                group.close()
            shut_down(cluster, client)

    way = Way(
        stages=own,
        slots=lambda: sum(group.slots for group in groups),
        retries=settings.retries,
        transfer=settings.files == "transfer",
        scratch=settings.scratch,
        fetch_s=settings.fetch_s,
        simulations_per_gpu=groups[0].workers,
    )
    return DaskCluster(client, way, close, tend=tend)


def _tls_folder(settings: QueueSettings, folder: Path | None) -> Path:
    """Return where jobs find the certificates: where the user says, where they find their files, or below the home folder."""
    if settings.tls_folder is not None:
        return Path(settings.tls_folder).expanduser().resolve()
    if folder is not None and settings.files == "shared":
        return folder.resolve()
    return user_state_path("polymer-designer")
