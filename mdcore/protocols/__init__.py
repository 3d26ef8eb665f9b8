"""Simulation protocols, one per file: `plan(substance, conditions)` gives stages with roles and observables."""

from mdcore.protocols.approach_to_equilibrium import ApproachToEquilibrium
from mdcore.protocols.base import Conditions, Protocol
from mdcore.protocols.equilibrated import Equilibrated, schedule
from mdcore.protocols.heat_capacity import HeatCapacity
from mdcore.protocols.heat_flow import HeatFlow, HeatFlowY, HeatFlowZ
from mdcore.protocols.registry import PROTOCOLS, register_protocol

__all__ = [
    "PROTOCOLS",
    "ApproachToEquilibrium",
    "Conditions",
    "Equilibrated",
    "HeatCapacity",
    "HeatFlow",
    "HeatFlowY",
    "HeatFlowZ",
    "Protocol",
    "register_protocol",
    "schedule",
]
