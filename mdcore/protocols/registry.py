"""Registry of protocols."""

from mdcore.chem.errors import PluginError
from mdcore.chem.registry import Registry
from mdcore.protocols.approach_to_equilibrium import ApproachToEquilibrium
from mdcore.protocols.base import Protocol
from mdcore.protocols.equilibrated import Equilibrated
from mdcore.protocols.heat_capacity import HeatCapacity
from mdcore.protocols.heat_flow import HeatFlow, HeatFlowY, HeatFlowZ

PROTOCOLS: Registry[type[Protocol]] = Registry("protocol", PluginError)
"""Protocols; `register_protocol` adds one."""


def register_protocol(protocol: type[Protocol]) -> type[Protocol]:
    """Add a protocol; usable as a decorator.

    Raises:
        PluginError: Its name is already taken.
    """
    return PROTOCOLS.register(protocol.name, protocol)


for _one in (Equilibrated, HeatCapacity, HeatFlow, HeatFlowY, HeatFlowZ, ApproachToEquilibrium):
    register_protocol(_one)
