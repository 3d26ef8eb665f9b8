"""A Dask scheduler in the campaign's own process, and what its workers need."""

import logging
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dask
import distributed

from designer.config.cluster import TLSSettings, WorkerSettings

LOOPBACK = "127.0.0.1"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENMM_CPU_THREADS")
OPTIONS: Mapping[str, Any] = {
    # Retries are counted by the campaign, which knows what had begun on a worker that died.
    "distributed.scheduler.allowed-failures": 0,
    # A simulation computes for hours, and Python is not interrupted inside its libraries: silence means nothing.
    "distributed.scheduler.worker-ttl": None,
    "distributed.admin.tick.limit": "1h",
    "distributed.admin.large-graph-warning-threshold": "1GB",
    # Memory belongs to the simulation libraries; Dask must neither spill nor kill because of it.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
}


def thread_environment(settings: WorkerSettings) -> dict[str, str]:
    """Return the variables that give libraries the threads of one simulation."""
    return dict.fromkeys(THREAD_VARIABLES, str(settings.threads_per_worker))


def security_of(tls: TLSSettings | None) -> "distributed.Security | None":
    """Return Dask's security for certificates; None leaves connections as they are."""
    if tls is None:
        return None
    roles = {
        f"tls_{role}_{what}": getattr(tls, what)
        for role in ("scheduler", "worker", "client")
        for what in ("cert", "key")
    }
    return distributed.Security(tls_ca_file=tls.ca, require_encryption=True, **roles)


@contextmanager
def quiet_dask(tls: TLSSettings | None) -> Iterator[None]:
    """Set Dask's options for what is started in the block, and keep its loggers from talking to the user."""
    options = dict(OPTIONS)
    if tls is not None:
        # Workers on other machines inherit the configuration, not our objects.
        options |= {"distributed.comm.require-encryption": True, "distributed.comm.tls.ca-file": tls.ca}
        for role in ("scheduler", "worker", "client"):
            options |= {
                f"distributed.comm.tls.{role}.cert": tls.cert,
                f"distributed.comm.tls.{role}.key": tls.key,
            }
    # Read whenever a worker is lost, long after this block: the nanny starts it again, however long that takes.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"})
    for name in ("distributed", "distributed.nanny", "distributed.worker", "distributed.scheduler", "bokeh"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(options), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Port .* is already in use", module="distributed")
        yield


def scheduler_spec(settings: WorkerSettings, host: str = LOOPBACK, port: int = 0) -> dict[str, Any]:
    """Return what `SpecCluster` needs to start a scheduler; its dashboard is on the loopback interface, whatever `host` is."""
    return {
        "cls": distributed.Scheduler,
        "options": {
            "host": host,
            "port": port,
            "protocol": "tls://" if settings.tls else "tcp://",
            "security": security_of(settings.tls),
            "dashboard": True,
            "dashboard_address": f"{LOOPBACK}:{free_port(settings.dashboard_port)}",
        },
    }


def free_port(wanted: int) -> int:
    """Return `wanted` if nobody listens there, else zero, which lets the system choose."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return 0
    return wanted
