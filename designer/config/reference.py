"""The reference of campaign files, written from the models themselves."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from designer.config.campaign import CampaignConfig
from designer.config.messages import union_members, without_metadata
from designer.store_url import StoreURL
from mdcore.chem import PROPERTIES
from mdcore.properties import MEASURED
from mdcore.settings import SimulationSettings

HEAD = """\
# Configuration reference

A campaign is one YAML file. `designer validate FILE` checks it, `designer schema` prints it as JSON Schema for editors, and
`designer init FILE` writes a first one. Unknown keys are refused. A key without a default must be written.

This page is written by `designer schema --markdown`.
"""


def reference_markdown() -> str:
    """Return the reference as one Markdown page: a section for the file, and one for each model below it."""
    sections: dict[type[BaseModel], str] = {}
    titles: dict[type[BaseModel], str] = {CampaignConfig: "The file"}
    queue: list[type[BaseModel]] = [CampaignConfig]
    while queue:
        model = queue.pop(0)
        if model in sections:
            continue
        for name, field in model.model_fields.items():
            for inner in _models(field.annotation):
                titles.setdefault(inner, _title(titles[model], name, inner))
                queue.append(inner)
        sections[model] = ""
    body = [_section(model, titles) for model in sections]
    return HEAD + "".join(body) + _presets() + _properties()


def _presets() -> str:
    """Return a table of what the named sets of simulation settings differ in."""
    settings = {
        name: _flat(SimulationSettings.model_validate({"preset": name}).model_dump(mode="json"))
        for name in get_args(SimulationSettings.model_fields["preset"].annotation)
    }
    first = next(iter(settings.values()))
    keys = [key for key in first if key != "preset" and len({json.dumps(s[key]) for s in settings.values()}) > 1]
    head = f"\n## Presets\n\nWhat `simulation.preset` stands for.\n\n| key | {' | '.join(settings)} |\n|---|{'---|' * len(settings)}\n"
    rows = [f"| `{key}` | {' | '.join(json.dumps(s[key]) for s in settings.values())} |\n" for key in keys]
    return head + "".join(rows)


def _properties() -> str:
    """Return a table of the property registry."""
    head = "\n## Properties\n\n| name | unit | label | measured by simulation |\n|---|---|---|---|\n"
    rows = [
        f"| `{spec.name}` | {spec.unit} | {spec.label} | {'yes' if spec.name in MEASURED else 'no'} |\n"
        for spec in PROPERTIES.values()
    ]
    return head + "".join(rows)


def _flat(document: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in document.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def _title(parent: str, name: str, model: type[BaseModel]) -> str:
    path = name if parent == "The file" else f"{parent.split(': ')[0].strip('`')}.{name}"
    kind = model.model_fields.get("kind")
    return f"`{path}`: `kind: {kind.default}`" if kind is not None else f"`{path}`"


def _section(model: type[BaseModel], titles: dict[type[BaseModel], str]) -> str:
    summary, attributes = _documented(model)
    lines = [f"\n## {titles[model]}\n\n{summary}\n\n| key | type | default | meaning |\n|---|---|---|---|\n"]
    for name, field in model.model_fields.items():
        meaning = (field.description or attributes.get(name, "")).replace("|", "\\|")
        lines.append(f"| `{name}` | {_type(field)} | {_default(field)} | {meaning} |\n")
    return "".join(lines)


def _documented(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Return the summary of a model's docstring, and what it and its bases tell of each attribute."""
    text = inspect.cleandoc(model.__doc__ or "")
    summary = " ".join(text.split("\n\n")[0].split())
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if not (isinstance(owner, type) and issubclass(owner, BaseModel)):
            continue
        part = re.split(r"^Attributes:\n", inspect.cleandoc(owner.__doc__ or ""), flags=re.M)
        if len(part) < 2:
            continue
        block = re.split(r"^\S", part[1], flags=re.M)[0]
        for names, meaning in re.findall(r"^    ([\w, ]+): (.*(?:\n {5,}.*)*)", block, flags=re.M):
            for name in names.split(","):
                found[name.strip()] = " ".join(meaning.split())
    return summary, found


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    for member in union_members(annotation):
        found = without_metadata(member)
        if isinstance(found, type) and issubclass(found, BaseModel):
            yield found
        else:
            for argument in get_args(found):
                yield from _models(argument) if argument is not Ellipsis else ()


def _type(field: FieldInfo) -> str:
    texts = dict.fromkeys(
        _type_text(member) for member in union_members(field.annotation) if without_metadata(member) is not type(None)
    )
    optional = any(without_metadata(member) is type(None) for member in union_members(field.annotation))
    bounds = " ".join(_bounds(field.metadata))
    parts = [" or ".join(texts), bounds, "or null" if optional else ""]
    return " ".join(part for part in parts if part)


def _type_text(annotation: object) -> str:
    found, origin = without_metadata(annotation), get_origin(without_metadata(annotation))
    if found is Any:
        return "any value"
    inner = [_type_text(a) for a in get_args(found) if a is not Ellipsis]
    bounds = " ".join(_bounds(getattr(annotation, "__metadata__", ())))
    if origin is Literal:
        text = ", ".join(f"`{choice}`" for choice in get_args(found))
    elif origin is dict:
        text = f"mapping of {inner[0]} to {inner[1]}"
    elif origin in (tuple, list, set, frozenset):
        text = f"list of {' or '.join(dict.fromkeys(inner))}"
    elif origin is not None:
        text = " or ".join(dict.fromkeys(inner))
    elif isinstance(found, type) and issubclass(found, BaseModel):
        text = "section"
    else:
        names = {int: "whole number", float: "number", str: "text", StoreURL: "text", bool: "true or false"}
        text = names.get(found, getattr(found, "__name__", str(found))) if isinstance(found, type) else str(found)
    return f"{text} {bounds}".strip()


def _bounds(metadata: Any) -> Iterator[str]:
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from _bounds(item.metadata)
        for name, sign in signs.items():
            if (edge := getattr(item, name, None)) is not None:
                yield f"{sign} {edge:g}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be written"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None:
        return "none"
    if isinstance(value, BaseModel):
        kind = getattr(value, "kind", None)
        return f"`kind: {kind}`" if kind else "see its section"
    if isinstance(value, set | frozenset):
        value = sorted(value)
    text = json.dumps(to_jsonable_python(value), ensure_ascii=False)
    return f"`{text}`" if len(text) <= 80 else "see `designer schema`"
