"""A Dask scheduler in the campaign's process, and the options of its workers."""

import logging
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dask
import distributed

from designer.cluster.certificates import Certificates
from designer.cluster.scratch import user_folder
from designer.config.cluster import ClusterSettings
from designer.origins import LOOPBACK, SETTING, own_origins, refuse_foreign_hosts

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENMM_CPU_THREADS")
OPTIONS: Mapping[str, Any] = {
    # The pages of its dashboard open websockets to it, and no others; the port follows when it is known.
    SETTING: [LOOPBACK],
    # Read-only pages; routes that act on the scheduler or forward to other servers are disabled.
    "distributed.scheduler.http.routes": [
        f"distributed.http.{name}"
        for name in ("scheduler.prometheus", "scheduler.info", "scheduler.json", "health", "statics")
    ],
    # Retries are counted by the campaign, which knows what had begun on a worker that died.
    "distributed.scheduler.allowed-failures": 0,
    # A simulation may block Python inside its libraries for hours without a heartbeat.
    "distributed.scheduler.worker-ttl": None,
    "distributed.admin.tick.limit": "1h",
    "distributed.admin.large-graph-warning-threshold": "1GB",
    # Memory belongs to the simulation libraries; Dask must neither spill nor kill because of it.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
}


def thread_environment(settings: ClusterSettings) -> dict[str, str]:
    """Return the variables that give libraries the threads of one simulation."""
    return dict.fromkeys(THREAD_VARIABLES, str(settings.threads_per_worker))


def protected(certificates: Certificates | None) -> dict[str, Any]:
    """Return the TLS options of a scheduler or worker; without certificates it is open to everybody."""
    if certificates is None:
        return {"security": None, "protocol": "tcp://"}
    return {"security": certificates.security(), "protocol": "tls://"}


@contextmanager
def quiet_dask(scratch: str | None = None) -> Iterator[None]:
    """Set Dask's options for everything started in the block, and silence its loggers.

    Args:
        scratch: Folder for files of schedulers and workers of this machine; that of temporary files by default.

    Raises:
        UnsafeFolder: Another user owns the folder or can write to it.
    """
    # Dask makes modules in this folder importable, also in this process; its default folder could be created by any user.
    options = {**OPTIONS, "temporary-directory": str(user_folder(scratch))}
    # Read whenever a worker is lost, long after this block; the nanny restarts it.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"})
    for name in ("distributed", "distributed.nanny", "distributed.worker", "distributed.scheduler", "bokeh"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(options), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Port .* is already in use", module="distributed")
        yield


def scheduler_spec(
    settings: ClusterSettings, certificates: Certificates | None, host: str = LOOPBACK, port: int = 0
) -> dict[str, Any]:
    """Return the specification of a scheduler for `SpecCluster`; its dashboard is always on the loopback interface."""
    return {
        "cls": OwnScheduler,
        "options": {
            "host": host,
            "port": port,
            **protected(certificates),
            "dashboard": True,
            "dashboard_address": f"{LOOPBACK}:{free_port(settings.dashboard_port)}",
        },
    }


class OwnScheduler(distributed.Scheduler):
    """A scheduler whose dashboard accepts websockets from its own pages only, and requests to the names of its machine only."""

    def start_http_server(self, *arguments: Any, **options: Any) -> None:
        """Start the server; Dask creates the pages, which read the setting, afterwards."""
        super().start_http_server(*arguments, **options)  # type: ignore[no-untyped-call]
        server: Any = self.http_server
        origins = own_origins(server.address, server.port)
        dask.config.set({SETTING: origins})
        refuse_foreign_hosts(self.http_application, origins)


def free_port(wanted: int) -> int:
    """Return `wanted` if the port is free, else zero, which lets the system choose."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError:
            return 0
    return wanted
