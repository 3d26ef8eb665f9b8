"""Settings as requested, without values that equal their defaults.

Their digests identify what a simulation measures. They do not change when a later version adds a setting whose default reproduces the
previous behaviour. Never change a default, because requests that do not name it would then mean something else: put the new value
into the presets, or raise `IDENTITY_VERSION` and write a reader of the older version.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from mdcore.settings.simulation import SimulationSettings

IDENTITY_VERSION = 2
"""Version of the digests of requests; version 1 digested all settings."""


def asked(model: BaseModel, exclude: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the settings that differ from the defaults of their models, in JSON types.

    Args:
        model: Settings; sections may be settings models as well.
        exclude: Names of fields to leave out.
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
    """Return the request of a simulation in JSON types: the preset, and settings that differ from the models' defaults.

    Execution settings are not part of it.
    """
    return {"preset": settings.preset, **asked(settings, frozenset({"preset", "execution"}))}


def fidelity_of(asked_for: dict[str, Any], preset: dict[str, Any]) -> str:
    """Return the fidelity of a simulation: `md-quick`, or `md-quick-` and six digits if it differs from the preset.

    Args:
        asked_for: Request as returned by `asked_simulation`; `replicates` is ignored, since it only affects the error.
        preset: The same for the unchanged preset.
    """
    own, plain = ({k: v for k, v in one.items() if k != "replicates"} for one in (asked_for, preset))
    name = f"md-{own['preset']}"
    return name if own == plain else f"{name}-{digest_of(own)[:6]}"


def digest_of(document: Any) -> str:
    """Return the SHA-256 of a document in JSON types, 64 hexadecimal digits; independent of the order of keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
