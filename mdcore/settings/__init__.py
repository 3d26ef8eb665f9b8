"""Settings of simulations: pydantic models, independent of engines."""

from mdcore.settings.base import Settings
from mdcore.settings.execution import ExecutionSettings
from mdcore.settings.simulation import (
    PRESETS,
    CellSettings,
    ForceFieldSettings,
    ProtocolSettings,
    SimulationSettings,
    editions_of,
    preset,
)

__all__ = [
    "PRESETS",
    "CellSettings",
    "ExecutionSettings",
    "ForceFieldSettings",
    "ProtocolSettings",
    "Settings",
    "SimulationSettings",
    "editions_of",
    "preset",
]
