"""Every kind of cluster on real processes of this machine; the simulations are replaced by functions of this file."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cloudpickle
import psutil
import pytest

from designer.cluster import Finished, Job, Message, Noted, Returned
from designer.cluster.address import start_address
from designer.cluster.batch import start_queue
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.local import start_local, start_local_cuda
from designer.cluster.ssh import start_ssh
from designer.cluster.task import Stage
from designer.cluster.watch import HangLimits
from designer.config.cluster import (
    AddressClusterSettings,
    LocalClusterSettings,
    LocalCudaClusterSettings,
    SlurmClusterSettings,
    SSHClusterSettings,
    TLSSettings,
)
from designer.errors import ClusterLost, InvalidConfig
from mdcore.chem import Failure, Measurement
from mdcore.settings import SimulationSettings
from mdcore.simulate import Progress, SimulationResult

# Workers cannot import this file by its name: its functions travel as code.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def trace(out: Path, what: str) -> None:
    with (out / "trace.txt").open("a") as stream:
        stream.write(f"{what}={os.environ.get('CUDA_VISIBLE_DEVICES', '-')}\n")


def build(unit, settings, *, seed, out, properties, progress=None):
    trace(out, "build")


def dynamics(unit, settings, *, seed, out, properties, progress=None):
    progress(Progress("sampling", 0.5, 0.5, 100.0, 1.0))
    trace(out, "dynamics")


def analyse(unit, settings, *, seed, out, properties, progress=None):
    trace(out, "analyse")
    said = [line.partition("=")[0] for line in (out / "trace.txt").read_text().splitlines()]
    return SimulationResult((Measurement("density", 1.0, 0.1, "g/cm3", "md-quick"),), {"said": said}, {})


def whole(unit, settings, **how):
    build(unit, settings, **how), dynamics(unit, settings, **how)
    return analyse(unit, settings, **how)


def fails(unit, settings, *, seed, out, properties, progress=None):
    return Failure("build", "the chains do not fit")


def slow(unit, settings, *, seed, out, properties, progress=None):
    """Count to 60 in twelve seconds, going on where an earlier attempt was interrupted; files are whole, as the engine's are."""
    path = out / "counted"
    while (done := int(path.read_text()) if path.exists() else 0) < 60:
        part = out / "counted.part"
        part.write_text(str(done + 1))
        part.replace(path)
        progress(Progress("counting", done / 60, 0.0))
        time.sleep(0.2)
    return SimulationResult((Measurement("density", 1.0, 0.1, "g/cm3", "md-quick"),), {}, {})


def hangs_once(unit, settings, *, seed, out, properties, progress=None):
    """Hang inside C, with Python's lock held, where no Python code can interrupt it."""
    import ctypes

    if not (out / "second").exists():
        (out / "second").touch()
        ctypes.PyDLL(None).sleep(600)
    return analyse(unit, settings, seed=seed, out=out, properties=properties)


def hangs_always(unit, settings, *, seed, out, properties, progress=None):
    progress(Progress("sampling", 0.1, 0.1, 1e4, 0.1))
    time.sleep(600)


PARTS = (Stage("build", "CPU", build), Stage("dynamics", "MD", dynamics), Stage("analyse", "CPU", analyse))
WHOLE = (Stage("simulate", "MD", whole),)


def job(folder: Path, number: int = 0, **more: object) -> Job:
    settings = SimulationSettings().model_dump(mode="json")
    return Job(number, f"trial-{number}", "*CCO*", settings, 3, folder / str(number), ("density",), **more)


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
    broken = (Stage("build", "CPU", fails), *PARTS[1:])
    with closing(start_address(settings, broken)) as cluster:
        cluster.submit(job(tmp_path))
        assert outcomes(finish(cluster, 1)) == [Failure("build", "the chains do not fit")]
    assert not (tmp_path / "0" / "trace.txt").exists()


def test_a_scheduler_that_is_killed_and_started_again_loses_nothing(tmp_path: Path, machines: Machines) -> None:
    first = machines.scheduler()
    worker = machines.worker("--resources", "MD=1")
    settings = AddressClusterSettings(address=machines.address, wait_s=120)
    with closing(start_address(settings, (Stage("simulate", "MD", slow),))) as cluster:
        cluster.submit(job(tmp_path))
        listen(cluster, lambda heard: (tmp_path / "0" / "counted").exists())
        time.sleep(1.5)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        heard = listen(cluster, lambda heard: any(isinstance(m, Noted) and "went away" in m.text for m in heard))
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
    with pytest.raises(
        InvalidConfig, match="has 4 threads, simulations need a process each; start it with --nthreads 1"
    ):
        start_address(AddressClusterSettings(address=machines.address), WHOLE)
    machines.stop()
    machines.processes.clear()
    first = machines.scheduler()
    machines.worker()
    with closing(start_address(AddressClusterSettings(address=machines.address, wait_s=2), WHOLE)) as cluster:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        with pytest.raises(ClusterLost, match=r"has been away for .* start it, then start the campaign again"):
            listen(cluster, lambda heard: False, timeout_s=60)


def test_without_a_shared_folder_checkpoints_travel_through_the_workers(tmp_path: Path, machines: Machines) -> None:
    machines.scheduler()
    first = machines.worker()
    mine, theirs = tmp_path / "campaign", tmp_path / "node-a"
    settings = AddressClusterSettings(
        address=machines.address, files="transfer", scratch=str(theirs), fetch_s=1.0, retries=3
    )
    with closing(start_address(settings, (Stage("simulate", "MD", slow),))) as cluster:
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
            "timeout", "it hung 2 times, the places are in hang.log; raise cluster.hang if it was only slow"
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
        assert "free some, it is tried again" in returned.trouble.message
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

    from designer.cluster.scheduler import security_of

    ours, others = certificates(tmp_path, "ours"), certificates(tmp_path, "others")
    with closing(start_local(LocalClusterSettings(dashboard_port=0, tls=ours), whole)) as cluster:  # type: ignore[arg-type]
        cluster.submit(job(tmp_path))
        assert isinstance(outcomes(finish(cluster, 1))[0], SimulationResult)
        address = cluster.client.scheduler.address
        assert address.startswith("tls://127.0.0.1:")
        assert all(w.startswith("tls://") for w in cluster.client.scheduler_info(n_workers=-1)["workers"])
        for intruder, security in [(address, security_of(others)), (address.replace("tls", "tcp"), None)]:
            with pytest.raises(OSError):
                distributed.Client(intruder, security=security, timeout=3, set_as_default=False)


SBATCH = """#!{python}
import os, subprocess, sys, pathlib
folder = pathlib.Path({folder!r})
number = len(list(folder.glob("*.job"))) + 1
script = folder / f"{{number}}.job"
script.write_text(pathlib.Path(sys.argv[1]).read_text())
log = open(folder / f"{{number}}.log", "ab")
process = subprocess.Popen(["bash", str(script)], stdout=log, stderr=log, start_new_session=True)
(folder / f"{{number}}.pid").write_text(str(process.pid))
print(f"Submitted batch job {{number}}")
"""
SCANCEL = """#!{python}
import os, pathlib, signal, sys
path = pathlib.Path({folder!r}) / f"{{sys.argv[1]}}.pid"
try:
    os.killpg(int(path.read_text()), signal.SIGTERM)
except ProcessLookupError:
    pass
path.rename(path.with_suffix(".ended"))
"""
SQUEUE = """#!{python}
import pathlib, sys
path = pathlib.Path({folder!r}) / f"{{sys.argv[-1]}}.pid"
alive = path.exists() and pathlib.Path("/proc", path.read_text()).exists()
print("RUNNING" if alive else "", end="")
sys.exit(0 if alive else 1)
"""


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Commands called like Slurm's; a job is a process group of this machine that runs the job script."""
    folder, commands = tmp_path / "queue", tmp_path / "bin"
    folder.mkdir(), commands.mkdir()
    for name, text in [("sbatch", SBATCH), ("scancel", SCANCEL), ("squeue", SQUEUE)]:
        path = commands / name
        path.write_text(text.format(python=sys.executable, folder=str(folder)))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield folder
    for path in folder.glob("*.pid"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(path.read_text()), signal.SIGKILL)


def test_jobs_of_slurm_come_with_the_work_and_go_without(
    slurm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from designer.cluster import batch

    monkeypatch.setattr(batch, "TEND_S", 0.5)
    settings = SlurmClusterSettings(
        listen="127.0.0.1",
        dashboard_port=0,
        simulation={"jobs": 2, "cores": 1, "memory": "1GB", "queue": "gpu", "directives": ["--gres=gpu:1"]},
        building={"jobs": 1, "cores": 1, "memory": "1GB", "queue": "cpu", "account": "polymers"},
        simulations_per_gpu=2,
        prologue=["export FROM_THE_PROLOGUE=yes"],
        idle_s=2.0,
    )
    with closing(start_queue(settings, PARTS)) as cluster:
        assert cluster.slots == 5
        assert list(slurm.glob("*.job")) == []  # nothing is asked for before there is work
        for number in range(3):
            cluster.submit(job(tmp_path, number))
        heard = finish(cluster, 3)
        assert [result.diagnostics["said"] for result in outcomes(heard)] == [["build", "dynamics", "analyse"]] * 3
        scripts = [path.read_text() for path in sorted(slurm.glob("*.job"))]
        (gpu, *_), (cpu, *_) = [s for s in scripts if "MD=1" in s], [s for s in scripts if "CPU=1" in s]
        assert "#SBATCH -p gpu" in gpu
        assert "#SBATCH --gres=gpu:1" in gpu
        assert "--nworkers 2" in gpu
        assert "#SBATCH -A polymers" in cpu
        assert "export FROM_THE_PROLOGUE=yes" in cpu
        listen(cluster, lambda heard: list(slurm.glob("*.pid")) == [])  # idle jobs are given back
        cluster.submit(job(tmp_path, 9))
        finish(cluster, 1)
        pids = [int(path.read_text()) for path in slurm.glob("*.pid")]
        children = [child for pid in pids for child in psutil.Process(pid).children(recursive=True)]
        assert children
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


def test_jobs_that_end_before_they_begin_stop_the_campaign(
    slurm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from designer.cluster import batch

    monkeypatch.setattr(batch, "TEND_S", 0.2)
    monkeypatch.setattr(batch, "GONE_S", 1.0)
    settings = SlurmClusterSettings(
        listen="127.0.0.1", dashboard_port=0, gpus=False, python="/no/such/python", log_folder=str(tmp_path / "logs"),
        simulation={"jobs": 1, "cores": 1, "memory": "1GB"},
    )  # fmt: skip
    with closing(start_queue(settings, WHOLE)) as cluster:
        cluster.submit(job(tmp_path))
        with pytest.raises(
            ClusterLost, match=r"3 jobs in a row ended before their workers came up; see their output in .*logs"
        ):
            listen(cluster, lambda heard: False, timeout_s=60)


def test_workers_are_started_by_ssh(tmp_path: Path) -> None:
    """A real SSH server on the loopback interface that runs what it is told."""
    import asyncio
    import threading

    asyncssh = pytest.importorskip("asyncssh")
    host_key, user_key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    user_key.write_private_key(str(tmp_path / "id"))
    (tmp_path / "id").chmod(0o600)
    keys = tmp_path / "authorized_keys"
    keys.write_bytes(user_key.export_public_key())
    children: list[object] = []

    async def passed(source: asyncio.StreamReader, target: object) -> None:
        while line := await source.readline():
            with contextlib.suppress(OSError, asyncssh.Error):
                target.write(line)

    async def handle(process: object) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        child = await asyncio.create_subprocess_shell(
            process.command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        children.append(child)
        try:  # all is said before the channel closes: writing to a closed one would end the whole connection
            await asyncio.gather(passed(child.stdout, process.stdout), passed(child.stderr, process.stderr))
            process.exit(await child.wait())
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)

    ready, port, servers = threading.Event(), [0], []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        server = await asyncssh.create_server(
            asyncssh.SSHServer, "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=str(keys),
            process_factory=handle, encoding=None,
        )  # fmt: skip
        servers.append(server)  # it ends with the last reference to it
        port[0] = server.sockets[0].getsockname()[1]
        ready.set()

    async def end() -> None:
        servers[0].close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for child in children:
            await child.wait()
            child._transport.close()
        await asyncio.sleep(0.1)  # what was closed says so

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port[0]} {host_key.export_public_key().decode()}")
    settings = SSHClusterSettings(
        listen="127.0.0.1", dashboard_port=0, known_hosts=str(known), identity=str(tmp_path / "id"),
        hosts=[{"host": "127.0.0.1", "port": port[0], "gpus": [3], "cpu_workers": 1, "user": "ada"}],
    )  # fmt: skip
    try:
        with closing(start_ssh(settings, PARTS)) as cluster:
            cluster.submit(job(tmp_path))
            (result,) = outcomes(finish(cluster, 1))
            assert result.diagnostics["said"] == ["build", "dynamics", "analyse"]
        assert "dynamics=3" in (tmp_path / "0" / "trace.txt").read_text()
        stranger = settings.model_copy(update={"known_hosts": str(keys)})
        with pytest.raises(ClusterLost, match=r"not every worker on 127.0.0.1 started .* without a password"):
            start_ssh(stranger, PARTS)
    finally:
        for child in children:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
        asyncio.run_coroutine_threadsafe(end(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


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
