"""Worker processes on this machine."""

import logging
import os
import signal
import socket
import warnings
from collections.abc import Iterable
from contextlib import suppress

import dask
import distributed

from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.task import SimulateFunction
from designer.config.sections import LocalClusterSettings
from mdcore.simulate import simulate

LOOPBACK = "127.0.0.1"
SHUTDOWN_S = 15
"""Seconds that workers get to leave of their own accord."""


def start_local(settings: LocalClusterSettings, simulate: SimulateFunction = simulate) -> DaskCluster:
    """Start worker processes, a scheduler and its dashboard, all on the loopback interface.

    Each worker runs one simulation at a time; `threads_per_worker` are the threads of the simulation, not of Dask.

    Args:
        settings: The section `cluster` of a campaign.
        simulate: What a worker calls; the real simulation unless a test replaces it.
    """
    threads = str(settings.threads_per_worker)
    options = {
        "distributed.scheduler.allowed-failures": settings.retries,
        # A simulation computes for hours, and Python is not interrupted inside its libraries: silence means nothing.
        "distributed.scheduler.worker-ttl": None,
        "distributed.admin.tick.limit": "1h",
        # Memory belongs to the simulation libraries; Dask must neither spill nor kill because of it.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
    }
    environment = dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENMM_CPU_THREADS"), threads
    )
    for name in ("distributed", "distributed.nanny", "distributed.worker", "distributed.scheduler", "bokeh"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(options), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Port .* is already in use", module="distributed")
        cluster = distributed.LocalCluster(
            n_workers=settings.workers,
            threads_per_worker=1,
            processes=True,
            host=LOOPBACK,
            dashboard_address=f"{LOOPBACK}:{_free_port(settings.dashboard_port)}",
            silence_logs=logging.CRITICAL,
            env=environment,
        )
        client = distributed.Client(cluster)

    def close() -> None:
        workers = [nanny.pid for nanny in cluster.workers.values()]
        try:
            client.close(timeout=SHUTDOWN_S)
            cluster.close(timeout=SHUTDOWN_S)
        except TimeoutError:
            # Every outcome is recorded by now and a running simulation goes on from its checkpoint: a worker that is too
            # busy to leave in time is ended by force, and the campaign has not failed.
            _end(workers)

    return DaskCluster(client, settings.workers, close, simulate)


def _end(pids: Iterable[int | None]) -> None:
    for pid in pids:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _free_port(wanted: int) -> int:
    """Return `wanted` if nobody listens there, else zero, which lets the system choose."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return 0
    return wanted
