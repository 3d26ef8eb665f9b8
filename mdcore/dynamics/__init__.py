"""Running bundles with OpenMM: stages, observables, checkpoints, convergence. Needs numpy, openmm and pydantic only."""

from mdcore.dynamics.bundle import SimulationBundle, library_versions
from mdcore.dynamics.convergence import Convergence, assess
from mdcore.dynamics.frames import Frames, read_frames
from mdcore.dynamics.observables import OBSERVABLES, STANDARD, Observable, RecordState, register_observable
from mdcore.dynamics.platform import choose_platform, platform_works
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.recorded import FinalState, Records, RunRecord, Targets, read_record
from mdcore.dynamics.runner import RunSummary, read_summary, run
from mdcore.dynamics.series import COLUMNS, Series
from mdcore.dynamics.stages import (
    STAGES,
    CompressStage,
    DynamicsStage,
    FrameSettings,
    HeatExchangeStage,
    MinimiseStage,
    NVEStage,
    Stage,
    TemperatureStepStage,
    TimedStage,
    register_stage,
)
from mdcore.dynamics.statistics import energy_drift, half_drift, mean_and_stderr, statistical_inefficiency

__all__ = [
    "COLUMNS",
    "OBSERVABLES",
    "STAGES",
    "STANDARD",
    "CompressStage",
    "Convergence",
    "DynamicsStage",
    "FinalState",
    "FrameSettings",
    "Frames",
    "HeatExchangeStage",
    "MinimiseStage",
    "NVEStage",
    "Observable",
    "Progress",
    "RecordState",
    "Records",
    "RunRecord",
    "RunSummary",
    "Series",
    "SimulationBundle",
    "Stage",
    "Targets",
    "TemperatureStepStage",
    "TimedStage",
    "assess",
    "choose_platform",
    "energy_drift",
    "half_drift",
    "library_versions",
    "mean_and_stderr",
    "platform_works",
    "read_frames",
    "read_record",
    "read_summary",
    "register_observable",
    "register_stage",
    "run",
    "statistical_inefficiency",
]
