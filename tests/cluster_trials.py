"""Trials of clusters: simulations replaced by functions that leave traces, and how to hear what becomes of them."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cloudpickle

from designer.cluster import Finished, Job, Message
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.task import Step
from mdcore.chem import Failure, Measurement
from mdcore.measure import Progress, SimulationResult
from mdcore.settings import SimulationSettings

# Workers cannot import this file by its name: its functions travel as code.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
ROOT = Path(__file__).parents[1]


def trace(out: Path, what: str) -> None:
    with (out / "trace.txt").open("a") as stream:
        stream.write(f"{what}={os.environ.get('CUDA_VISIBLE_DEVICES', '-')}\n")


def build(unit, settings, *, seed, out, properties, progress=None, shared=None):
    trace(out, "build")


def dynamics(unit, settings, *, seed, out, properties, progress=None, shared=None):
    progress(Progress("sampling", 0.5, 0.5, 100.0, 1.0))
    trace(out, "dynamics")


def analyse(unit, settings, *, seed, out, properties, progress=None, shared=None):
    trace(out, "analyse")
    said = [line.partition("=")[0] for line in (out / "trace.txt").read_text().splitlines()]
    return SimulationResult((Measurement("density", 1.0, 0.1, "g/cm3", "md-quick-2"),), {"said": said}, {})


def whole(unit, settings, **how):
    build(unit, settings, **how), dynamics(unit, settings, **how)
    return analyse(unit, settings, **how)


def fails(unit, settings, *, seed, out, properties, progress=None, shared=None):
    return Failure("build", "the chains do not fit")


def slow(unit, settings, *, seed, out, properties, progress=None, shared=None):
    """Count to 60 in twelve seconds, going on where an earlier attempt was interrupted; files are whole, as the engine's are."""
    path = out / "counted"
    while (done := int(path.read_text()) if path.exists() else 0) < 60:
        part = out / "counted.part"
        part.write_text(str(done + 1))
        part.replace(path)
        progress(Progress("counting", done / 60, 0.0))
        time.sleep(0.2)
    return SimulationResult((Measurement("density", 1.0, 0.1, "g/cm3", "md-quick-2"),), {}, {})


def hangs_once(unit, settings, *, seed, out, properties, progress=None, shared=None):
    """Hang inside C, with Python's lock held, where no Python code can interrupt it."""
    import ctypes

    if not (out / "second").exists():
        (out / "second").touch()
        ctypes.PyDLL(None).sleep(600)
    return analyse(unit, settings, seed=seed, out=out, properties=properties)


def hangs_always(unit, settings, *, seed, out, properties, progress=None, shared=None):
    progress(Progress("sampling", 0.1, 0.1, 1e4, 0.1))
    time.sleep(600)


class TakesItsWorkerAlong:
    """Ends the process that sends it for the first time: its worker goes away between the end of a task and its result."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[type, tuple[str]]:
        if not self.marker.exists():
            self.marker.touch()
            os._exit(1)
        return str, ("came through",)


def lost_once(unit, settings, *, seed, out, properties, progress=None, shared=None):
    return SimulationResult(
        (Measurement("density", 1.0, 0.1, "g/cm3", "md-quick-2"),), {"how": TakesItsWorkerAlong(out / "lost")}, {}
    )


PARTS = (Step("build", "CPU", build), Step("dynamics", "MD", dynamics), Step("analyse", "CPU", analyse))
WHOLE = (Step("simulate", "MD", whole),)


def job(folder: Path, number: int = 0, psmiles: str = "*CCO*", **more: object) -> Job:
    settings = SimulationSettings().model_dump(mode="json")
    return Job(
        number,
        f"trial-{number}",
        {"kind": "homopolymer", "psmiles": psmiles},
        settings,
        3,
        folder / str(number),
        ("density",),
        **more,
    )


def listen(cluster: DaskCluster, until: Callable[[list[Message]], bool], timeout_s: float = 200.0) -> list[Message]:
    heard: list[Message] = []
    deadline = time.monotonic() + timeout_s
    while not until(heard):
        assert time.monotonic() < deadline, heard
        heard += cluster.messages(0.2)
    return heard


def outcomes(heard: list[Message]) -> list[object]:
    return [message.outcome.result for message in heard if isinstance(message, Finished)]


def finish(cluster: DaskCluster, n: int) -> list[Message]:
    return listen(cluster, lambda heard: len(outcomes(heard)) >= n)


@contextlib.contextmanager
def closing(cluster: DaskCluster) -> Iterator[DaskCluster]:
    try:
        yield cluster
    finally:
        cluster.close()
