"""Clusters of a queue and of SSH, on real processes of this machine; the simulations are those of `cluster_trials`."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from cluster_trials import (
    PARTS,
    WHOLE,
    closing,
    finish,
    job,
    listen,
    outcomes,
)
from made_queue import ROOT, queue

from designer.cluster.batch import start_queue
from designer.cluster.ssh import start_ssh
from designer.config.cluster import (
    SlurmClusterSettings,
    SSHClusterSettings,
)
from designer.errors import ClusterLost

pytestmark = [pytest.mark.seconds(40), pytest.mark.slow]


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Commands called like Slurm's; a job is a process group of this machine that runs the job script."""
    with queue("slurm", tmp_path, monkeypatch) as folder:
        yield folder


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
            ClusterLost, match=r"3 jobs in a row ended before their workers started; see their output in .*logs"
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

    commands: list[str] = []

    async def passed(source: asyncio.StreamReader, target: object) -> None:
        while line := await source.readline():
            with contextlib.suppress(OSError, asyncssh.Error):
                target.write(line)

    async def fed(source: object, target: asyncio.StreamWriter) -> None:
        while line := await source.readline():
            target.write(line)
        target.close()

    async def handle(process: object) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        commands.append(process.command)
        child = await asyncio.create_subprocess_shell(
            process.command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, env=environment, start_new_session=True,
        )  # fmt: skip
        children.append(child)
        try:  # all is said before the channel closes: writing to a closed one would end the whole connection
            await asyncio.gather(
                fed(process.stdin, child.stdin),
                passed(child.stdout, process.stdout),
                passed(child.stderr, process.stderr),
            )
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
            assert cluster.client.scheduler.address.startswith("tls://")
            # The keys went through the connection: no command line, which everybody can read, holds them.
            assert set(commands) == {f"{sys.executable} -m designer.cluster.remote"}
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
