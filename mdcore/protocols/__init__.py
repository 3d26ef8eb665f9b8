"""Simulation protocols, one per file: `plan(substance, conditions)` gives stages with roles and observables."""

from mdcore.protocols.base import Conditions, Protocol
from mdcore.protocols.cooling_scan import CoolingScan
from mdcore.protocols.equilibrated import Equilibrated, schedule
from mdcore.protocols.registry import PROTOCOLS, register_protocol

__all__ = ["PROTOCOLS", "Conditions", "CoolingScan", "Equilibrated", "Protocol", "register_protocol", "schedule"]
