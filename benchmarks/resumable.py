"""Series of simulations that take hours: a few at a time, until a time limit, with the rows of earlier runs kept."""

import json
import multiprocessing
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from benchmarks.common import RESULTS

Row = dict[str, Any]
TYPICAL_S = 60.0
"""Time of a simulation that is assumed before the first has finished."""


def label_of(options: Any) -> str:
    """Return the name of preset, force field and number of cells, which is that of the folder of the simulations."""
    name = options.preset + (f"_{Path(options.smirnoff).stem}" if options.smirnoff else "")
    replicates = getattr(options, "replicates", 1)
    name += f"_{replicates}" if replicates > 1 else ""
    return f"{name}-short" if options.quick else name


def result_name(benchmark: str, label: str) -> str:
    """Return the name of the committed result of a benchmark; that of the preset `quick` has no suffix."""
    return benchmark if label == "quick" else f"{benchmark}_{label}"


def committed(name: str, *tables: str) -> list[Row]:
    """Return the rows of tables of a committed result; none if there is no such result."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return []
    document = json.loads(path.read_text(encoding="utf-8"))
    return [row for table in tables for row in document[table]]


def has_runs(folder: Path, *protocols: str, replicates: int = 1) -> bool:
    """Return whether the folder of a simulation holds finished runs of all these protocols, in each of its cells.

    `result.json` does not tell, as another benchmark that shares the folder may have written it for its own properties.
    """
    return all(len(list(folder.glob(f"**/runs/{name}/run/run.json"))) >= replicates for name in protocols)


def run_all(
    tasks: Iterable[Any],
    measure: Callable[[Any], Row],
    *,
    jobs: int,
    minutes: float,
    is_finished: Callable[[Any], bool],
    seconds_of: Callable[[Row], float | None],
) -> Iterator[Row]:
    """Yield the rows of tasks as they finish.

    A simulation is started only if it would end within the time limit if it took as long as the median of those before; finished ones
    are always read.

    Args:
        tasks: What to measure, in order.
        measure: Function of a task, run in a process of its own.
        jobs: Number of processes.
        minutes: Time limit.
        is_finished: Whether the simulation of a task is on disk.
        seconds_of: The time that the simulation of a row took in s, if the row has one.
    """
    deadline, walls = time.monotonic() + 60.0 * minutes, list[float]()
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting, running = deque(tasks), set[Any]()
        while waiting or running:
            typical = statistics.median(walls) if walls else TYPICAL_S
            while waiting and len(running) < jobs:
                task = waiting.popleft()
                if is_finished(task) or time.monotonic() + typical < deadline:
                    running.add(pool.submit(measure, task))
            if running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for row in (future.result() for future in done):
                    walls.append(seconds_of(row) or typical)
                    yield row


def gather(
    tasks: Iterable[Any],
    measure: Callable[[Any], Row],
    *,
    name_of: Callable[[Any], str],
    kept: Iterable[Row],
    options: Any,
    minutes: float,
    is_finished: Callable[[Any], bool],
    seconds_of: Callable[[Row], float | None],
) -> dict[str, Row]:
    """Return the rows by their `id`: those of finished simulations, of those started within the time limit, and kept ones of the others.

    Args:
        tasks: What can be measured, in order.
        measure: See `run_all`, like the last three.
        name_of: The `id` of a task's row.
        kept: Rows of an earlier run; what they contain is not simulated again unless it is named.
        options: The command line: `only`, the names to simulate (empty or None for all), and `jobs`.
        minutes: Time limit.
        is_finished: Whether the simulation of a task is on disk.
        seconds_of: The time that the simulation of a row took in s, if the row has one.
    """
    found = {row["id"]: row for row in kept}

    def wanted(task: Any) -> bool:
        name = name_of(task)
        return is_finished(task) or (name in options.only if options.only else name not in found)

    rows = run_all(
        [task for task in tasks if wanted(task)],
        measure,
        jobs=options.jobs,
        minutes=minutes,
        is_finished=is_finished,
        seconds_of=seconds_of,
    )
    return found | {row["id"]: row for row in rows}
