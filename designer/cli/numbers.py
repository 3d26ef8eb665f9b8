"""Strict spelling of numbers in options."""

import itertools
import typing
from collections.abc import Sequence
from typing import Annotated, Any

from designer.cli.commands import LazyCommand
from designer.errors import InvalidRequest
from mdcore.chem.numbers import has_underscores


def refuse_underscores(group: Any, arguments: Sequence[str]) -> None:
    """Reject numbers with underscores, which Python ignores.

    Args:
        group: The command line, with its commands by name.
        arguments: The command-line arguments.

    Raises:
        InvalidRequest: There is such a number.
    """
    words = [part for argument in arguments for part in _parts(argument)]
    if not any(map(has_underscores, words)):
        return
    command = group.commands.get(words[0])
    options = _numeric_options(command) if isinstance(command, LazyCommand) else set()
    for option, value in itertools.pairwise(words):
        if option in options and has_underscores(value):
            raise InvalidRequest(f"{option} {value!r} is not a number; write it without underscores")


def _parts(argument: str) -> list[str]:
    return argument.split("=", 1) if argument.startswith("--") else [argument]


def _numeric_options(command: LazyCommand) -> set[str]:
    """Return the names of the numeric options of a command."""
    hints = typing.get_type_hints(command.function, include_extras=True)
    return {name for parameter, hint in hints.items() for name in _names(parameter, hint)}


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
