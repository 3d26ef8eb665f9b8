"""Connection to an existing Dask scheduler."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

import distributed

from designer.cluster.certificates import certificates_of
from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.parts import PARTS, WHOLE
from designer.cluster.scheduler import quiet_dask
from designer.cluster.task import Step
from designer.cluster.way import Way
from designer.config.cluster import AddressClusterSettings, TLSSettings
from designer.errors import ClusterLost, InvalidConfig

CONNECT_S = 10
FIRST_WORKER_S = 60.0
COUNT_S = 5.0
UNPROTECTED = (
    "connections to {address} are not encrypted: everybody who can reach the scheduler or its workers can run programs there, and here "
    "as you; start both with certificates and set ca, cert and key in cluster.tls"
)


def start_address(settings: AddressClusterSettings, steps: Sequence[Step] | None = None) -> DaskCluster:
    """Connect to a scheduler, which keeps running with its workers when the campaign ends.

    Args:
        settings: The section `cluster` of a campaign.
        steps: Steps of a job; replaced by tests.

    Raises:
        ClusterLost: There is no scheduler at the address, or it has no workers.
        InvalidConfig: A worker runs several tasks in one process, or certificates are missing.
    """
    # The certificates of this run are unknown to an existing scheduler; Dask's configuration may name others.
    given = certificates_of(settings.tls) if isinstance(settings.tls, TLSSettings) else None
    security = given.security() if given else distributed.Security()
    if settings.address.startswith("tls://") and security.get_connection_args("client")["ssl_context"] is None:
        raise InvalidConfig(
            f"{settings.address} needs certificates; set ca, cert and key in cluster.tls to ones that the scheduler accepts"
        )

    def connect() -> distributed.Client:
        with quiet_dask():
            return distributed.Client(
                settings.address,
                security=security,
                timeout=CONNECT_S,
                set_as_default=False,
            )

    try:
        client = connect()
    except (OSError, TimeoutError) as error:
        raise ClusterLost(
            f"no scheduler answers at {settings.address} within {CONNECT_S} s; start it, or correct cluster.address"
        ) from error
    with ExitStack() as refused:
        refused.callback(client.close, timeout=1)
        workers = _first_workers(client, settings.address)
        for address, worker in workers.items():
            if worker["nthreads"] != 1:
                raise InvalidConfig(
                    f"worker {address} must have one thread, got {worker['nthreads']}; start it with --nthreads 1"
                )
        refused.pop_all()
    kinds = [set(worker.get("resources") or ()) for worker in workers.values()]
    marked = all(kind & {"MD", "CPU"} for kind in kinds)
    parted = marked and any("CPU" in kind and "MD" not in kind for kind in kinds)
    count = _Slots(client, len(workers))

    def renew() -> distributed.Client:
        count.client = connect()
        return count.client

    own = tuple(steps) if steps is not None else (PARTS if parted else WHOLE)
    way = Way.of(settings, own, count, resources=marked, patience_s=settings.wait_s)
    notes = [] if settings.address.startswith("tls://") else [UNPROTECTED.format(address=settings.address)]
    return DaskCluster(client, way, lambda client: client.close(timeout=CONNECT_S), connect=renew, notes=notes)


def _first_workers(client: "distributed.Client", address: str) -> dict[str, Any]:
    deadline = time.monotonic() + FIRST_WORKER_S
    while True:
        workers: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
        if workers:
            return workers
        if time.monotonic() > deadline:
            raise ClusterLost(
                f"the scheduler at {address} has no workers; start at least one with `dask worker {address} --nthreads 1`"
            )
        time.sleep(0.2)


class _Slots:
    """Number of workers, updated every few seconds; each runs one job at a time."""

    def __init__(self, client: "distributed.Client", first: int) -> None:
        self.client, self._known, self._at = client, first, time.monotonic()

    def __call__(self) -> int:
        if time.monotonic() - self._at > COUNT_S:
            self._at = time.monotonic()
            with suppress(OSError, TimeoutError, ValueError):  # the scheduler is away; the last count serves
                self._known = len(self.client.scheduler_info(n_workers=-1)["workers"])
        return max(self._known, 1)
