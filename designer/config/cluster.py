"""The section `cluster`: the resources that simulations run on, one model for each kind.

A kind is a plug-in: a subclass of `ClusterSettings` that starts a cluster, registered with `register_cluster`. Models are loaded with every
campaign file, so that Dask is imported by `start` alone.
"""

import ipaddress
from abc import abstractmethod
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from designer.config.base import Section
from designer.config.batch_system import LSF, PBS, SLURM, BatchSystem
from designer.config.kinds import OfKind, add_kind
from designer.errors import InvalidRequest
from mdcore.chem.registry import Registry


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class TLSSettings(Section):
    """Encrypted and authenticated connections between campaign, scheduler and workers.

    Attributes:
        ca: Certificate of the authority; peers without a certificate signed by it are rejected.
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
            raise ValueError(f"certificate file {path!r} does not exist; give the path of a PEM file")
        return path


class HangSettings(Section):
    """Detection of hung simulations: the worker is killed and the simulation resumes from its checkpoint on another worker.

    Attributes:
        factor: A simulation counts as hung after `factor` times the expected time to its next report or its end, at its speed in ns/day.
        at_least_s: Minimum time in s without a report before a simulation counts as hung; builds and minimisations do not report.
        attempts: Number of hangs after which a simulation counts as failed.
    """

    factor: Annotated[float, Field(ge=2)] = 20.0
    at_least_s: Annotated[float, Field(gt=0)] = 3600.0
    attempts: Annotated[int, Field(ge=1, le=20)] = 2


class ClusterSettings(Section):
    """Settings that all kinds of cluster share. Each kind has a field `kind`.

    Attributes:
        threads_per_worker: CPU threads of each simulation.
        retries: Number of times that an evaluation is resubmitted after its worker died without progress; jobs ended by a batch system do
            not count.
        ahead: Number of evaluations chosen before a worker is free, so that workers do not wait for the acquisition. They are chosen with
            less data, which matters little for many short simulations.
        hang: Detection of hung simulations.
        dashboard_port: Port of the Dask dashboard on the loopback interface; if it is in use, a free port is taken.
        tls: Encryption and authentication of connections. `temporary`: certificates that are created for this run and deleted afterwards;
            `off`: none, so that everybody who can reach the scheduler can run programs as you; or your own certificates. With kind
            `address`, certificates that its scheduler accepts, by default those of Dask's configuration.
        files: `shared`: workers share the campaign's folder; `transfer`: files are sent to and from the workers.
        scratch: Folder on the workers for temporary files and, with `transfer`, for the files of simulations; each user gets a private
            subfolder. The system's folder for temporary files by default.
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

    if TYPE_CHECKING:
        kind: str

    @property
    def recorded_fidelity(self) -> str | None:
        """Fidelity of the measurements if all are recorded with `designer tell`; None if the cluster simulates."""
        return None

    @abstractmethod
    def start(self, folder: Path | None) -> Any:
        """Start or join the cluster.

        Args:
            folder: The campaign's folder.

        Returns:
            A `designer.cluster.Cluster`.

        Raises:
            DesignerError: It cannot be reached or started, or this kind does not simulate.
        """


CLUSTERS: Registry[type[ClusterSettings]] = Registry("kind of cluster")
"""Kinds of clusters by the value of their field `kind`."""
AnyCluster = Annotated[ClusterSettings, OfKind(CLUSTERS)]
"""A cluster of any kind, in a model."""
C = TypeVar("C", bound=ClusterSettings)


def register_cluster(settings: type[C]) -> type[C]:
    """Add a kind of cluster and return it; a class decorator.

    Raises:
        PluginError: The kind is taken, or the class has no field `kind` with a default.
    """
    add_kind(CLUSTERS, settings)
    return settings


def _started(home: str, *arguments: Any, **options: Any) -> Any:
    """Call a function `MODULE:NAME` of `designer.cluster`, which is loaded only when a cluster is started."""
    module, _, name = home.partition(":")
    return getattr(import_module(f"designer.cluster.{module}"), name)(*arguments, **options)


@register_cluster
class LocalClusterSettings(ClusterSettings):
    """Worker processes on this machine.

    Attributes:
        kind: `local`.
        workers: Number of parallel simulations.
    """

    kind: Literal["local"] = "local"
    workers: Annotated[int, Field(ge=1, le=1024)] = 1

    def start(self, folder: Path | None) -> Any:
        """Start worker processes on this machine."""
        return _started("local:start_local", self)


@register_cluster
class LocalCudaClusterSettings(ClusterSettings):
    """Worker processes on this machine, bound to its GPUs; separate workers build and analyse.

    Attributes:
        kind: `local_cuda`.
        gpus: Numbers of the GPUs, or `all`.
        simulations_per_gpu: Number of parallel simulations on each GPU; several small cells are needed to load a GPU fully.
        cpu_workers: Processes that build, analyse and compute refractions.
    """

    kind: Literal["local_cuda"] = "local_cuda"
    gpus: tuple[Annotated[int, Field(ge=0)], ...] | Literal["all"] = "all"
    simulations_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    cpu_workers: Annotated[int, Field(ge=1, le=256)] = 1

    def start(self, folder: Path | None) -> Any:
        """Start worker processes on this machine.

        Raises:
            MissingPart: The machine has no GPU.
        """
        return _started("local:start_local_cuda", self)


class RemoteSettings(ClusterSettings):
    """Settings that all clusters on other machines share.

    Attributes:
        listen: Address of this machine at which workers connect to the scheduler. The dashboard stays on the loopback interface.
        port: Port of the scheduler; 0 takes a free one.
        python: Python interpreter on the workers, with this program installed; the present interpreter by default.
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
                f"listen {self.listen!r} with tls off allows everybody who can reach that address to run programs as you; remove "
                "`tls: off`, or confirm it with `listen_without_tls: true`"
            )
        return self

    @property
    def worker_host(self) -> str | None:
        """Interface that workers listen on: the loopback interface if the scheduler listens there, None for all interfaces."""
        return self.listen if is_loopback(self.listen) else None


class QueueJobs(Section):
    """One kind of job of a batch system.

    Attributes:
        jobs: Maximum number of jobs.
        minimum: Number of jobs that are kept while idle.
        cores: Cores of a job.
        memory: Memory of a job, such as `16GB`.
        walltime: Time limit of a job, such as `24:00:00`.
        queue: Partition or queue.
        account: Account or project to charge.
        directives: Additional directives for the batch system, such as `--gres=gpu:1`.
        workers: Number of processes of a job; those of a simulation job share its GPU.
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
    """Jobs of a batch system, submitted as needed.

    Attributes:
        simulation: Jobs that simulate, with at most one GPU each.
        building: Jobs without a GPU that build, analyse and compute refractions; without this section the simulation jobs do so.
        gpus: Whether each simulation job has a GPU.
        simulations_per_gpu: Number of parallel simulations in each simulation job.
        prologue: Shell commands that run before the worker starts, such as `module load cuda`.
        idle_s: Time in s without work after which a job is cancelled.
        log_folder: Folder for the output of jobs; the batch system's default if omitted.
        tls_folder: Folder shared with the jobs, in which a private subfolder holds the certificates of the run; the campaign's folder by
            default, with `files: transfer` one in the home folder.
    """

    simulation: QueueJobs = QueueJobs()
    building: QueueJobs | None = None
    gpus: bool = True
    simulations_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    prologue: tuple[str, ...] = ()
    idle_s: Annotated[float, Field(gt=0)] = 300.0
    log_folder: str | None = None
    tls_folder: str | None = None

    system: ClassVar[BatchSystem]
    """The batch system of the kind."""

    def start(self, folder: Path | None) -> Any:
        """Start a scheduler here, which submits jobs when there is work.

        Raises:
            InvalidConfig: The certificates cannot be written where jobs can read them.
        """
        return _started("batch:start_queue", self, folder=folder)


@register_cluster
class SlurmClusterSettings(QueueSettings):
    """Jobs of Slurm.

    Attributes:
        kind: `slurm`.
    """

    kind: Literal["slurm"] = "slurm"

    system: ClassVar[BatchSystem] = SLURM


@register_cluster
class PBSClusterSettings(QueueSettings):
    """Jobs of PBS.

    Attributes:
        kind: `pbs`.
    """

    kind: Literal["pbs"] = "pbs"

    system: ClassVar[BatchSystem] = PBS


@register_cluster
class LSFClusterSettings(QueueSettings):
    """Jobs of LSF.

    Attributes:
        kind: `lsf`.
    """

    kind: Literal["lsf"] = "lsf"

    system: ClassVar[BatchSystem] = LSF


class SSHHost(Section):
    """One machine accessed by SSH.

    Attributes:
        host: Its name or address.
        user: User name; taken from the SSH configuration by default.
        port: Port of its SSH server.
        gpus: Numbers of its GPUs.
        simulations: Number of parallel simulations without a GPU.
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
            raise ValueError(f"host {self.host!r} has no workers; set gpus, simulations or cpu_workers")
        return self


@register_cluster
class SSHClusterSettings(RemoteSettings):
    """Machines accessed by SSH with keys; password prompts are disabled.

    Attributes:
        kind: `ssh`.
        hosts: The machines.
        simulations_per_gpu: Number of parallel simulations on each GPU.
        known_hosts: File of trusted host keys; the user's by default.
        identity: File of the private key; the user's keys by default.
    """

    kind: Literal["ssh"] = "ssh"
    hosts: Annotated[tuple[SSHHost, ...], Field(min_length=1)]
    simulations_per_gpu: Annotated[int, Field(ge=1, le=64)] = 1
    known_hosts: str | None = None
    identity: str | None = None

    @model_validator(mode="after")
    def _simulates(self) -> "SSHClusterSettings":
        if not any(host.gpus or host.simulations for host in self.hosts):
            raise ValueError("no host can simulate; set gpus or simulations for at least one of them")
        return self

    def start(self, folder: Path | None) -> Any:
        """Start a scheduler here and workers on the machines.

        Raises:
            ClusterLost: A machine cannot be reached, or its worker does not start.
            MissingPart: The SSH library is not installed.
        """
        return _started("ssh:start_ssh", self)


@register_cluster
class AddressClusterSettings(ClusterSettings):
    """An existing Dask scheduler.

    Workers started with `--resources MD=1` simulate and those started with `--resources CPU=1` build and analyse; workers without
    resources do everything. All workers need `--nthreads 1`.

    Attributes:
        kind: `address`.
        address: Address of the scheduler, such as `tcp://10.0.0.5:8786`.
        wait_s: Time in s to wait for a scheduler that does not answer.
    """

    kind: Literal["address"] = "address"
    address: Annotated[str, Field(pattern=r"^(tcp|tls|ucx)://.+:\d+$")]
    wait_s: Annotated[float, Field(ge=0)] = 3600.0

    @model_validator(mode="after")
    def _as_its_scheduler(self) -> "AddressClusterSettings":
        if isinstance(self.tls, TLSSettings) and not self.address.startswith("tls://"):
            raise ValueError(f"address {self.address!r} does not use TLS; write tls://..., or remove the key tls")
        return self

    def start(self, folder: Path | None) -> Any:
        """Connect to the scheduler.

        Raises:
            ClusterLost: There is no scheduler at the address, or it has no workers.
            InvalidConfig: A worker runs several tasks in one process, or certificates are missing.
        """
        return _started("address:start_address", self)


@register_cluster
class OutsideClusterSettings(ClusterSettings):
    """No simulations: `designer ask` prints candidates for a laboratory, a robot or another code, and `designer tell` records results.

    Attributes:
        kind: `outside`.
        fidelity: Name of the source of the measurements.
    """

    kind: Literal["outside"] = "outside"
    fidelity: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")] = "experiment"

    @property
    def recorded_fidelity(self) -> str:
        """Fidelity of the measurements."""
        return self.fidelity

    def start(self, folder: Path | None) -> Any:
        """Refuse to simulate.

        Raises:
            InvalidRequest: Always.
        """
        raise InvalidRequest(
            f"cluster.kind {self.kind!r} does not simulate; reserve candidates with `designer ask` and record results with "
            "`designer tell`"
        )
