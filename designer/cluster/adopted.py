"""Dask clusters that are started by the code of a plug-in."""

import socket
from collections.abc import Callable
from typing import Any

import dask
import distributed

from designer.cluster.dask_cluster import DaskCluster
from designer.cluster.local import shut_down
from designer.cluster.parts import WHOLE
from designer.cluster.scheduler import free_port, quiet_dask
from designer.cluster.task import Step
from designer.cluster.way import Way
from designer.config.cluster import ClusterSettings
from designer.origins import LOOPBACK, SETTING, own_origins


def on_dask(
    make: Callable[[str], Any],
    settings: ClusterSettings,
    slots: Callable[[], int],
    *,
    steps: tuple[Step, ...] = WHOLE,
    resources: bool = False,
) -> DaskCluster:
    """Run the simulations of a campaign on a Dask cluster, which is closed with the campaign.

    Args:
        make: Starts the cluster, a `distributed.deploy.Cluster` such as `LocalCluster` or `dask_kubernetes.operator.KubeCluster`, whose
            workers have one thread each. It is called with the address for a dashboard on this machine, while Dask's options for
            campaigns are set: no retries by Dask, no limits of memory, a private folder for temporary files, and a dashboard that accepts
            its own pages only.
        settings: The section `cluster` of the campaign.
        slots: Returns the number of jobs that the cluster can use at a time.
        steps: Steps of a job, one task each.
        resources: Whether workers declare the resources that the steps name, `MD` or `CPU`.
    """
    port = free_port(settings.dashboard_port) or _any_port()
    with quiet_dask(settings.scratch), dask.config.set({SETTING: own_origins(LOOPBACK, port)}):
        cluster = make(f"{LOOPBACK}:{port}")
        client = distributed.Client(cluster)
    way = Way.of(settings, steps, slots, resources=resources)
    return DaskCluster(client, way, lambda client: shut_down(cluster, client))


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
