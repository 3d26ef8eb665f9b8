"""Execution of simulations. The campaign uses the protocol `Cluster`; Dask is loaded when a cluster is started."""

from designer.cluster.base import CalculationJob, Cluster, Finished, Job, Message, Noted, Progressed, Returned
from designer.cluster.task import Outcome, SimulateFunction, Trouble

__all__ = [
    "Cluster",
    "Finished",
    "Job",
    "Message",
    "Noted",
    "Outcome",
    "Progressed",
    "CalculationJob",
    "Returned",
    "SimulateFunction",
    "Trouble",
]
