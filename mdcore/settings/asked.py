"""What was asked for: settings without the values that equal their defaults.

Digests of it identify what a simulation measures. They do not change when a later version has one more setting whose default
is what was done before. A default itself must not change, since what was asked for without naming it would then be something
else: put the new value into the presets, or raise `IDENTITY_VERSION` and write a reader of the older one.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from mdcore.settings.simulation import SimulationSettings

IDENTITY_VERSION = 2
"""Version of the digests of what was asked for; version 1 digested every setting."""


def asked(model: BaseModel, exclude: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the settings that differ from the defaults of their models, in JSON types.

    Args:
        model: Settings; their sections may be settings as well.
        exclude: Names of fields that are left out.
    """
    document = model.model_dump(mode="json", exclude=set(exclude))
    found: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        if name not in document:
            continue
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            if inner := asked(value):
                found[name] = inner
        elif field.is_required() or value != field.get_default(call_default_factory=True):
            found[name] = document[name]
    return found


def asked_simulation(settings: "SimulationSettings") -> dict[str, Any]:
    """Return what was asked for of a simulation, in JSON types: the preset, and what differs from the models' defaults.

    How fast and where it runs is no part of it.
    """
    return {"preset": settings.preset, **asked(settings, frozenset({"preset", "execution"}))}


def fidelity_of(asked_for: dict[str, Any], preset: dict[str, Any]) -> str:
    """Return the fidelity of what a simulation measures: `md-quick`, or `md-quick-` and six digits where it differs from the preset.

    Args:
        asked_for: What was asked for, as `asked_simulation` returns it; `replicates` make an error smaller and nothing else.
        preset: The same of the preset as it is.
    """
    own, plain = ({k: v for k, v in one.items() if k != "replicates"} for one in (asked_for, preset))
    name = f"md-{own['preset']}"
    return name if own == plain else f"{name}-{digest_of(own)[:6]}"


def digest_of(document: Any) -> str:
    """Return the SHA-256 of a document in JSON types, 64 hexadecimal digits; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
