"""A campaign's configuration in JSON types, in full and without defaults."""

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from designer.redact import without_passwords
from mdcore.settings import SimulationSettings

if TYPE_CHECKING:
    from designer.config.campaign import CampaignConfig


def full_document(config: "CampaignConfig") -> dict[str, Any]:
    """Return a configuration in JSON types, the same text for the same configuration: sets are sorted.

    The document is stored and printed. Passwords are replaced by stars, in the store's address and in every other text.
    """
    return cast(dict[str, Any], _json(config))


def minimal_document(config: "CampaignConfig") -> dict[str, Any]:
    """Return the full document without the values that equal their defaults."""
    document = full_document(config)
    minimal = _without_defaults(config, document)
    section = document["simulation"]
    base = cast(dict[str, Any], _json(SimulationSettings.model_validate({"preset": section["preset"]})))
    extras = {"preset": section["preset"], "properties": section["properties"]}
    minimal["simulation"] = {**_difference(section, base), **extras}
    minimal["objectives"] = [
        {key: value for key, value in objective.items() if value is not None} for objective in document["objectives"]
    ]
    if config.limits:
        minimal["limits"] = [{k: v for k, v in limit.items() if v is not None} for limit in document["limits"]]
    return minimal


def _json(value: object) -> object:
    """Return a value or model in JSON types, without passwords; sets become sorted lists, so that equal values give equal texts."""
    plain = value.model_dump() if isinstance(value, BaseModel) else value
    return to_jsonable_python(_printable(plain))


def _printable(value: object) -> object:
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return without_passwords(str(value)) if isinstance(value, str | PurePath) else value


def _without_defaults(model: BaseModel, document: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        default = field.get_default(call_default_factory=True)
        # The kind selects the member of a union and is kept although it equals the member's default.
        if name != "kind" and not field.is_required() and document[name] == _json(default):
            continue
        found[name] = _without_defaults(value, document[name]) if isinstance(value, BaseModel) else document[name]
    return found


def _difference(document: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in document.items():
        other = base.get(key)
        if value == other:
            continue
        found[key] = _difference(value, other) if isinstance(value, dict) and isinstance(other, dict) else value
    return found
