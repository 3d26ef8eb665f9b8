"""Simulation protocols, one per file: `plan(substance, conditions)` gives stages with roles and observables."""

from mdcore.protocols.base import Conditions, Protocol
from mdcore.protocols.equilibrated import Equilibrated, schedule
from mdcore.protocols.heat_capacity import HeatCapacity
from mdcore.protocols.registry import PROTOCOLS, register_protocol

__all__ = ["PROTOCOLS", "Conditions", "Equilibrated", "HeatCapacity", "Protocol", "register_protocol", "schedule"]
