"""Another user of the machine tries to run programs in a campaign's scheduler and workers."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
from cluster_trials import WHOLE, closing, finish, job, listen, outcomes, whole

from designer.cluster import Returned
from designer.cluster.batch import job_of, start_queue
from designer.cluster.local import start_local
from designer.config.cluster import LocalClusterSettings, SlurmClusterSettings
from designer.errors import UnsafeFolder
from mdcore.measure import SimulationResult

pytestmark = [
    pytest.mark.seconds(30),
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can act as another user"),
]
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}

ATTACK = """
import asyncio, os, pathlib, sys
import distributed.cli.dask_worker
from distributed import Client, Security
from distributed.comm import connect
from designer.cluster.certificates import make_certificates

schemes, marker, scheduler, *ports = sys.argv[1:]
materials = [("tcp", Security()), ("tls", make_certificates().security()), ("tls", Security.temporary())]
materials = [material for material in materials if material[0] in schemes.split()]
# As root the interpreter and its libraries could be read, wherever they are.
os.setgroups([]), os.setgid(65534), os.setuid(65534)
assert not os.access(os.path.dirname(marker), os.W_OK)


async def reach(scheme, port, security):
    try:
        how = security.get_connection_args("client")
        # What speaks HTTP does not answer.
        comm = await asyncio.wait_for(connect(f"{scheme}://{port}", timeout=1, **how), 3)
    except (OSError, TimeoutError) as error:
        return "refused", scheme, port, repr(error)
    comm.abort()
    return "REACHED", scheme, port


async def reach_all():
    return await asyncio.gather(*(reach(scheme, port, how) for port in ports for scheme, how in materials))


for found in asyncio.run(reach_all()):
    print(*found)
for scheme, security in materials:
    try:
        with Client(f"{scheme}://{scheduler}", security=security, timeout=2) as client:
            client.submit(lambda: pathlib.Path(marker).write_text("task")).result(timeout=20)
            client.run_on_scheduler(lambda: pathlib.Path(marker + ".scheduler").write_text("scheduler"))
    except OSError as error:
        print("refused", scheme, scheduler, " ".join(str(error).split()))
    else:
        print("RAN", scheme, scheduler)
"""


def attack(marker: Path, scheduler: str, ports: Iterable[str] = (), schemes: str = "tcp tls") -> list[str]:
    """Try as another user, without certificates and with others, to reach ports and to run programs in a scheduler."""
    host = scheduler.split("://")[1]
    command = [sys.executable, "-W", "ignore", "-c", ATTACK, schemes, str(marker), host, *ports]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(("RAN", "REACHED", "refused"))]


def open_ports() -> dict[tuple[str, int], int]:
    """Return what this process and its children listen on, with the process."""
    own = psutil.Process()
    return {
        (connection.laddr.ip, connection.laddr.port): process.pid
        for process in (own, *own.children(recursive=True))
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


@pytest.mark.parametrize("tls", ["temporary", "off"])
def test_another_user_cannot_run_programs_here(tmp_path: Path, tls: str) -> None:
    """With `off` the same attack succeeds, which shows that it is one."""
    before = set(open_ports())
    marker = tmp_path / "marker"
    with closing(start_local(LocalClusterSettings(dashboard_port=0, tls=tls), whole)) as cluster:  # type: ignore[arg-type]
        ports = set(open_ports()) - before
        assert {ip for ip, _ in ports} == {"127.0.0.1"}  # none is open to other machines
        assert len(ports) >= 4  # scheduler, dashboard, nanny, worker
        places = [f"{ip}:{port}" for ip, port in sorted(ports)]
        if tls == "off":
            said = attack(marker, cluster.client.scheduler.address, places, "tcp")
            assert sum(line.startswith("REACHED tcp") for line in said) >= 3
            assert any(line.startswith("RAN tcp") for line in said)
            assert marker.read_text() == "task"
            assert Path(f"{marker}.scheduler").read_text() == "scheduler"
            return
        said = attack(marker, cluster.client.scheduler.address, places)
        assert len(said) == 3 * len(ports) + 3
        assert [line for line in said if not line.startswith("refused")] == []
        assert list(tmp_path.iterdir()) == []
        cluster.submit(job(tmp_path))  # the campaign itself is not disturbed
        assert isinstance(outcomes(finish(cluster, 1))[0], SimulationResult)


def test_batch_jobs_get_keys_that_others_cannot_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = SlurmClusterSettings(listen="127.0.0.1", dashboard_port=0)
        with closing(start_queue(settings, WHOLE, folder)) as cluster:
            (keys,) = folder.iterdir()
            assert all(
                line.startswith("refused")
                for line in attack(folder / "marker", cluster.client.scheduler.address, schemes="tcp")
            )
            for path in (keys, keys / "key.pem"):
                done = subprocess.run(["/bin/cat", str(path)], capture_output=True, text=True, check=False, **NOBODY)  # type: ignore[call-overload]
                assert "Permission denied" in done.stderr
            certificates = cluster.client.security.tls_client_key
            assert certificates == str(keys / "key.pem")
        assert list(folder.iterdir()) == []


def test_workers_of_jobs_listen_where_the_scheduler_does(tmp_path: Path) -> None:
    """Without certificates and on the loopback interface: a worker on all interfaces would let other machines in."""
    settings = SlurmClusterSettings(listen="127.0.0.1", dashboard_port=0, tls="off")
    before = set(open_ports())
    with closing(start_queue(settings, WHOLE)) as cluster:
        one = job_of("a", "MD", 1, settings.simulation, settings, cluster.client.scheduler.address, None)
        (tmp_path / "job.sh").write_text(one.job_script())
        with subprocess.Popen(["bash", str(tmp_path / "job.sh")], stderr=subprocess.DEVNULL) as batch_job:
            try:
                cluster.client.wait_for_workers(1, timeout=60)
                ports = set(open_ports()) - before
                assert len(ports) >= 5  # scheduler, dashboard, nanny, worker, worker's metrics
                assert {ip for ip, _ in ports} == {"127.0.0.1"}
            finally:
                for process in reversed(psutil.Process(batch_job.pid).children(recursive=True)):
                    process.terminate()


def test_workers_listen_on_the_loopback_interface_only_where_the_scheduler_does() -> None:
    from designer.cluster.ssh import _spec
    from designer.config.cluster import SSHClusterSettings

    for place, host in {"127.0.0.1": "127.0.0.1", "::1": "::1", "localhost": "localhost", "10.0.0.5": None}.items():
        ssh = SSHClusterSettings(listen=place, hosts=({"host": "a", "simulations": 1},))  # type: ignore[arg-type]
        options = _spec(ssh, None, ssh.hosts[0], "MD", "")["options"]["options"]
        assert options.get("host") == host
        slurm = SlurmClusterSettings(listen=place)
        script = job_of("a", "MD", 1, slurm.simulation, slurm, "tcp://127.0.0.1:1", None).job_script()
        assert ("--host" in script) is (host is not None)
        assert host is None or f"--host {host} " in script


def test_scripts_of_jobs_name_the_key_and_do_not_hold_it(tmp_path: Path) -> None:
    from designer.cluster.certificates import in_files, make_certificates

    settings = SlurmClusterSettings(listen="127.0.0.1")
    with in_files(make_certificates(), tmp_path) as files:
        one = job_of("a", "MD", 1, settings.simulation, settings, "tls://127.0.0.1:1", files)
        script = one.job_script()
    assert f"--tls-key {files.key}" in script
    assert f"--tls-ca-file {files.ca}" in script
    assert "--protocol tls://" in script
    assert "PRIVATE KEY" not in script


def test_modules_that_another_user_laid_out_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dask imports from a folder among the temporary files that whoever comes first can make."""
    planted = tmp_path / "dask-scratch-space"
    planted.mkdir()
    (planted / "evil_module.py").write_text("raise SystemExit('taken over')")
    planted.chmod(0o777)
    os.chown(planted, 65534, 65534)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    before = list(sys.path)

    def places() -> list[str]:
        return list(sys.path)

    with closing(start_local(LocalClusterSettings(dashboard_port=0), whole)) as cluster:  # type: ignore[arg-type]
        asked = [*cluster.client.run(places).values(), *cluster.client.run(places, nanny=True).values(), places()]
        added = {path for paths in asked for path in paths if path.startswith(str(tmp_path))}
        assert added
        for path in map(Path, added):
            assert planted not in (path, *path.parents)
            assert (tmp_path / f"designer-{os.getuid()}") in path.parents
    assert sys.path == before
    # A folder that somebody else has made under the name of ours is not used either.
    os.chown(tmp_path / f"designer-{os.getuid()}", 65534, 65534)
    with pytest.raises(UnsafeFolder, match=r"belongs to user 65534, not to 0; remove it, or set cluster\.scratch"):
        start_local(LocalClusterSettings(dashboard_port=0), whole)  # type: ignore[arg-type]
    (tmp_path / "mine").mkdir()
    settings = LocalClusterSettings(dashboard_port=0, scratch=str(tmp_path / "mine"), files="transfer")
    with closing(start_local(settings, whole)) as cluster:  # type: ignore[arg-type]
        cluster.submit(job(tmp_path))
        assert isinstance(outcomes(finish(cluster, 1))[0], SimulationResult)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [f"designer-{os.getuid()}"]


def test_a_worker_tells_that_its_scratch_folder_is_not_its_own(tmp_path: Path) -> None:
    settings = LocalClusterSettings(dashboard_port=0, files="transfer", scratch=str(tmp_path))
    with closing(start_local(settings, whole)) as cluster:  # type: ignore[arg-type]
        os.chown(tmp_path / f"designer-{os.getuid()}", 65534, 65534)
        cluster.submit(job(tmp_path / "campaign"))
        heard = listen(cluster, lambda heard: any(isinstance(m, Returned) for m in heard))
        (trouble,) = [m.trouble for m in heard if isinstance(m, Returned)]
        assert trouble.kind == "scratch"
        assert "belongs to user 65534, not to 0; remove it, or set cluster.scratch" in trouble.message
        os.chown(tmp_path / f"designer-{os.getuid()}", 0, 0)
