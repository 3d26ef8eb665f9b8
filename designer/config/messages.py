"""Turn a pydantic validation error into one line: the place, the value, the rule and the remedy."""

import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

_REMEDIES = {
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "bool_parsing": "write true or false",
    "string_type": "put it in quotes",
    "list_type": "write a list, one `- item` a line",
    "tuple_type": "write a list, one `- item` a line",
    "dict_type": "write `key: value` lines below it",
    "model_type": "write `key: value` lines below it",
    "model_attributes_type": "write `key: value` lines below it",
    "too_short": "add an entry",
    "string_too_short": "write at least one character",
    "finite_number": "write a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "must be greater than", "raise it"),
    "greater_than_equal": ("ge", "must be at least", "raise it"),
    "less_than": ("lt", "must be less than", "lower it"),
    "less_than_equal": ("le", "must be at most", "lower it"),
}


def one_line(error: ValidationError, model: type[BaseModel], prefix: tuple[str | int, ...] = ()) -> str:
    """Describe the first mistake, wrong keys before all others: a misspelt key is often why another is missing.

    Args:
        error: What pydantic raised.
        model: The model that was validated.
        prefix: Place of the model in the user's document.
    """
    mistakes = sorted(error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden")
    line = _describe(mistakes[0], model, prefix)
    more = len(mistakes) - 1
    return f"{line} (and {more} more)" if more else line


def _describe(item: Mapping[str, Any], model: type[BaseModel], prefix: tuple[str | int, ...]) -> str:
    kind, value, context = item["type"], item.get("input"), item.get("ctx", {})
    if kind == "extra_forbidden":
        *parents, key = item["loc"]
        text, owner = _resolve(model, tuple(parents))
        place = _join(prefix, text)
        inside = f" in {place}" if place else ""
        return f"unknown key {key!r}{inside}; {_nearest(str(key), _keys(owner))}"
    text, _ = _resolve(model, tuple(item["loc"]))
    place = _join(prefix, text) or "the document"
    if kind == "missing":
        return f"{place} is missing and has no default; add it"
    if kind in _BOUNDS:
        name, rule, remedy = _BOUNDS[kind]
        return f"{place}: {_show(value)} {rule} {context[name]}; {remedy}"
    if kind in ("literal_error", "enum"):
        _, owner = _resolve(model, tuple(item["loc"]))
        return f"{place}: {_show(value)} is not a choice; {_nearest(str(value), _choices(owner))}"
    if kind == "union_tag_invalid":
        tags = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
        return f"{place}.kind: {context['tag']!r} is not a choice; {_nearest(str(context['tag']), tags)}"
    if kind == "union_tag_not_found":
        return f"{place}: `kind` is missing; add it"
    if kind == "value_error":
        return f"{place}: {' '.join(str(context['error']).split())}"
    rule = str(item["msg"]).replace("Input should be", "is not").lower()
    return f"{place}: {_show(value)} {rule}; {_REMEDIES.get(kind, 'correct it')}"


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _nearest(word: str, words: Iterable[str]) -> str:
    words = list(words)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(words)}"


def _join(prefix: tuple[str | int, ...], parts: tuple[str | int, ...]) -> str:
    text = ""
    for part in (*prefix, *parts):
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def _resolve(model: object, loc: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], object]:
    """Follow a pydantic location; returns it without the tags of unions, and the annotation found there."""
    annotation, text = model, []
    for part in loc:
        members = [without_metadata(member) for member in union_members(annotation)]
        tagged = [m for m in members if len(members) > 1 and _tag(m) == part]
        if tagged:
            annotation = tagged[0]
            continue
        text.append(part)
        annotation = next((found for m in members if (found := _child(m, part)) is not None), None)
    return tuple(text), annotation


def without_metadata(annotation: object) -> object:
    """Return an annotation without its metadata."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def union_members(annotation: object) -> tuple[object, ...]:
    """Return the members of a union, or the annotation alone."""
    annotation = without_metadata(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    return (annotation,)


def _tag(annotation: object) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and "kind" in annotation.model_fields:
        return annotation.model_fields["kind"].default
    return None


def _child(annotation: object, part: str | int) -> object:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = get_args(annotation)
    if isinstance(part, int) and arguments:
        return arguments[0]
    return arguments[-1] if arguments else None


def _keys(annotation: object) -> list[str]:
    keys: dict[str, None] = {}
    for member in union_members(annotation):
        plain = without_metadata(member)
        if isinstance(plain, type) and issubclass(plain, BaseModel):
            keys.update(dict.fromkeys(plain.model_fields))
    return list(keys)


def _choices(annotation: object) -> list[str]:
    literals = [m for member in union_members(annotation) if get_origin(m := without_metadata(member)) is Literal]
    return [str(choice) for literal in literals for choice in get_args(literal)]
