"""The Dask task: it checks the version, transfers files, runs a step and reports progress."""

import dataclasses
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cloudpickle
import distributed

from designer.cluster.files import pack, unpack
from designer.cluster.job import CalculationJob, Job
from designer.cluster.scratch import scratch_folder
from designer.cluster.task import Outcome, SimulateFunction, Trouble, run_calculation, run_job, trouble_of
from designer.errors import UnsafeFolder
from designer.machine import program_version
from mdcore.measure import Progress

TOPIC = "polymer-designer-progress"
MOVED = "moved"
MARK_S = 0.2
"""Timeout in s for reading the mark of an earlier run of the task."""


@dataclass(frozen=True)
class Work:
    """The content of a task, apart from the required version.

    Attributes:
        job: The simulation.
        function: The step to run.
        run: Number of this submission, to recognise late messages of an earlier one.
        files: Archive of the job's folder, where workers do not see it.
        started: How often the job had been started when the archive was made.
        scratch: Folder to unpack it in.
    """

    job: Job
    function: SimulateFunction
    run: int
    files: bytes | None = None
    started: int = 0
    scratch: str | None = None


def dask_task(version: str, work: bytes) -> tuple[Outcome, bytes | None]:
    """Run a step of a job inside a Dask worker.

    Args:
        version: Version of the campaign's program.
        work: Pickled `Work`, which only the same version can read reliably.

    Returns:
        The outcome, and the archive of the folder where workers do not share it.
    """
    own, worker = program_version(), distributed.get_worker()
    if own != version:
        text = f"worker {socket.gethostname()} runs polymer-designer {own}, the campaign {version}; install one version on both"
        return Outcome(Trouble("version", text), worker.address, 0.0), None
    # Our own bytes, which came over the connection that Dask itself unpickles from.
    what: Work = cloudpickle.loads(work)
    job, key = what.job, str(worker.get_current_task())
    if what.files is not None and begun_before(key):
        # Dask started it again after a worker was lost; the campaign has newer files than those that came with it.
        return Outcome(Trouble(MOVED, "its worker was lost"), worker.address, 0.0), None
    try:
        folder = job.folder if what.files is None else scratch_folder(job, what.scratch)
    except UnsafeFolder as error:
        return Outcome(Trouble("scratch", f"{error} (on {socket.gethostname()})"), worker.address, 0.0), None
    about = {"evaluation_id": job.evaluation_id, "run": what.run, "worker": worker.address, "folder": str(folder)}

    def report(progress: Progress) -> None:
        worker.log_event(TOPIC, {**about, "progress": dataclasses.asdict(progress)})

    worker.log_event(TOPIC, about)
    try:
        if what.files is not None and started(folder) < what.started:
            unpack(what.files, folder)
        with output_to(folder / "output.log", worker.state.nthreads):
            outcome = run_job(job, what.function, folder, report)
        if what.files is None:
            return outcome, None
        files = pack(folder)
    except OSError as error:
        return Outcome(trouble_of(error, folder), f"{socket.gethostname()}:{os.getpid()}", 0.0), None
    shutil.rmtree(folder, ignore_errors=True)
    return outcome, files


def begun_before(key: str) -> bool:
    """Return whether a task with this key has begun on any worker, and mark it as begun."""
    mark = distributed.Variable(key, client=distributed.get_client())
    try:
        mark.get(timeout=MARK_S)
    except TimeoutError:
        mark.set(True)
        return False
    return True


def calculation_task(job: CalculationJob) -> str | None:
    """Compute a piece of a calculation inside a Dask worker."""
    from mdcore.calculations import CALCULATIONS

    folder = job.shared / CALCULATIONS.look_up(job.calculation).folder
    with output_to(folder / "output.log", distributed.get_worker().state.nthreads):
        return run_calculation(job)


def started(folder: Path) -> int:
    """Return how often a job was started in a folder; of two copies, the one with more starts is newer."""
    path = folder / "attempts.jsonl"
    return path.read_text(encoding="utf-8", errors="replace").count('"started"') if path.exists() else -1


@contextmanager
def output_to(path: Path, threads: int) -> Iterator[None]:
    """Redirect the output of libraries, at the level of file descriptors, to a file.

    A process has one output, which is not redirected if several simulations share it.
    """
    if threads != 1:
        yield
        return
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


def folder_of_worker(path: str) -> bytes | None:
    """Return the archive of a folder on this worker, or None if it does not exist."""
    folder = Path(path)
    return pack(folder) if folder.is_dir() else None


def payload(work: Work) -> bytes:
    """Return the bytes that `dask_task` takes."""
    return bytes(cloudpickle.dumps(work))
