"""Turn a pydantic validation error into one line: the place, the value, the rule and the remedy."""

import datetime
import difflib
import re
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from designer.config.kinds import OfKind
from designer.redact import without_passwords

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Pattern of campaign names."""

_RULES = {
    "int_parsing": "is not a whole number",
    "int_parsing_size": "is not a whole number that is read",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "float_type": "is not a number",
    "string_type": "is not text",
}
_REMEDIES = {
    "int_parsing": "write a whole number in digits",
    "int_parsing_size": "write a smaller one",
    "int_type": "write a whole number in digits",
    "int_from_float": "write a whole number in digits",
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
    "finite_number": "write a number, or leave the key out",
}
_BOUNDS = {
    "greater_than": ("gt", "must be greater than", "raise it"),
    "greater_than_equal": ("ge", "must be at least", "raise it"),
    "less_than": ("lt", "must be less than", "lower it"),
    "less_than_equal": ("le", "must be at most", "lower it"),
}


def one_line(error: ValidationError, model: type[BaseModel], prefix: tuple[str | int, ...] = ()) -> str:
    """Describe all errors, unknown keys first: a misspelt key often explains a missing one.

    Args:
        error: What pydantic raised.
        model: The model that was validated.
        prefix: Place of the model in the user's document.
    """
    found = error.errors(include_url=False)
    mistakes = [item for item in found if not (item["type"] == "too_short" and _has_inner(item["loc"], found))]
    mistakes.sort(key=lambda item: item["type"] != "extra_forbidden")
    lines = list(dict.fromkeys(_describe(item, model, prefix) for item in mistakes))
    if len(lines) == 1:
        return lines[0]
    return f"{len(lines)} errors: " + " ".join(
        f"({number}) {line}{'' if line.endswith(('.', '?')) else '.'}" for number, line in enumerate(lines, start=1)
    )


def _has_inner(place: tuple[str | int, ...], mistakes: Sequence[Any]) -> bool:
    """Return whether an entry of a list is invalid; pydantic then also reports the list as too short."""
    return any(len(item["loc"]) > len(place) and item["loc"][: len(place)] == place for item in mistakes)


def _describe(item: Mapping[str, Any], model: type[BaseModel], prefix: tuple[str | int, ...]) -> str:
    kind, value, context = item["type"], item.get("input"), item.get("ctx", {})
    if kind == "extra_forbidden":
        *parents, key = item["loc"]
        text, owner = _resolve(model, tuple(parents))
        place = _join(prefix, text)
        inside = f" in {place}" if place else ""
        return f"unknown key {key!r}{inside}; {_nearest(str(key), _keys(owner))}"
    text, _ = _resolve(model, tuple(item["loc"]))
    where = _join(prefix, text)
    place = where or "the document"
    if kind == "invalid_key":
        *parents, key = item["loc"]
        owner = _join(prefix, _resolve(model, tuple(parents))[0]) or "the document"
        comma = ", and numbers with a decimal point, as 1.5, not with a comma" if isinstance(key, int | float) else ""
        return f"{owner}: the key {key!r} is not a name; write names of settings as keys{comma}"
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
        remedy = _nearest(str(context["tag"]), tags)
        if kinds_of(_resolve(model, tuple(item["loc"]))[1]) is not None:
            others = f"{', '.join(tags)}, or install the package that provides it"
            remedy = f"{remedy} Otherwise use one of: {others}" if remedy.endswith("?") else f"use one of: {others}"
        return f"{place}.kind: {context['tag']!r} is not a choice; {remedy}"
    if kind == "union_tag_not_found":
        return f"{place}: `kind` is missing; add it"
    if kind == "value_error":
        said = " ".join(str(context["error"]).split())
        return f"{where}: {said}" if where else said
    if kind == "string_pattern_mismatch":
        return f"{place}: {_show(value)} {_pattern_rule(str(value), str(context['pattern']))}"
    # What pydantic says is about the value itself; the rest of it repeats the value or names Python types.
    said = str(item["msg"]).replace("Input should be", "is not").partition(",")[0]
    rule = _RULES.get(kind, said[:1].lower() + said[1:])
    instead = "write a value, or leave the key out" if value is None else _number_remedy(kind, value)
    return f"{place}: {_show(value)} {rule}; {instead or _REMEDIES.get(kind, 'correct it')}"


def _pattern_rule(value: str, pattern: str) -> str:
    """Return the rule for a text with a pattern and, where possible, a suggestion."""
    if pattern == NAME_PATTERN:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", value.strip()).strip("-._")[:64]
        usable = re.search(pattern, plain) and without_passwords(value) == value
        instead = f"write {plain!r}" if usable else "choose another name"
        return f"is not a valid name: use up to 64 letters, digits, points, - and _, starting with a letter or digit; {instead}"
    return f"does not match {pattern}; correct it"


def _number_remedy(kind: str, value: object) -> str | None:
    """Return a suggestion for a text that resembles a number: with a decimal comma, a power or a unit."""
    if not isinstance(value, str) or not kind.startswith(("int_", "float_")):
        return None
    text = value.strip()
    if re.fullmatch(r"[+-]?\d*,\d+", text):
        return f"write {text.replace(',', '.')}, with a decimal point"
    if kind.startswith("int_") and re.fullmatch(r"\d+(\.\d*)?[eE]\+?\d{1,2}", text):
        number = float(text)
        return f"write {number:.0f}" if number.is_integer() and number < 2**53 else "write a smaller number, in digits"
    if power := re.fullmatch(r"(?:1 ?[x*·×] ?)?(\d+) ?(?:\^|\*\*) ?(\d+)", text):
        size = int(power[2]) * len(power[1])
        return f"write {int(power[1]) ** int(power[2])}" if size < 19 else "write a smaller number, in digits"
    if unit := re.fullmatch(r"([+-]?\d+(?:\.\d+)?) ?[A-Za-z%°µ][\w/%°^-]*", text):
        return f"write the number alone, {unit[1]}"
    return None


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    # Before the text is cut: half an address is not recognised as one.
    text = without_passwords(value.isoformat() if isinstance(value, datetime.date) else repr(value))
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


def annotation_of(field: FieldInfo) -> Any:
    """Return the annotation of a field with its metadata."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def kinds_of(annotation: object) -> Mapping[str, Any] | None:
    """Return the models of a section whose kinds are plug-ins, or None for other annotations."""
    metadata = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return next((item.kinds for item in metadata if isinstance(item, OfKind)), None)


def union_members(annotation: object) -> tuple[object, ...]:
    """Return the members of a union, the models of a section with several kinds, or the annotation alone."""
    if (kinds := kinds_of(annotation)) is not None:
        return tuple(kinds.values())
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
        return annotation_of(field) if field else None
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
