"""Registry of calculations."""

from mdcore.calculations.base import Calculation
from mdcore.calculations.molar_refractions import MolarRefractions
from mdcore.chem.errors import PluginError
from mdcore.chem.registry import Registry

CALCULATIONS: Registry[type[Calculation]] = Registry("calculation", PluginError)
"""Calculations other than dynamics; `register_calculation` adds one."""


def register_calculation(calculation: type[Calculation]) -> type[Calculation]:
    """Add a calculation; usable as a decorator.

    Raises:
        PluginError: Its name is already taken.
    """
    return CALCULATIONS.register(calculation.name, calculation)


register_calculation(MolarRefractions)
