"""Settings of simulations: pydantic models without any engine."""

from mdcore.settings.base import Settings
from mdcore.settings.execution import ExecutionSettings
from mdcore.settings.simulation import (
    PRESETS,
    CellSettings,
    ForceFieldSettings,
    ProtocolSettings,
    SimulationSettings,
    preset,
)
from mdcore.settings.stages import CompressStage, DynamicsStage, MinimiseStage, Stage

__all__ = [
    "PRESETS",
    "CellSettings",
    "CompressStage",
    "DynamicsStage",
    "ExecutionSettings",
    "ForceFieldSettings",
    "MinimiseStage",
    "ProtocolSettings",
    "Settings",
    "SimulationSettings",
    "Stage",
    "preset",
]
