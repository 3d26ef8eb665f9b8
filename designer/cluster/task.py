"""What runs in a worker process: one simulation, with its log, its lock and its progress."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mdcore.chem import Failure, RepeatUnit
from mdcore.optics import FolderCache, OpticsFailed, OpticsSettings, refractions
from mdcore.settings import SimulationSettings
from mdcore.simulate import Progress, SimulationResult

PROGRESS_INTERVAL_S = 0.5


class SimulateFunction(Protocol):
    """The signature of `mdcore.simulate.simulate`."""

    def __call__(
        self,
        unit: RepeatUnit,
        settings: SimulationSettings,
        /,
        *,
        seed: int,
        out: Path,
        properties: Sequence[str],
        progress: Callable[[Progress], None] | None = None,
        optics: OpticsSettings | None = None,
        optics_cache: MutableMapping[str, str] | None = None,
    ) -> SimulationResult | Failure:
        """Simulate one repeat unit; resumable in `out`."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What became of one job.

    Attributes:
        result: Its measurements, or why there are none.
        worker: Host and process that ended it.
        wall_s: Seconds from start to end on that worker.
    """

    result: SimulationResult | Failure
    worker: str
    wall_s: float


def run_job(
    psmiles: str,
    settings: Mapping[str, Any],
    seed: int,
    folder: Path,
    properties: Sequence[str],
    simulate: SimulateFunction,
    progress: Callable[[Progress], None] | None = None,
    optics: Mapping[str, Any] | None = None,
    optics_folder: Path | None = None,
) -> Outcome:
    """Simulate in `folder`, alone there, and log when that started and ended.

    The log `attempts.jsonl` has one line per start and end, so that what was computed twice can be told from what was
    resumed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    tier: dict[str, Any] = {}
    if optics is not None:
        tier["optics"] = OpticsSettings.model_validate(dict(optics))
        tier["optics_cache"] = FolderCache(optics_folder) if optics_folder is not None else None
    with _alone_in(folder):
        started = time.perf_counter()
        _log(folder, "started", worker)
        result = simulate(
            RepeatUnit.from_psmiles(psmiles),
            SimulationSettings.model_validate(dict(settings)),
            seed=seed,
            out=folder,
            properties=tuple(properties),
            progress=_throttled(progress) if progress else None,
            **tier,
        )
        _log(folder, "failed" if isinstance(result, Failure) else "done", worker)
    return Outcome(result, worker, time.perf_counter() - started)


def run_refractions(psmiles: str, optics: Mapping[str, Any], folder: Path) -> str | None:
    """Compute the molar refractions of one unit into `folder`.

    Returns:
        Why it was not possible, or None; the simulation's analysis meets the same obstacle and records it.
    """
    try:
        settings = OpticsSettings.model_validate(dict(optics))
        refractions(RepeatUnit.from_psmiles(psmiles), settings, cache=FolderCache(folder))
    except OpticsFailed as error:
        return str(error)
    return None


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a lock that ends with the process, so that a slowly dying worker and its successor never write together."""
    with (folder / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
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
