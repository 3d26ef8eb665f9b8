"""Worker processes on this machine, with or without GPUs."""

import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import distributed

from designer.cluster.certificates import Certificates, certificates_of
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.parts import PARTS, whole
from designer.cluster.scheduler import protected, quiet_dask, scheduler_spec, thread_environment
from designer.cluster.task import SimulateFunction, Step
from designer.cluster.way import Way
from designer.config.cluster import ClusterSettings, LocalClusterSettings, LocalCudaClusterSettings
from designer.errors import MissingPart
from designer.origins import LOOPBACK

SHUTDOWN_S = 15
"""Time in s for workers to end by themselves."""


def start_local(settings: LocalClusterSettings, simulate: SimulateFunction = whole) -> DaskCluster:
    """Start worker processes, a scheduler and its dashboard, all on the loopback interface.

    Each worker runs one simulation at a time; `threads_per_worker` are the threads of the simulation, not of Dask.

    Args:
        settings: The section `cluster` of a campaign.
        simulate: Function that a worker calls; replaced by tests.
    """
    environment, certificates = thread_environment(settings), certificates_of(settings.tls)
    workers = {f"worker-{i}": nanny(certificates, environment, {"MD": 1}) for i in range(settings.workers)}
    steps = (Step("simulate", "MD", simulate),)
    return start_processes(settings, certificates, workers, steps, settings.workers, settings.workers)


def start_local_cuda(settings: LocalCudaClusterSettings, steps: Sequence[Step] = PARTS) -> DaskCluster:
    """Start processes bound to the GPUs of this machine, optionally several for each, and others for building.

    Args:
        settings: The section `cluster` of a campaign.
        steps: Steps of a job; replaced by tests.

    Raises:
        MissingPart: The machine has no GPU.
    """
    gpus = tuple(range(_gpu_count())) if settings.gpus == "all" else settings.gpus
    if not gpus:
        raise MissingPart("this machine has no NVIDIA GPU (nvidia-smi -L shows none); use cluster.kind local")
    common, certificates = thread_environment(settings), certificates_of(settings.tls)
    workers: dict[str, dict[str, Any]] = {}
    for gpu in gpus:
        for place in range(settings.simulations_per_gpu):
            own = {**common, "CUDA_VISIBLE_DEVICES": str(gpu)}
            workers[f"gpu-{gpu}-{place}"] = nanny(certificates, own, {"MD": 1})
    for place in range(settings.cpu_workers):
        workers[f"cpu-{place}"] = nanny(certificates, {**common, "CUDA_VISIBLE_DEVICES": ""}, {"CPU": 1})
    simulations = len(gpus) * settings.simulations_per_gpu
    return start_processes(
        settings, certificates, workers, tuple(steps), simulations + settings.cpu_workers, settings.simulations_per_gpu
    )


def nanny(certificates: Certificates | None, environment: dict[str, str], resources: dict[str, int]) -> dict[str, Any]:
    """Return the specification for `SpecCluster` of a worker process that is restarted when it dies."""
    return {
        "cls": distributed.Nanny,
        "options": {
            "nthreads": 1,
            "memory_limit": 0,
            "host": LOOPBACK,
            "dashboard": False,
            "dashboard_address": f"{LOOPBACK}:0",
            "env": environment,
            "resources": resources,
            **protected(certificates),
            "silence_logs": 50,
            "preload": ["designer.cluster.undisturbed"],
        },
    }


def start_processes(
    settings: ClusterSettings,
    certificates: Certificates | None,
    workers: dict[str, dict[str, Any]],
    steps: tuple[Step, ...],
    slots: int,
    simulations_per_gpu: int,
    host: str = LOOPBACK,
    port: int = 0,
) -> DaskCluster:
    """Start a scheduler and the workers of a specification, and wait until all are connected."""
    security = protected(certificates)["security"]
    with quiet_dask(settings.scratch if host == LOOPBACK else None):
        scheduler = scheduler_spec(settings, certificates, host, port)
        cluster = distributed.SpecCluster(workers=workers, scheduler=scheduler, security=security, silence_logs=50)
        client = distributed.Client(cluster, security=security)
    way = Way.of(settings, steps, lambda: slots, simulations_per_gpu=simulations_per_gpu)
    return DaskCluster(client, way, lambda client: shut_down(cluster, client))


def shut_down(cluster: Any, client: "distributed.Client") -> None:
    """Stop client, workers and scheduler; kill workers that do not end in time.

    All outcomes are recorded by then, and running simulations can resume from their checkpoints.

    Args:
        cluster: A `distributed.deploy.Cluster`; worker processes are those of a `SpecCluster`.
        client: Its client.
    """
    workers = [getattr(nanny, "pid", None) for nanny in getattr(cluster, "workers", {}).values()]
    try:
        client.close(timeout=SHUTDOWN_S)
        cluster.close(timeout=SHUTDOWN_S)
    except TimeoutError:
        _end(workers)


def _end(pids: Iterable[int | None]) -> None:
    for pid in pids:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _gpu_count() -> int:
    """Count the GPUs; dask-cuda, if installed, also handles masked and partitioned ones."""
    try:
        from dask_cuda.utils import get_n_gpus
    except ImportError:
        from designer.machine import gpu_names

        return len(gpu_names())
    return int(get_n_gpus())
