"""Execution of a plan with several processes; finished replays are saved, so that an interrupted backtest resumes."""

import importlib.metadata
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from designer.backtest.plan import Plan
from mdcore.chem.files import write_whole
from surrogates.replay import Replay

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_plan: Plan | None = None


def run_plan(
    plan: Plan, folder: Path, workers: int, progress: Callable[[Replay, int, int], None] | None = None
) -> list[Replay]:
    """Run the replays of a plan that are not in the folder.

    Args:
        plan: What to replay.
        folder: Folder of the finished replays, which are valid for the same plan and program version.
        workers: Number of processes.
        progress: Called with each replay, the number of finished ones and the total.

    Returns:
        All replays, in the order of `plan.jobs()`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = plan.jobs()
    digests = [plan.digest(position) for position in range(len(plan.strategies))]
    paths = {job: folder / f"{plan.strategies[job[0]].name}-{job[1]}.json" for job in jobs}
    done = {job: found for job in jobs if (found := _read(paths[job], digests[job[0]])) is not None}
    missing = [job for job in jobs if job not in done]

    def finish(job: tuple[int, int], result: Replay) -> None:
        done[job] = result
        _write(paths[job], digests[job[0]], result)
        if progress is not None:
            progress(result, len(done), len(jobs))

    if workers <= 1 or len(missing) <= 1:
        for job in missing:
            finish(job, plan.replay(*job))
        return [done[job] for job in jobs]
    with (
        _one_thread_each(),
        ProcessPoolExecutor(
            min(workers, len(missing)), multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(plan,)
        ) as pool,
    ):
        futures = {pool.submit(_replay, *job): job for job in missing}
        try:
            for future in as_completed(futures):
                finish(futures[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [done[job] for job in jobs]


def _prepare(plan: Plan) -> None:
    global _plan
    _plan = plan


def _replay(position: int, seed: int) -> Replay:
    if _plan is None:
        raise RuntimeError("a worker of the backtest was not initialised with its plan")
    return _plan.replay(position, seed)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Give each worker one thread."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def _write(path: Path, digest: str, result: Replay) -> None:
    document = {
        "digest": digest,
        "version": _version(),
        "strategy": result.strategy,
        "seed": result.seed,
        "start": result.start.tolist(),
        "order": result.order.tolist(),
        "front_found": result.front_found.tolist(),
        "volume": result.volume.tolist(),
    }
    write_whole(path, json.dumps(document))


def _version() -> str:
    return importlib.metadata.version("polymer-designer")


def _read(path: Path, digest: str) -> Replay | None:
    """Read a finished replay; None for one of another plan or version."""
    if not path.is_file():
        return None
    document = json.loads(path.read_text(encoding="utf-8"))
    if (document["digest"], document["version"]) != (digest, _version()):
        return None
    return Replay(
        document["strategy"],
        document["seed"],
        np.array(document["start"], dtype=np.int64),
        np.array(document["order"], dtype=np.int64),
        np.array(document["front_found"], dtype=np.int64),
        np.array(document["volume"], dtype=np.float64),
    )
