"""Shell completion: functions that return the values with a given beginning."""

from collections.abc import Iterable


def presets(incomplete: str) -> list[str]:
    """Complete the name of a preset."""
    from typing import get_args

    from mdcore.settings import SimulationSettings

    return _beginning(get_args(SimulationSettings.model_fields["preset"].annotation), incomplete)


def engines(incomplete: str) -> list[str]:
    """Complete the name of an engine to export to."""
    from mdcore.settings.export import ENGINES

    return _beginning(ENGINES, incomplete)


def property_name(incomplete: str) -> list[str]:
    """Complete the name of a property."""
    from mdcore.chem import PROPERTIES

    return _beginning(PROPERTIES, incomplete)


def property_list(incomplete: str) -> list[str]:
    """Complete the last name of a list of properties separated by commas."""
    given, comma, last = incomplete.rpartition(",")
    return [given + comma + name for name in property_name(last) if name not in given.split(",")]


def _beginning(values: Iterable[str], incomplete: str) -> list[str]:
    return [value for value in values if value.startswith(incomplete)]
