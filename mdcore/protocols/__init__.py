"""Running bundles with OpenMM: stages, checkpoints, convergence. Needs numpy, openmm and pydantic only."""

from mdcore.protocols.convergence import Convergence, assess
from mdcore.protocols.platform import choose_platform, platform_works
from mdcore.protocols.progress import Progress
from mdcore.protocols.runner import RunSummary, read_summary, run
from mdcore.protocols.schedule import schedule
from mdcore.protocols.series import COLUMNS, Series
from mdcore.protocols.statistics import half_drift, mean_and_stderr, statistical_inefficiency

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
    "schedule",
    "statistical_inefficiency",
]
