"""Running bundles with OpenMM: stages, checkpoints, convergence. Needs numpy, openmm and pydantic only."""

from mdcore.dynamics.convergence import Convergence, assess
from mdcore.dynamics.platform import choose_platform, platform_works
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.recorded import FinalState, Records, RunRecord, Targets, read_record
from mdcore.dynamics.runner import RunSummary, read_summary, run
from mdcore.dynamics.series import COLUMNS, Series
from mdcore.dynamics.statistics import half_drift, mean_and_stderr, statistical_inefficiency

__all__ = [
    "COLUMNS",
    "Convergence",
    "FinalState",
    "Progress",
    "Records",
    "RunRecord",
    "RunSummary",
    "Series",
    "Targets",
    "assess",
    "choose_platform",
    "half_drift",
    "mean_and_stderr",
    "platform_works",
    "read_record",
    "read_summary",
    "run",
    "statistical_inefficiency",
]
