"""Numbers that people write: read as decimals, and as nothing else."""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.ASCII | re.IGNORECASE)
_UNDERSCORED = re.compile(r"[+-]?[\d.]+(_[\d.]+)+([eE][+-]?[\d_]+)?", re.ASCII)


def parse_number(text: str) -> float:
    """Return the number that a text spells in decimal notation, with a typographic minus or a plain one.

    Python itself also reads `1_13` as 113, and digits of other scripts; a user who writes that means something else.

    Raises:
        ValueError: The text is not a decimal number.
    """
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    if not _DECIMAL.fullmatch(plain):
        remedy = number_remedy(text)
        raise ValueError(f"{text!r} is not a number{'; ' if remedy else ''}{remedy}")
    return float(plain)


def number_remedy(text: str) -> str:
    """Return how to write a number that could not be read, empty where the text tells nothing."""
    if "," in text:
        return "write it with a decimal point and without separators of thousands"
    return "write it without underscores" if has_underscores(text) else ""


def has_underscores(text: str) -> bool:
    """Tell whether a text is a number to Python or YAML only because they pass over underscores."""
    return _UNDERSCORED.fullmatch(text.strip()) is not None


def plain_settings(cls: Any, document: Any) -> Any:
    """Return what was given for a settings model, unless one of its numbers is spelled with underscores, or is yes or no.

    Python takes true for 1.

    A pydantic validator of whole models, `model_validator(mode="before")(plain_settings)`.

    Raises:
        ValueError: A number is spelled so.
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
    """Yield the alternatives of a type, those inside of unions and annotations too."""
    yield annotation
    if get_origin(annotation) in (Union, UnionType, Annotated):
        for inner in get_args(annotation):
            yield from _kinds(inner)
