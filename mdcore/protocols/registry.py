"""Registry of protocols."""

from mdcore.chem.errors import PluginError
from mdcore.chem.registry import Registry
from mdcore.protocols.base import Protocol
from mdcore.protocols.cooling_scan import CoolingScan
from mdcore.protocols.equilibrated import Equilibrated

PROTOCOLS: Registry[type[Protocol]] = Registry("protocol", PluginError)
"""Protocols; `register_protocol` adds one."""


def register_protocol(protocol: type[Protocol]) -> type[Protocol]:
    """Add a protocol; usable as a decorator.

    Raises:
        PluginError: Its name is already taken.
    """
    return PROTOCOLS.register(protocol.name, protocol)


register_protocol(Equilibrated)
register_protocol(CoolingScan)
