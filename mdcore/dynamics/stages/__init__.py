"""Stages: what a simulation does, one kind a file, settings and behaviour together."""

from mdcore.dynamics.stages.base import Engine, Recorded, Role, Stage, TimedStage
from mdcore.dynamics.stages.compress import CompressStage
from mdcore.dynamics.stages.dynamics import DynamicsStage
from mdcore.dynamics.stages.frame_settings import FrameSettings
from mdcore.dynamics.stages.heat_exchange import HeatExchangeStage
from mdcore.dynamics.stages.minimise import MinimiseStage
from mdcore.dynamics.stages.nve import NVEStage
from mdcore.dynamics.stages.registry import STAGES, kinds_of, register_stage
from mdcore.dynamics.stages.temperature_step import TemperatureStepStage

for _kind in (MinimiseStage, CompressStage, DynamicsStage, NVEStage, HeatExchangeStage, TemperatureStepStage):
    register_stage(_kind)

__all__ = [
    "STAGES",
    "CompressStage",
    "DynamicsStage",
    "Engine",
    "FrameSettings",
    "HeatExchangeStage",
    "MinimiseStage",
    "NVEStage",
    "Recorded",
    "Role",
    "Stage",
    "TemperatureStepStage",
    "TimedStage",
    "kinds_of",
    "register_stage",
]
