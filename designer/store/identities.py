"""Differences between the identity of a stored campaign and that of a configuration."""

from collections.abc import Mapping
from typing import Any

from mdcore.settings import editions_of

_SHOWN = 3


def difference(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """Return one clause that names what differs, with the first differing values, and how the stored campaign can be resumed.

    Args:
        stored: Identity in the store.
        asked: Identity of the configuration; it must differ.
    """
    parts = [key for key in asked if stored.get(key) != asked[key]]
    leaves = [
        f"{name} {then} is now {now}"
        for key in parts
        if isinstance(stored.get(key), Mapping) and isinstance(asked[key], Mapping)
        for name, then, now in _leaves(stored[key], asked[key], key)
    ]
    details = f" ({', '.join([*leaves[:_SHOWN], *(['...'] if len(leaves) > _SHOWN else [])])})" if leaves else ""
    return f"{' and '.join(parts)}{details}; choose a new name, or restore the original configuration{_edition(stored)}"


def _edition(stored: Mapping[str, Any]) -> str:
    """Return the remedy for a store that was begun with an earlier edition of a preset."""
    simulation = stored.get("simulation")
    preset = simulation.get("preset") if isinstance(simulation, Mapping) else None
    earlier = [] if preset is None else [f"{preset}-{number}" for number in range(1, editions_of(preset))]
    return f" (preset {preset} has changed; its earlier settings: {', '.join(earlier)})" if earlier else ""


def _leaves(stored: Mapping[str, Any], asked: Mapping[str, Any], path: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for name in dict.fromkeys((*stored, *asked)):
        then, now = stored.get(name), asked.get(name)
        if then == now and (name in stored) == (name in asked):
            continue
        if isinstance(then, Mapping | None) and isinstance(now, Mapping | None) and (then or now):
            found += _leaves(then or {}, now or {}, f"{path}.{name}")
        else:
            before, after = (repr(one[name]) if name in one else "default" for one in (stored, asked))
            found.append((f"{path}.{name}", before, after))
    return found
