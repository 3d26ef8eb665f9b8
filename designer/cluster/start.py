"""Start of the cluster that the section `cluster` of a campaign describes."""

from pathlib import Path

from designer.cluster.base import Cluster
from designer.config.cluster import (
    AddressClusterSettings,
    LocalClusterSettings,
    LocalCudaClusterSettings,
    OutsideClusterSettings,
    QueueSettings,
    SSHClusterSettings,
    WorkerSettings,
)
from designer.errors import InvalidRequest


def start_cluster(settings: WorkerSettings, folder: Path | None = None) -> Cluster:
    """Start or join a cluster.

    Args:
        settings: The section `cluster` of a campaign.
        folder: The campaign's folder.

    Raises:
        DesignerError: It cannot be reached or started, or its kind is `outside`.
    """
    if isinstance(settings, OutsideClusterSettings):
        raise InvalidRequest(
            "cluster.kind 'outside' does not simulate; reserve candidates with `designer ask` and record results with "
            "`designer tell`"
        )
    if isinstance(settings, LocalClusterSettings):
        from designer.cluster.local import start_local

        return start_local(settings)
    if isinstance(settings, LocalCudaClusterSettings):
        from designer.cluster.local import start_local_cuda

        return start_local_cuda(settings)
    if isinstance(settings, QueueSettings):
        from designer.cluster.batch import start_queue

        return start_queue(settings, folder=folder)
    if isinstance(settings, SSHClusterSettings):
        from designer.cluster.ssh import start_ssh

        return start_ssh(settings)
    if isinstance(settings, AddressClusterSettings):
        from designer.cluster.address import start_address

        return start_address(settings)
    raise TypeError(f"no cluster is registered for {type(settings).__name__}")
