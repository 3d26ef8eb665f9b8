"""Execution of one step of a simulation in a worker: log, lock, progress and detection of hangs."""

import errno
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from designer.cluster.job import CalculationJob, Job
from designer.cluster.watch import hangs, watched
from designer.machine import host_class, program
from mdcore.chem import Failure
from mdcore.measure import Progress, SimulationResult
from mdcore.optics import FolderCache, OpticsSettings
from mdcore.settings import SimulationSettings
from mdcore.substances import Substance, substance_of

PROGRESS_INTERVAL_S = 0.5
FULL = (errno.ENOSPC, errno.EDQUOT)


class SimulateFunction(Protocol):
    """The signature of `mdcore.measure.simulate` and of its steps, which return None if another step follows."""

    def __call__(
        self,
        substance: Substance,
        settings: SimulationSettings,
        /,
        *,
        seed: int,
        out: Path,
        properties: Sequence[str],
        progress: Callable[[Progress], None] | None = None,
        optics: OpticsSettings | None = None,
        shared: Path | None = None,
    ) -> SimulationResult | Failure | None:
        """Simulate one substance, or do a part of that; resumable in `out`."""
        ...


@dataclass(frozen=True)
class Step:
    """A step of a simulation.

    Attributes:
        name: Name of the step.
        resource: Resource of the workers that run it: `MD` or `CPU`.
        function: Function that runs it.
    """

    name: str
    resource: str
    function: SimulateFunction


@dataclass(frozen=True)
class Trouble:
    """A problem of the machine that prevented a worker from doing a job, which is submitted again.

    Attributes:
        kind: `disk`, `infrastructure` (the folder cannot be read or written), `scratch` or `version`.
        message: One line: the value, the rule, the remedy.
    """

    kind: str
    message: str


@dataclass(frozen=True)
class Outcome:
    """Outcome of one step of a job, or of the whole job.

    Attributes:
        result: Measurements, or why there are none; None if another step follows.
        worker: Host and process that ended it.
        wall_s: Seconds from start to end on that worker.
        machine: Class of the host, program and threads, for the provenance.
        cpu_hours: Core-hours of all parts.
        gpu_hours: GPU-hours of all parts.
    """

    result: SimulationResult | Failure | Trouble | None
    worker: str
    wall_s: float
    machine: dict[str, Any] = field(default_factory=dict)
    cpu_hours: float = 0.0
    gpu_hours: float = 0.0


def run_job(
    job: Job, function: SimulateFunction, folder: Path, progress: Callable[[Progress], None] | None = None
) -> Outcome:
    """Run a step in `folder` under a lock, and log its start and end.

    The log `attempts.jsonl` has one line per start and end, so that repeated work can be distinguished from resumed work.
    """
    worker = f"{socket.gethostname()}:{os.getpid()}"
    started = time.perf_counter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            started = time.perf_counter()
            _log(folder, "started", worker)
            result = _simulated(job, function, folder, progress)
            event = "part" if result is None else ("failed" if isinstance(result, Failure) else "done")
            _log(folder, event, worker)
    except OSError as error:
        return Outcome(trouble_of(error, folder), worker, time.perf_counter() - started)
    settings = SimulationSettings.model_validate(dict(job.settings))
    machine = {**program(), "host": host_class(), "threads": settings.execution.threads}
    return Outcome(result, worker, time.perf_counter() - started, machine)


def trouble_of(error: OSError, folder: Path) -> Trouble:
    """Return the trouble that an error of the operating system means; polymers do not cause such errors."""
    host = socket.gethostname()
    if error.errno not in FULL:
        text = f"{folder} on {host} cannot be used ({' '.join(str(error).split())}); correct this, the campaign retries"
        return Trouble("infrastructure", text)
    return Trouble(
        "disk", f"no space is left for {folder} on {host} ({error.strerror}); free some space, the campaign retries"
    )


def _simulated(
    job: Job, function: SimulateFunction, folder: Path, progress: Callable[[Progress], None] | None
) -> SimulationResult | Failure | None:
    if (count := hangs(folder)) >= job.hang.attempts:
        text = f"the simulation hung {count} times, see hang.log for the tracebacks; raise cluster.hang if it was only slow"
        return Failure("timeout", text)
    settings = SimulationSettings.model_validate(dict(job.settings))
    how: dict[str, Any] = {}
    if job.optics is not None:
        how["optics"] = OpticsSettings.model_validate(job.optics)
    if job.shared is not None:
        how["shared"] = job.shared
    tell = _throttled(progress) if progress else None
    with watched(folder, job.hang, settings.protocol.record_interval_ps) as alive:

        def heard(value: Progress) -> None:
            alive(value)
            if tell is not None:
                tell(value)

        return function(
            substance_of(job.substance),
            settings,
            seed=job.seed,
            out=folder,
            properties=job.properties,
            progress=heard,
            **how,
        )


def run_calculation(job: CalculationJob) -> str | None:
    """Compute one piece of a calculation and write its result.

    Returns:
        Why it failed, or None; the simulation's analysis fails for the same reason and records it.
    """
    from mdcore.calculations import CALCULATIONS, Piece
    from mdcore.measure.failures import FAILURES

    settings = SimulationSettings.model_validate(dict(job.settings))
    calculation = CALCULATIONS.look_up(job.calculation).of(settings, OpticsSettings.model_validate(job.optics))
    piece = Piece(job.key, job.subject, job.document)
    try:
        calculation.ensure(piece, FolderCache(job.shared / calculation.folder))
    except FAILURES as error:
        return str(error)
    return None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, so that a slowly dying worker and its successor never write together."""
    with FileLock(folder / ".lock"):
        yield


def _log(folder: Path, event: str, worker: str) -> None:
    line = json.dumps({"at": time.time(), "event": event, "worker": worker})
    with (folder / "attempts.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def _throttled(progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
    """Pass on a change of stage at once and other progress a few times a second."""
    last_stage, last_at = "", 0.0

    def report(value: Progress) -> None:
        nonlocal last_stage, last_at
        now = time.monotonic()
        if value.stage != last_stage or now - last_at >= PROGRESS_INTERVAL_S:
            last_stage, last_at = value.stage, now
            progress(value)

    return report
