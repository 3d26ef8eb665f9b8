"""Where simulations run: the section `cluster`, one kind at a time."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from designer.config.base import Section


def is_loopback(host: str) -> bool:
    """Tell whether only programs of this machine reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TLSSettings(Section):
    """Encrypted and authenticated connections between campaign, scheduler and workers.

    Attributes:
        ca: Certificate of the authority that signs the others; who has none signed by it is refused.
        cert: Certificate of this campaign and its workers.
        key: Its private key.
    """

    ca: str
    cert: str
    key: str

    @field_validator("ca", "cert", "key")
    @classmethod
    def _there(cls, path: str) -> str:
        if not Path(path).is_file():
            raise ValueError(f"{path!r} does not exist; give the path of a PEM file")
        return path


class HangSettings(Section):
    """When a simulation counts as hung: its worker is ended, and the simulation goes on from its checkpoint elsewhere.

    Attributes:
        factor: Allowed slowness: a sign of life may take so many times what the speed in ns/day lets expect, and so may all
            that remains.
        at_least_s: Silence in s that is always allowed: builds and minimisations give no sign.
        attempts: How often one simulation may hang before it is a failure.
    """

    factor: Annotated[float, Field(ge=2)] = 20.0
    at_least_s: Annotated[float, Field(gt=0)] = 3600.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 2


class WorkerSettings(Section):
    """What every kind of cluster has in common.

    Attributes:
        threads_per_worker: CPU threads of each simulation.
        retries: How often an evaluation is given to another worker after its worker died without having got further; jobs that a
            batch system ended do not count.
        ahead: Evaluations chosen before a worker is free for them, so that none waits for a choice; they are chosen with less
            knowledge, which matters little where simulations are short and many.
        hang: When a simulation counts as hung.
        dashboard_port: Port of the Dask dashboard on the loopback interface; a free one is taken if it is in use.
        tls: How connections are encrypted and authenticated. `temporary`: by certificates that are made for this run and thrown
            away afterwards; `off`: not at all, so that everybody who reaches the scheduler can run programs as you; or
            certificates of your own. With kind `address` those that its scheduler accepts, by default those of Dask's
            configuration.
        files: `shared`: workers see the campaign's folder; `transfer`: they do not, and files travel through them.
        scratch: Folder on the workers for files of their own, and with `transfer` for those of simulations; each user has a
            private folder in it. The folder of temporary files by default.
        fetch_s: With `transfer`, time in s between copies of the checkpoints of running simulations.
    """

    threads_per_worker: Annotated[int, Field(ge=1, le=256)] = 1
    retries: Annotated[int, Field(ge=0, le=100)] = 3
    ahead: Annotated[int, Field(ge=0, le=10_000)] = 0
    hang: HangSettings = HangSettings()
    dashboard_port: Annotated[int, Field(ge=0, le=65535)] = 8787
    tls: TLSSettings | Literal["temporary", "off"] = "temporary"
    files: Literal["shared", "transfer"] = "shared"
    scratch: str | None = None
    fetch_s: Annotated[float, Field(gt=0)] = 300.0

    @field_validator("tls", mode="before")
    @classmethod
    def _words_of_yaml(cls, value: object) -> object:
        # YAML reads `off` as false; earlier versions stored null.
        if value is None:
            return "temporary"
        return "off" if value is False else value


class LocalClusterSettings(WorkerSettings):
    """Worker processes on this machine.

    Attributes:
        kind: `local`.
        workers: Simulations at a time.
    """

    kind: Literal["local"] = "local"
    workers: Annotated[int, Field(ge=1, le=1024)] = 1


class LocalCudaClusterSettings(WorkerSettings):
    """Worker processes on this machine, bound to its GPUs; building and analysis have workers of their own.

    Attributes:
        kind: `local_cuda`.
        gpus: Numbers of the GPUs, or `all`.
        simulations_per_gpu: Simulations at a time on each GPU; small cells fill a GPU only together.
        cpu_workers: Processes that build, analyse and compute refractions.
    """

    kind: Literal["local_cuda"] = "local_cuda"
    gpus: tuple[Annotated[int, Field(ge=0)], ...] | Literal["all"] = "all"
    simulations_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    cpu_workers: Annotated[int, Field(ge=1, le=256)] = 1


class RemoteSettings(WorkerSettings):
    """What clusters on other machines have in common.

    Attributes:
        listen: Address of this machine at which workers reach the scheduler. The dashboard stays on the loopback interface.
        port: Port of the scheduler; 0 takes a free one.
        python: Python on the workers, with this program installed; the one that runs here by default.
        listen_without_tls: Confirms `tls: off` where `listen` can be reached from other machines.
    """

    listen: str
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    python: str | None = None
    listen_without_tls: bool = False

    @model_validator(mode="after")
    def _protected(self) -> "RemoteSettings":
        if self.tls == "off" and not self.listen_without_tls and not is_loopback(self.listen):
            raise ValueError(
                f"listen {self.listen!r} with tls off lets everybody who reaches that address run programs as you; leave out "
                "`tls: off`, or confirm it with `listen_without_tls: true`"
            )
        return self

    @property
    def worker_host(self) -> str | None:
        """Interface that workers listen on: that of a scheduler which only this machine reaches; None for all interfaces."""
        return self.listen if is_loopback(self.listen) else None


class QueueJobs(Section):
    """One kind of job of a batch system.

    Attributes:
        jobs: Most jobs at a time.
        minimum: Jobs that are kept even when there is nothing for them to do.
        cores: Cores of a job.
        memory: Memory of a job, as `16GB`.
        walltime: Time limit of a job, as `24:00:00`.
        queue: Partition or queue.
        account: Account or project that is charged.
        directives: Further lines for the batch system, as `--gres=gpu:1`.
        workers: Processes of a job; for simulations, those that share its GPU.
    """

    jobs: Annotated[int, Field(ge=1, le=10_000)] = 1
    minimum: Annotated[int, Field(ge=0)] = 0
    cores: Annotated[int, Field(ge=1)] = 4
    memory: str = "16GB"
    walltime: Annotated[str, Field(pattern=r"^(\d+-)?\d{1,3}:\d{2}(:\d{2})?$")] = "24:00:00"
    queue: str | None = None
    account: str | None = None
    directives: tuple[str, ...] = ()
    workers: Annotated[int, Field(ge=1, le=256)] = 1


class QueueSettings(RemoteSettings):
    """Jobs of a batch system, as many as there is work for.

    Attributes:
        simulation: Jobs with at most one GPU each, that simulate.
        building: Jobs without a GPU, that build, analyse and compute refractions; without them the former do that, too.
        gpus: Whether each simulation job has a GPU.
        simulations_per_gpu: Simulations at a time in each simulation job.
        prologue: Lines of shell before the worker starts, as `module load cuda`.
        idle_s: Time in s without work after which a job is given back.
        log_folder: Folder for the output of jobs; none keeps the batch system's default.
        tls_folder: Folder that jobs see, where a private folder holds the certificates of the run; that of the campaign by
            default, and with `files: transfer` one below the home folder.
    """

    simulation: QueueJobs = QueueJobs()
    building: QueueJobs | None = None
    gpus: bool = True
    simulations_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    prologue: tuple[str, ...] = ()
    idle_s: Annotated[float, Field(gt=0)] = 300.0
    log_folder: str | None = None
    tls_folder: str | None = None


class SlurmClusterSettings(QueueSettings):
    """Jobs of Slurm.

    Attributes:
        kind: `slurm`.
    """

    kind: Literal["slurm"] = "slurm"


class PBSClusterSettings(QueueSettings):
    """Jobs of PBS.

    Attributes:
        kind: `pbs`.
    """

    kind: Literal["pbs"] = "pbs"


class LSFClusterSettings(QueueSettings):
    """Jobs of LSF.

    Attributes:
        kind: `lsf`.
    """

    kind: Literal["lsf"] = "lsf"


class SSHHost(Section):
    """One machine that is reached by SSH.

    Attributes:
        host: Its name or address.
        user: User there; that of the SSH configuration by default.
        port: Port of its SSH server.
        gpus: Numbers of its GPUs.
        simulations: Simulations at a time without a GPU.
        cpu_workers: Processes that build, analyse and compute refractions.
    """

    host: str
    user: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    gpus: tuple[Annotated[int, Field(ge=0)], ...] = ()
    simulations: Annotated[int, Field(ge=0, le=1024)] = 0
    cpu_workers: Annotated[int, Field(ge=0, le=256)] = 0

    @model_validator(mode="after")
    def _does_something(self) -> "SSHHost":
        if not self.gpus and not self.simulations and not self.cpu_workers:
            raise ValueError(f"host {self.host!r} would do nothing; give it gpus, simulations or cpu_workers")
        return self


class SSHClusterSettings(RemoteSettings):
    """Machines that are reached by SSH with keys; passwords are never asked for.

    Attributes:
        kind: `ssh`.
        hosts: The machines.
        simulations_per_gpu: Simulations at a time on each GPU.
        known_hosts: File of the host keys that are trusted; that of the user by default.
        identity: File of the private key; those of the user by default.
    """

    kind: Literal["ssh"] = "ssh"
    hosts: Annotated[tuple[SSHHost, ...], Field(min_length=1)]
    simulations_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    known_hosts: str | None = None
    identity: str | None = None

    @model_validator(mode="after")
    def _simulates(self) -> "SSHClusterSettings":
        if not any(host.gpus or host.simulations for host in self.hosts):
            raise ValueError("no host simulates; give one of them gpus or simulations")
        return self


class AddressClusterSettings(WorkerSettings):
    """A Dask scheduler that somebody else runs.

    Workers started with `--resources MD=1` simulate and those with `--resources CPU=1` build, so that neither waits for the
    other; workers without resources do everything. Each needs `--nthreads 1`.

    Attributes:
        kind: `address`.
        address: Its address, as `tcp://10.0.0.5:8786`.
        wait_s: How long a scheduler that went away is waited for, in s.
    """

    kind: Literal["address"] = "address"
    address: Annotated[str, Field(pattern=r"^(tcp|tls|ucx)://.+:\d+$")]
    wait_s: Annotated[float, Field(ge=0)] = 3600.0

    @model_validator(mode="after")
    def _as_its_scheduler(self) -> "AddressClusterSettings":
        if isinstance(self.tls, TLSSettings) and not self.address.startswith("tls://"):
            raise ValueError(f"address {self.address!r} takes no certificates; write tls://... or leave out tls")
        return self


class OutsideClusterSettings(WorkerSettings):
    """No simulations: `designer ask` gives candidates to a laboratory, a robot or another code, `designer tell` takes results.

    Attributes:
        kind: `outside`.
        fidelity: Name of where the measurements come from.
    """

    kind: Literal["outside"] = "outside"
    fidelity: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")] = "experiment"


ClusterSettings = Annotated[
    LocalClusterSettings
    | LocalCudaClusterSettings
    | SlurmClusterSettings
    | PBSClusterSettings
    | LSFClusterSettings
    | SSHClusterSettings
    | AddressClusterSettings
    | OutsideClusterSettings,
    Field(discriminator="kind"),
]
