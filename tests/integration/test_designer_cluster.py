"""The Dask cluster on real processes, its simulations replaced by functions of this file."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cloudpickle
import distributed
import psutil
import pytest
from cluster_trials import job, listen

from designer.cluster import CalculationJob, Finished, Message, Progressed
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.local import start_local
from designer.config.cluster import LocalClusterSettings
from mdcore.calculations.molar_refractions import MolarRefractions
from mdcore.chem import Failure, Measurement, RepeatUnit
from mdcore.measure import Progress, SimulationResult
from mdcore.optics import FolderCache, OpticsSettings, dft_cache_key, refractions
from mdcore.settings import SimulationSettings
from mdcore.substances import Homopolymer

pytestmark = pytest.mark.seconds(60)

# Workers cannot import this file by its name: its functions travel as code.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def quick(polymer, settings, *, seed, out, properties, progress=None, shared=None):
    """Tell progress, chatter, and measure the size."""
    print("chatter of a library")
    os.write(2, b"chatter in C\n")
    progress(Progress("sampling", 0.5, 0.5, 100.0, 1.0))
    threads = os.environ["OMP_NUM_THREADS"]
    measured = Measurement(
        "density", float(polymer.unit.n_heavy_atoms), 0.1, "g/cm3", settings.fidelity, {"threads": threads}
    )
    return SimulationResult((measured,), {"pid": os.getpid()}, {})


def dies_once(unit, settings, *, seed, out, properties, progress=None, shared=None):
    """Kill the own worker at the first attempt."""
    if not (out / "second").exists():
        (out / "second").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(unit, settings, seed=seed, out=out, properties=properties, progress=progress)


def dies_always(unit, settings, *, seed, out, properties, progress=None, shared=None):
    """Kill the own worker at every attempt."""
    os.kill(os.getpid(), signal.SIGKILL)


def breaks(unit, settings, *, seed, out, properties, progress=None, shared=None):
    """Raise what nobody expects."""
    raise ZeroDivisionError("a defect\nin two lines")


def is_interrupted(unit, settings, *, seed, out, properties, progress=None, shared=None):
    """Send to the own worker what a terminal sends to all processes at Ctrl-C, and go on for a while."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.5)
    return quick(unit, settings, seed=seed, out=out, properties=properties, progress=progress)


def finished(heard: list[Message]) -> dict[int, Finished]:
    return {message.evaluation_id: message for message in heard if isinstance(message, Finished)}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., dict[int, Finished]]]:
    started: list[DaskCluster] = []

    def run(simulate: object, jobs: int, workers: int = 1, retries: int = 3) -> tuple[list[Message], DaskCluster]:
        settings = LocalClusterSettings(workers=workers, threads_per_worker=2, retries=retries, dashboard_port=0)
        started.append(start_local(settings, simulate))  # type: ignore[arg-type]
        for number in range(jobs):
            started[0].submit(job(tmp_path, number))
        return listen(started[0], lambda heard: len(finished(heard)) == jobs), started[0]

    yield run
    for cluster in started:
        cluster.close()


@pytest.mark.slow
def test_jobs_report_progress_and_results_and_their_chatter_goes_to_a_file(run, tmp_path: Path, capfd) -> None:
    heard, cluster = run(quick, jobs=4, workers=2)
    results = {number: message.outcome.result for number, message in finished(heard).items()}
    assert {result.measurements[0].value for result in results.values()} == {3.0}
    assert {result.measurements[0].provenance["threads"] for result in results.values()} == {"2"}
    told = [message for message in heard if isinstance(message, Progressed)]
    assert {message.progress.stage for message in told} == {"sampling"}
    assert cluster.dashboard.startswith("http://127.0.0.1:")
    log = (tmp_path / "0" / "output.log").read_text()
    assert "chatter of a library" in log
    assert "chatter in C" in log
    cluster.close()
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


@pytest.mark.slow
def test_a_job_whose_worker_dies_goes_on_elsewhere(run, tmp_path: Path) -> None:
    heard, _ = run(dies_once, jobs=1)
    assert isinstance(finished(heard)[0].outcome.result, SimulationResult)
    events = (tmp_path / "0" / "attempts.jsonl").read_text()
    assert events.count("started") == 2
    assert events.count("done") == 1


@pytest.mark.slow
def test_a_worker_leaves_an_interrupt_to_the_campaign(run, tmp_path: Path, capfd) -> None:
    heard, cluster = run(is_interrupted, jobs=1, retries=0)
    assert isinstance(finished(heard)[0].outcome.result, SimulationResult)
    assert (tmp_path / "0" / "attempts.jsonl").read_text().count("started") == 1
    cluster.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_job_that_kills_every_worker_is_a_failure(run, tmp_path: Path) -> None:
    heard, _ = run(dies_always, jobs=1, retries=2)
    result = finished(heard)[0].outcome.result
    assert isinstance(result, Failure)
    assert result.kind == "worker"
    assert (tmp_path / "0" / "attempts.jsonl").read_text().count("started") == 3


@pytest.mark.slow
def test_a_defect_is_a_failure_in_one_line(run) -> None:
    heard, _ = run(breaks, jobs=1)
    assert finished(heard)[0].outcome.result == Failure("internal", "ZeroDivisionError: a defect in two lines")


@pytest.mark.slow
def test_a_port_in_use_is_no_obstacle(recwarn: pytest.WarningsRecorder) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        cluster = start_local(LocalClusterSettings(dashboard_port=port), quick)  # type: ignore[arg-type]
        try:
            assert f":{port}/" not in str(cluster.dashboard)
        finally:
            cluster.close()
    assert [str(warning.message) for warning in recwarn] == []


def test_workers_that_do_not_leave_in_time_are_ended_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = start_local(LocalClusterSettings(dashboard_port=0), quick)  # type: ignore[arg-type]
    cluster.submit(job(tmp_path, 1))
    (done,) = [
        m for m in listen(cluster, lambda heard: any(isinstance(m, Finished) for m in heard)) if isinstance(m, Finished)
    ]
    worker = int(done.outcome.worker.rpartition(":")[2])

    def late(self: distributed.SpecCluster, timeout: float | None = None) -> None:
        raise TimeoutError(f"timed out after {timeout} s.")

    with monkeypatch.context() as patch:
        patch.setattr(distributed.SpecCluster, "close", late)
        cluster.close()
    # The nannies, whose own end was held up here, must leave nothing behind either.
    cluster.client.cluster.close(timeout=30)
    deadline = time.monotonic() + 20
    while (
        time.monotonic() < deadline
        and psutil.pid_exists(worker)
        and psutil.Process(worker).status() != psutil.STATUS_ZOMBIE
    ):
        time.sleep(0.1)
    assert not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_quantum_chemistry_runs_beside_simulations_and_its_result_serves_them(tmp_path: Path) -> None:
    pytest.importorskip("pyscf", reason="the dft extra is not installed")
    settings = OpticsSettings(kind="dft", functional="pbe", basis="sto-3g", n_conformers=1, max_heavy_atoms=8)
    cluster = start_local(LocalClusterSettings(workers=2, dashboard_port=0), quick)  # type: ignore[arg-type]
    try:
        folder, polymer = tmp_path / "optics", Homopolymer(RepeatUnit.from_psmiles("*CC*"))
        calculation = MolarRefractions(settings=settings)
        (piece,) = calculation.pieces(polymer)
        cluster.submit_calculation(
            CalculationJob(
                "trial-0", calculation.name, SimulationSettings().model_dump(mode="json"), settings.model_dump(mode="json"),
                piece.key, piece.subject, dict(piece.document), tmp_path,
            )
        )  # fmt: skip
        cluster.submit(job(tmp_path, 0))
        assert set(finished(listen(cluster, lambda heard: len(finished(heard)) == 1))) == {0}
        unit, deadline = RepeatUnit.from_psmiles("*CC*"), time.monotonic() + 120.0
        while dft_cache_key(unit, settings) not in FolderCache(folder):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        cluster.close()
    # What the worker left is read here without computing anything.
    held = dict(FolderCache(folder))
    assert refractions(unit, settings, cache=held).tier == "dft"
    assert len(held) == 1
