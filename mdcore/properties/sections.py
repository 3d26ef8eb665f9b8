"""Sections of protocols and calculations without what equals their defaults, so that spelling a default out changes no identity."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from mdcore.properties.base import EQUILIBRATED
from mdcore.settings.simulation import SimulationSettings

if TYPE_CHECKING:
    from mdcore.calculations import Calculation


def without_default_sections(settings: SimulationSettings) -> SimulationSettings:
    """Return the settings without entries of `protocols` and `calculations` that change nothing, and without empty sections.

    An entry changes nothing if the protocol or calculation is the same without it. Sections with an unknown name or invalid entries
    stay as they are; a plan refuses them.

    Args:
        settings: Settings of a simulation.
    """
    if not settings.protocols and not settings.calculations:
        return settings  # without loading what the protocols need
    from mdcore.calculations import CALCULATIONS
    from mdcore.protocols import PROTOCOLS

    found = settings
    for name in settings.protocols:
        if name != EQUILIBRATED and (protocol := PROTOCOLS.get(name)) is not None:
            found = _shortened(found, "protocols", name, protocol.of)
    for name in settings.calculations:
        if (calculation := CALCULATIONS.get(name)) is not None:
            found = _shortened(found, "calculations", name, partial(_calculation, calculation))
    return found


def _shortened(
    settings: SimulationSettings, group: str, name: str, made: Callable[[SimulationSettings], BaseModel]
) -> SimulationSettings:
    """Return the settings with the shortest section of this name that gives the same protocol or calculation."""
    try:
        wanted = made(settings)
    except ValidationError:
        return settings
    for key in getattr(settings, group)[name]:
        section = {k: v for k, v in getattr(settings, group)[name].items() if k != key}
        shorter = _with(settings, group, name, section)
        with suppress(ValidationError):
            if made(shorter) == wanted:
                settings = shorter
    return settings if getattr(settings, group)[name] else _with(settings, group, name, None)


def _calculation(kind: "type[Calculation]", settings: SimulationSettings) -> "Calculation":
    from mdcore.optics import OpticsSettings

    return kind.of(settings, OpticsSettings(kind="additive"))


def _with(settings: SimulationSettings, group: str, name: str, section: Mapping[str, Any] | None) -> SimulationSettings:
    sections = {k: v for k, v in getattr(settings, group).items() if k != name}
    if section is not None:
        sections[name] = dict(section)
    return settings.model_copy(update={group: sections})
