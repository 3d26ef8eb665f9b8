"""Running bundles with OpenMM: stages, checkpoints, convergence. Needs numpy, openmm and pydantic only."""

from mdcore.dynamics.convergence import Convergence, assess
from mdcore.dynamics.platform import choose_platform, platform_works
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.runner import RunSummary, read_summary, run
from mdcore.dynamics.series import COLUMNS, Series
from mdcore.dynamics.statistics import half_drift, mean_and_stderr, statistical_inefficiency

__all__ = [
    "COLUMNS",
    "Convergence",
    "Progress",
    "RunSummary",
    "Series",
    "assess",
    "choose_platform",
    "half_drift",
    "mean_and_stderr",
    "platform_works",
    "read_summary",
    "run",
    "statistical_inefficiency",
]
