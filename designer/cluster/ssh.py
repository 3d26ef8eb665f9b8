"""Workers on machines accessed by SSH."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from designer.cluster.certificates import Certificates, certificates_of
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.local import start_processes
from designer.cluster.parts import PARTS, WHOLE
from designer.cluster.scheduler import thread_environment
from designer.cluster.task import Step
from designer.config.cluster import SSHClusterSettings, SSHHost
from designer.errors import ClusterLost, MissingPart
from designer.origins import LOOPBACK


def start_ssh(settings: SSHClusterSettings, steps: Sequence[Step] | None = None) -> DaskCluster:
    """Start a scheduler here and workers on other machines.

    Args:
        settings: The section `cluster` of a campaign.
        steps: Steps of a job; replaced by tests.

    Raises:
        ClusterLost: A machine cannot be reached, or its worker does not start.
        MissingPart: The SSH library is not installed.
    """
    try:
        import asyncssh
    except ImportError as error:
        raise MissingPart("cluster.kind ssh needs asyncssh; pip install 'polymer-designer[ssh]'") from error
    certificates = certificates_of(settings.tls)
    if certificates is not None:
        certificates = certificates.texts()
    workers: dict[str, dict[str, Any]] = {}
    slots = 0
    for host in settings.hosts:
        places = [str(gpu) for gpu in host.gpus for _ in range(settings.simulations_per_gpu)]
        places += [""] * host.simulations
        for number, gpu in enumerate(places):
            workers[f"{host.host}-md-{number}"] = _spec(settings, certificates, host, "MD", gpu)
        for number in range(host.cpu_workers):
            workers[f"{host.host}-cpu-{number}"] = _spec(settings, certificates, host, "CPU", "")
        slots += len(places) + host.cpu_workers
    default = PARTS if any(host.cpu_workers for host in settings.hosts) else WHOLE
    try:
        return start_processes(
            settings,
            certificates,
            workers,
            tuple(steps) if steps is not None else default,
            slots,
            settings.simulations_per_gpu,
            settings.listen,
            settings.port,
        )
    except (OSError, asyncssh.Error, RuntimeError) as error:
        hosts = ", ".join(host.host for host in settings.hosts)
        raise ClusterLost(
            f"not every worker on {hosts} started ({' '.join(str(error).split()) or type(error).__name__}); check that "
            "`ssh HOST PYTHON -c 'import designer'` works there without a password"
        ) from error


def _spec(
    settings: SSHClusterSettings, certificates: Certificates | None, host: SSHHost, resource: str, gpu: str
) -> dict[str, Any]:
    from designer.cluster.ssh_worker import SSHWorker

    connect: dict[str, Any] = {"port": host.port}
    if host.user is not None:
        connect["username"] = host.user
    if settings.known_hosts is not None:
        connect["known_hosts"] = str(Path(settings.known_hosts).expanduser())
    if settings.identity is not None:
        connect["client_keys"] = [str(Path(settings.identity).expanduser())]
    environment = {**thread_environment(settings), "CUDA_VISIBLE_DEVICES": gpu}
    options: dict[str, Any] = {
        "nthreads": 1,
        "memory_limit": 0,
        "dashboard": False,
        "dashboard_address": f"{LOOPBACK}:0",
        "env": environment,
        "resources": {resource: 1},
        "protocol": "tcp://" if certificates is None else "tls://",
    }
    if settings.worker_host is not None:
        options["host"] = settings.worker_host
    if certificates is not None:
        options["security"] = certificates.options()
    return {
        "cls": SSHWorker,
        "options": {
            "address": host.host,
            "connect_options": connect,
            "options": options,
            "python": settings.python,
            "scratch": settings.scratch,
        },
    }
