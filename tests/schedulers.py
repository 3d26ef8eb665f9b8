"""A Slurm and an SSH server of our own on the loopback interface, each in a temporary folder, stopped with its test session.

They need the programs of Debian's packages `slurmctld slurmd slurm-client munge` and `openssh-server`; nothing of their system-wide
settings is read or changed. The GPUs of the Slurm are device files that nothing answers behind: Slurm hands them out and sets
CUDA_VISIBLE_DEVICES, simulations run on OpenMM's CPU platform.
"""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

SLURM_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
SSH_PROGRAMS = ("sshd", "ssh-keygen")
PATHS = f"{os.environ['PATH']}:/usr/sbin:/sbin"

# Two machines with two GPUs each and one without; all are this machine. KillWait is the time between SIGTERM and SIGKILL.
SLURM_CONF = """
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
GresTypes=gpu
ReturnToService=2
KillWait={kill_wait_s}
MinJobAge=60
NodeName=gpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=8 RealMemory=8000 Gres=gpu:2
NodeName=gpu2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=8 RealMemory=8000 Gres=gpu:2
NodeName=cpu1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[3]} CPUs=8 RealMemory=8000
PartitionName=gpu Nodes=gpu1,gpu2 Default=YES MaxTime=1:00:00
PartitionName=cpu Nodes=cpu1 MaxTime=1:00:00
"""
NODES = ("gpu1", "gpu2", "cpu1")
KILL_WAIT_S = 5

SSHD_CONF = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
UsePAM no
StrictModes no
PermitUserEnvironment no
AcceptEnv *
"""


def missing(programs: tuple[str, ...]) -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in programs if shutil.which(name, path=PATHS) is None]


def free_ports(n: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(n)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def until(true: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    """Wait for something.

    Raises:
        AssertionError: It did not come true in time.
    """
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.1)


class Daemons:
    """Programs in the foreground that end with this process, however it ends."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, program: str, *arguments: str) -> None:
        path = shutil.which(program, path=PATHS)
        assert path is not None
        command = [path, *arguments]
        if setpriv := shutil.which("setpriv", path=PATHS):
            command = [setpriv, "--pdeathsig", "KILL", *command]
        with (self.folder / f"{name}.out").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, cwd=self.folder,
                start_new_session=True,
            )  # fmt: skip

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def log(self) -> str:
        """Return what the programs wrote, for the message of a failed test."""
        paths = [*self.folder.glob("*.out"), *self.folder.glob("*.log"), *self.folder.glob("munge/log")]
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in paths)


class Slurm(Daemons):
    """munged, slurmctld and three slurmd."""

    def __init__(self, folder: Path) -> None:
        self.conf = folder / "slurm.conf"
        super().__init__(folder, {**os.environ, "PATH": PATHS, "SLURM_CONF": str(self.conf)})
        folder.chmod(0o755)  # munge wants its socket to be reachable by all, and its key by nobody
        for name in ("munge", "state", *(f"spool-{node}" for node in NODES)):
            (folder / name).mkdir(mode=0o755)
        key = folder / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        devices = [str(folder / f"nvidia{number}") for number in range(4)]
        for number, device in enumerate(devices):
            _device(Path(device), number)
        import pwd

        user = pwd.getpwuid(os.getuid()).pw_name
        self.conf.write_text(
            SLURM_CONF.format(
                host=socket.gethostname().partition(".")[0],
                ports=free_ports(4),
                folder=folder,
                user=user,
                kill_wait_s=KILL_WAIT_S,
            )
        )
        (folder / "gres.conf").write_text(
            f"NodeName=gpu1 Name=gpu File={folder}/nvidia[0-1]\nNodeName=gpu2 Name=gpu File={folder}/nvidia[2-3]\n"
        )
        if self.version() >= (23, 2):
            # Older versions know no such plug-in, and do without it where nothing asks for control groups.
            (folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")

    def version(self) -> tuple[int, ...]:
        said = self.call("slurmctld", "-V")
        return tuple(int(part) for part in said.split()[-1].split(".")[:2])

    def call(self, program: str, *arguments: str) -> str:
        """Run a program of Slurm and return what it prints."""
        path = shutil.which(program, path=PATHS)
        assert path is not None
        done = subprocess.run([path, *arguments], env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{program} {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def start_all(self) -> None:
        munge = self.folder / "munge"
        self.start("munged", "munged", "-F", f"--key-file={munge}/key", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
                   f"--log-file={munge}/log", f"--seed-file={munge}/seed", "--num-threads=2")  # fmt: skip
        until(lambda: (munge / "socket").exists(), f"munged answers\n{self.log()}")
        self.start_controller()
        for node in NODES:
            self.start(node, "slurmd", "-D", "-N", node, "-f", str(self.conf))
        until(self.is_ready, "every node is idle")

    def start_controller(self) -> None:
        self.start("controller", "slurmctld", "-D", "-f", str(self.conf))

    def nodes(self) -> dict[str, str]:
        """Return the state of every node; nothing while no controller answers."""
        path = shutil.which("sinfo", path=PATHS)
        assert path is not None
        done = subprocess.run([path, "-h", "-N", "-o", "%N %t"], env=self.environment, capture_output=True, text=True)
        return dict(line.split() for line in done.stdout.splitlines()) if done.returncode == 0 else {}

    def is_ready(self) -> bool:
        """Tell whether every node is there and idle."""
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} ended\n{self.log()}"
        return self.nodes() == dict.fromkeys(NODES, "idle")

    def drain(self, *nodes: str) -> None:
        """Let nodes take no job any more."""
        self.call("scontrol", "update", f"NodeName={','.join(nodes)}", "State=DRAIN", "Reason=trial")

    def resume(self, *nodes: str) -> None:
        """Let nodes take jobs again."""

        def serves(node: str) -> bool:
            state = self.nodes().get(node, "unk")
            if state.startswith(("drain", "drng", "down")):
                with contextlib.suppress(AssertionError):  # refused until a new controller has heard of the node
                    self.call("scontrol", "update", f"NodeName={node}", "State=RESUME")
            return state in ("idle", "mix", "alloc")

        for node in nodes:
            until(lambda node=node: serves(node), f"{node} serves")  # type: ignore[misc]

    def jobs(self, *states: str) -> dict[str, str]:
        """Return state and name of the jobs that are in the queue, by their number."""
        wanted = ["-t", ",".join(states)] if states else []
        lines = self.call("squeue", "-h", "-o", "%i %T %j", *wanted).splitlines()
        return {line.split()[0]: " ".join(line.split()[1:]) for line in lines}

    def stop_all(self) -> None:
        if "controller" in self.processes:
            for job in self.jobs():
                self.call("scancel", job)
            with contextlib.suppress(AssertionError):
                until(lambda: not self.jobs(), "no job is left")
        for name in reversed(list(self.processes)):
            self.stop(name)


def _device(path: Path, number: int) -> None:
    """Make what Slurm takes for a GPU: the device file of one where this user may, else any file."""
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(195, number))
    except PermissionError:
        path.touch()


class SSHServer(Daemons):
    """An sshd with keys of its own, and a client key that it trusts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {**os.environ, "PATH": PATHS})
        (self.port,) = free_ports(1)
        for name in ("host_key", "id", "other_id"):
            subprocess.run(
                [str(shutil.which("ssh-keygen")), "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
            )
        self.identity, self.stranger = folder / "id", folder / "other_id"
        shutil.copy(folder / "id.pub", folder / "authorized_keys")
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {(folder / 'host_key.pub').read_text()}")
        self.conf = folder / "sshd_config"
        self.conf.write_text(SSHD_CONF.format(port=self.port, folder=folder))

    def start_all(self) -> None:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own place to give up its rights in
        self.start("sshd", "sshd", "-D", "-e", "-f", str(self.conf))

        def answers() -> bool:
            assert self.processes["sshd"].poll() is None, self.log()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        until(answers, "sshd answers")

    def remote(self) -> list[psutil.Process]:
        """Return what runs on behalf of those who came in, whoever its parent is by now."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                own = process.environ().get("SSH_CONNECTION", "").endswith(f" 127.0.0.1 {self.port}")
                if own and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def stop_all(self) -> None:
        for name in list(self.processes):
            process = psutil.Process(self.processes[name].pid)
            family = [process, *process.children(recursive=True)]
            self.stop(name)
            for member in [*family, *self.remote()]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()


@contextlib.contextmanager
def serving(
    kind: type[Slurm] | type[SSHServer], programs: tuple[str, ...], packages: str
) -> Iterator[Slurm | SSHServer]:
    """Start a server for a test session, or skip with the reason if this is not possible."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux")
    if lacking := missing(programs):
        pytest.skip(f"{', '.join(lacking)} not installed; apt-get install {packages}")
    folder = Path(tempfile.mkdtemp(prefix=f"designer-{kind.__name__.lower()}-"))
    server = kind(folder)
    try:
        server.start_all()
        yield server
    finally:
        server.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
