"""Clusters on this machine and behind an address, on real processes; the simulations are replaced by those of `cluster_trials`."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_trials import (
    PARTS,
    ROOT,
    WHOLE,
    closing,
    fails,
    finish,
    hangs_always,
    hangs_once,
    job,
    listen,
    lost_once,
    outcomes,
    slow,
    whole,
)
from schedulers import until

from designer.cluster import Message, Noted, Returned
from designer.cluster.address import start_address
from designer.cluster.local import start_local, start_local_cuda
from designer.cluster.task import Step
from designer.cluster.watch import HangLimits
from designer.config.cluster import (
    AddressClusterSettings,
    LocalClusterSettings,
    LocalCudaClusterSettings,
    TLSSettings,
)
from designer.errors import ClusterLost, InvalidConfig
from mdcore.chem import Failure
from mdcore.measure import SimulationResult

pytestmark = [pytest.mark.seconds(180), pytest.mark.slow]


class Machines:
    """A scheduler and workers that belong to nobody's campaign."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"

    def start(self, module: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        own = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
        with (self.folder / "machines.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                stdout=log, stderr=log, env=own, cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def scheduler(self) -> subprocess.Popen[bytes]:
        process = self.start("dask_scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard")
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return process
            assert time.monotonic() < deadline, (self.folder / "machines.log").read_text()
            time.sleep(0.1)

    def worker(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        common = ("--nthreads", "1", "--memory-limit", "0", "--no-dashboard", "--host", "127.0.0.1")
        return self.start("dask_worker", self.address, *common, *arguments, **environment)

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    own = Machines(tmp_path)
    yield own
    own.stop()


def test_building_and_dynamics_go_to_their_own_workers(tmp_path: Path) -> None:
    """Two simulations to each of two GPUs, bound by their environment, and a worker without one that builds."""
    settings = LocalCudaClusterSettings(gpus=(0, 1), simulations_per_gpu=2, cpu_workers=1, dashboard_port=0)
    with closing(start_local_cuda(settings, PARTS)) as cluster:
        assert cluster.slots == 5
        for number in range(4):
            cluster.submit(job(tmp_path, number))
        heard = finish(cluster, 4)
        assert [result.diagnostics["said"] for result in outcomes(heard)] == [["build", "dynamics", "analyse"]] * 4
        resources = [w["resources"] for w in cluster.client.scheduler_info(n_workers=-1)["workers"].values()]
        assert sorted(map(str, resources)) == ["{'CPU': 1}"] + ["{'MD': 1}"] * 4
    for number in range(4):
        (first, none), (middle, gpu), (last, same) = [
            line.split("=") for line in (tmp_path / str(number) / "trace.txt").read_text().splitlines()
        ]
        assert (first, none, middle, last, same) == ("build", "", "dynamics", "analyse", "")
        assert gpu in ("0", "1")


def test_a_failure_while_building_ends_the_evaluation(tmp_path: Path, machines: Machines) -> None:
    machines.scheduler()
    machines.worker("--resources", "MD=1")
    machines.worker("--resources", "CPU=1")
    settings = AddressClusterSettings(address=machines.address)
    broken = (Step("build", "CPU", fails), *PARTS[1:])
    with closing(start_address(settings, broken)) as cluster:
        cluster.submit(job(tmp_path))
        heard = finish(cluster, 1)
        assert outcomes(heard) == [Failure("build", "the chains do not fit")]
        # The scheduler is its owner's business, but not without a word.
        assert isinstance(heard[0], Noted)
        assert f"connections to {machines.address} are not encrypted" in heard[0].text
        assert not any(isinstance(message, Noted) for message in heard[1:])
    assert not (tmp_path / "0" / "trace.txt").exists()


def test_a_worker_that_goes_away_with_a_result_keeps_nobody_waiting(tmp_path: Path, machines: Machines) -> None:
    """Where the next worker is a job that the campaign must submit, waiting for the result would be waiting forever."""
    machines.scheduler()
    first = machines.worker("--no-nanny", "--resources", "MD=1")
    heard: list[Message] = []
    rounds = 0
    with closing(
        start_address(AddressClusterSettings(address=machines.address), (Step("s", "MD", lost_once),))
    ) as cluster:

        def listens() -> None:
            nonlocal rounds
            while not outcomes(heard):
                heard.extend(cluster.messages(0.1))
                rounds += 1

        cluster.submit(job(tmp_path))
        listening = threading.Thread(target=listens, daemon=True)
        listening.start()
        first.wait(60)
        assert (tmp_path / "0" / "lost").exists()
        before = rounds
        until(lambda: rounds > before + 1, "it goes on listening", 15)
        machines.worker("--resources", "MD=1")
        listening.join(60)
        (result,) = outcomes(heard)
        assert result.diagnostics["how"] == "came through"


def test_a_scheduler_that_is_killed_and_started_again_loses_nothing(tmp_path: Path, machines: Machines) -> None:
    first = machines.scheduler()
    worker = machines.worker("--resources", "MD=1")
    settings = AddressClusterSettings(address=machines.address, wait_s=120)
    with closing(start_address(settings, (Step("simulate", "MD", slow),))) as cluster:
        cluster.submit(job(tmp_path))
        listen(cluster, lambda heard: (tmp_path / "0" / "counted").exists())
        time.sleep(1.5)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        heard = listen(cluster, lambda heard: any(isinstance(m, Noted) and "does not answer" in m.text for m in heard))
        os.killpg(worker.pid, signal.SIGKILL)  # its supervisor would start it anew, too
        worker.wait()
        counted = int((tmp_path / "0" / "counted").read_text())
        assert counted >= 3
        machines.scheduler()
        machines.worker("--resources", "MD=1")
        heard += finish(cluster, 1)
        assert isinstance(outcomes(heard)[0], SimulationResult)
        assert any(isinstance(m, Noted) and "answers again" in m.text for m in heard)
    assert (tmp_path / "0" / "counted").read_text() == "60"  # gone on with, neither repeated nor cut
    assert (tmp_path / "0" / "attempts.jsonl").read_text().count("started") == 2


def test_a_scheduler_that_does_not_come_back_is_one_clear_error(tmp_path: Path, machines: Machines) -> None:
    with pytest.raises(ClusterLost, match="no scheduler answers at"):
        start_address(AddressClusterSettings(address=machines.address), WHOLE)
    first = machines.scheduler()
    machines.worker("--nthreads", "4")
    with pytest.raises(InvalidConfig, match="must have one thread, got 4; start it with --nthreads 1"):
        start_address(AddressClusterSettings(address=machines.address), WHOLE)
    machines.stop()
    machines.processes.clear()
    first = machines.scheduler()
    machines.worker()
    with closing(start_address(AddressClusterSettings(address=machines.address, wait_s=2), WHOLE)) as cluster:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        with pytest.raises(ClusterLost, match=r"has not answered for .* start it, then restart the campaign"):
            listen(cluster, lambda heard: False, timeout_s=60)


def test_without_a_shared_folder_checkpoints_travel_through_the_workers(tmp_path: Path, machines: Machines) -> None:
    machines.scheduler()
    first = machines.worker()
    mine, theirs = tmp_path / "campaign", tmp_path / "node-a"
    settings = AddressClusterSettings(
        address=machines.address, files="transfer", scratch=str(theirs), fetch_s=1.0, retries=3
    )
    with closing(start_address(settings, (Step("simulate", "MD", slow),))) as cluster:
        cluster.submit(job(mine))
        listen(cluster, lambda heard: (mine / "0" / "counted").exists())  # a copy of a running simulation's files
        copied = int((mine / "0" / "counted").read_text())
        assert copied >= 1
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        # Another machine knows nothing of the first one's scratch folder.
        theirs.rename(tmp_path / "burnt")
        machines.worker()
        assert isinstance(outcomes(finish(cluster, 1))[0], SimulationResult)
    assert (mine / "0" / "counted").read_text() == "60"
    assert (mine / "0" / "attempts.jsonl").read_text().count("started") == 2
    assert list(theirs.glob("*/*")) == []  # nothing is left behind


def test_a_worker_of_another_version_is_refused_and_the_others_work(tmp_path: Path, machines: Machines) -> None:
    other = tmp_path / "other" / "polymer_designer-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: polymer-designer\nVersion: 0.0.1\n")
    machines.scheduler()
    machines.worker(PYTHONPATH=f"{other.parent}:{ROOT}")
    with closing(start_address(AddressClusterSettings(address=machines.address), WHOLE)) as cluster:
        cluster.submit(job(tmp_path))
        (returned,) = [
            m
            for m in listen(cluster, lambda heard: any(isinstance(m, Returned) for m in heard))
            if isinstance(m, Returned)
        ]
        assert returned.trouble.kind == "version"
        assert "runs polymer-designer 0.0.1, the campaign 0." in returned.trouble.message
        assert "install one version on both" in returned.trouble.message
        machines.worker()
        deadline = time.monotonic() + 60
        while len(cluster.client.scheduler_info(n_workers=-1)["workers"]) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        for number in range(3):
            cluster.submit(job(tmp_path, number))
        assert len(outcomes(finish(cluster, 3))) == 3


@pytest.mark.parametrize(("function", "hangs"), [(hangs_once, 1), (hangs_always, 2)])
def test_a_simulation_that_hangs_is_ended(tmp_path: Path, function: object, hangs: int) -> None:
    limits = HangLimits(factor=2.0, at_least_s=3.0, attempts=2)
    settings = LocalClusterSettings(dashboard_port=0)
    with closing(start_local(settings, function)) as cluster:  # type: ignore[arg-type]
        cluster.submit(job(tmp_path, hang=limits))
        (result,) = outcomes(finish(cluster, 1))
    log = (tmp_path / "0" / "hang.log").read_text()
    assert log.count("Timeout (") == hangs
    if function is hangs_once:
        assert isinstance(result, SimulationResult)
    else:
        assert result == Failure(
            "timeout",
            "the simulation hung 2 times, see hang.log for the tracebacks; raise cluster.hang if it was only slow",
        )
        assert "hangs_always" in log  # the place is told


def test_a_full_disk_is_nobodys_fault(tmp_path: Path) -> None:
    folder = tmp_path / "0"
    folder.mkdir()
    (folder / "trace.txt").symlink_to("/dev/full")  # every write to it finds the disk full
    with closing(start_local(LocalClusterSettings(dashboard_port=0), whole)) as cluster:  # type: ignore[arg-type]
        cluster.submit(job(tmp_path))
        heard = listen(cluster, lambda heard: any(isinstance(m, Returned) for m in heard))
        (returned,) = [m for m in heard if isinstance(m, Returned)]
        assert returned.trouble.kind == "disk"
        assert "no space is left for" in returned.trouble.message
        assert "free some space, the campaign retries" in returned.trouble.message
        (folder / "trace.txt").unlink()
        cluster.submit(job(tmp_path))
        assert isinstance(outcomes(finish(cluster, 1))[0], SimulationResult)


def certificates(folder: Path, name: str) -> TLSSettings:
    """Make a certificate authority and a certificate that it signed."""
    subject = ["-days", "2", "-nodes", "-newkey", "rsa:2048"]
    run = lambda *arguments: subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)  # noqa: E731
    run("req", "-x509", *subject, "-subj", f"/CN={name}-ca", "-keyout", f"{name}-ca.key", "-out", f"{name}-ca.pem")
    run("req", *subject[2:], "-subj", "/CN=worker", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    run("x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", f"{name}-ca.pem", "-CAkey", f"{name}-ca.key",
        "-CAcreateserial", "-out", f"{name}.pem")  # fmt: skip
    return TLSSettings(
        ca=str(folder / f"{name}-ca.pem"), cert=str(folder / f"{name}.pem"), key=str(folder / f"{name}.key")
    )


def test_with_certificates_only_their_holders_get_in(tmp_path: Path) -> None:
    import distributed

    from designer.cluster.certificates import certificates_of

    ours, others = certificates(tmp_path, "ours"), certificates(tmp_path, "others")
    with closing(start_local(LocalClusterSettings(dashboard_port=0, tls=ours), whole)) as cluster:  # type: ignore[arg-type]
        cluster.submit(job(tmp_path))
        assert isinstance(outcomes(finish(cluster, 1))[0], SimulationResult)
        address = cluster.client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        assert all(w.startswith("tls://") for w in cluster.client.scheduler_info(n_workers=-1)["workers"])
        strange = certificates_of(others)
        assert strange is not None
        for intruder, security in [(address, strange.security()), (address.replace("tls", "tcp"), None)]:
            with pytest.raises(OSError):
                distributed.Client(intruder, security=security, timeout=3, set_as_default=False)


def test_the_doctor_tries_a_cluster_before_a_campaign_does(
    tmp_path: Path, machines: Machines, capfd: pytest.CaptureFixture[str]
) -> None:
    from designer.cli.main import run

    path = tmp_path / "campaign.yaml"
    path.write_text(
        f"""
name: trial
folder: {tmp_path / "run"}
objectives: [{{property: density}}]
cluster: {{kind: address, address: "{machines.address}"}}
simulation: {{execution: {{platform: CPU}}}}
stop: {{evaluations: 1}}
"""
    )
    assert run(["doctor", "--cluster", str(path)]) == 1
    assert "BROKEN cluster address: no scheduler answers at" in capfd.readouterr().out
    machines.scheduler()
    machines.worker("--resources", "MD=1", "--name", "ada")
    machines.worker("--resources", "CPU=1", "--name", "bob")
    assert run(["doctor", "--cluster", str(path)]) == 0
    said = capfd.readouterr().out
    assert "simulation on a worker: CPU OpenMM" in said
    assert "worker ada: " in said
    assert "for CPU" in said
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == []
