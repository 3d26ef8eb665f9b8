"""Where simulations run. The campaign sees only `Cluster`; Dask is loaded when one is started."""

from designer.cluster.base import Cluster, Finished, Job, Message, Noted, Progressed, RefractionsJob, Returned
from designer.cluster.task import Outcome, SimulateFunction, Trouble

__all__ = [
    "Cluster",
    "Finished",
    "Job",
    "Message",
    "Noted",
    "Outcome",
    "Progressed",
    "RefractionsJob",
    "Returned",
    "SimulateFunction",
    "Trouble",
]
