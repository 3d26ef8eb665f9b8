"""Where simulations run. The campaign sees only `Cluster`; Dask is loaded when one is started."""

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
