"""Where simulations run. The campaign sees only `Cluster`; Dask is loaded when one is started."""

from designer.cluster.base import Cluster, Finished, Job, Message, Progressed, RefractionsJob
from designer.cluster.task import Outcome, SimulateFunction

__all__ = ["Cluster", "Finished", "Job", "Message", "Outcome", "Progressed", "RefractionsJob", "SimulateFunction"]
