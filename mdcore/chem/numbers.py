"""Strict parsing of decimal numbers in user input."""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.ASCII | re.IGNORECASE)
_UNDERSCORED = re.compile(r"[+-]?[\d.]+(_[\d.]+)+([eE][+-]?[\d_]+)?", re.ASCII)


def parse_number(text: str) -> float:
    """Parse a number in decimal notation; a typographic minus is accepted.

    Unlike `float`, it rejects underscores (`1_13`) and digits of other scripts, which are typing errors in data.

    Raises:
        ValueError: The text is not a decimal number.
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if not _DECIMAL.fullmatch(plain):
        remedy = number_remedy(text)
        raise ValueError(f"{text!r} is not a number{'; ' if remedy else ''}{remedy}")
    return float(plain)


def number_remedy(text: str) -> str:
    """Return how to correct a number that could not be parsed; empty if the cause is unknown."""
    if "," in text:
        return "use a decimal point and no thousands separators"
    return "write it without underscores" if has_underscores(text) else ""


def has_underscores(text: str) -> bool:
    """Return whether a text is a number for Python or YAML only because they ignore underscores."""
    return _UNDERSCORED.fullmatch(text.strip()) is not None


def plain_settings(cls: Any, document: Any) -> Any:
    """Return the input of a settings model unchanged; reject booleans and numbers with underscores in numeric fields.

    Without this check, pydantic accepts `true` as 1. Use it as a validator of whole models,
    `model_validator(mode="before")(plain_settings)`.

    Raises:
        ValueError: A numeric field holds a boolean or a number with underscores.
    """
    for name, value in document.items() if isinstance(document, Mapping) else ():
        if name not in cls.model_fields or not (
            isinstance(value, bool) or (isinstance(value, str) and has_underscores(value))
        ):
            continue
        kinds = set(_kinds(cls.model_fields[name].annotation))
        if kinds & {int, float}:
            if isinstance(value, bool) and bool not in kinds:
                raise ValueError(f"{name} {'yes' if value else 'no'} is not a number; write a number in digits")
            if isinstance(value, str) and str not in kinds:
                raise ValueError(f"{name} {value!r} is not a number; {number_remedy(value)}")
    return document


def _kinds(annotation: Any) -> Iterator[Any]:
    """Yield the alternatives of a type, including those inside unions and annotations."""
    yield annotation
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for inner in get_args(annotation):
            yield from _kinds(inner)
