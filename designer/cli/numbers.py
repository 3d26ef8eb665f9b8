"""Numbers on the command line: options that take one take no other spelling of it."""

import itertools
import typing
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from designer.errors import InvalidRequest
from mdcore.chem.numbers import has_underscores


def refuse_underscores(app: typer.Typer, arguments: Sequence[str]) -> None:
    """Look for options whose number is spelled with underscores, which Python reads as if they were not there.

    Raises:
        InvalidRequest: There is one.
    """
    words = [part for argument in arguments for part in _parts(argument)]
    if not any(map(has_underscores, words)):
        return
    options = _numeric_options(app, words[0])
    for option, value in itertools.pairwise(words):
        if option in options and has_underscores(value):
            raise InvalidRequest(f"{option} {value!r} is not a number; write it without underscores")


def _parts(argument: str) -> list[str]:
    return argument.split("=", 1) if argument.startswith("--") else [argument]


def _numeric_options(app: typer.Typer, command: str) -> set[str]:
    """Return the options of a command that take numbers, as they are written."""
    for info in app.registered_commands:
        if info.callback is None or command != (info.name or info.callback.__name__):
            continue
        hints = typing.get_type_hints(info.callback, include_extras=True)
        return {name for parameter, hint in hints.items() for name in _names(parameter, hint)}
    return set()


def _names(parameter: str, hint: Any) -> tuple[str, ...]:
    if typing.get_origin(hint) is not Annotated:
        return ()
    kind, *about = typing.get_args(hint)
    kinds = {kind, *typing.get_args(kind)}
    kinds |= {inner for part in kinds for inner in typing.get_args(part)}
    if not kinds & {int, float}:
        return ()
    declared = tuple(name for one in about for name in getattr(one, "param_decls", None) or ())
    return declared or (f"--{parameter.replace('_', '-')}",)
