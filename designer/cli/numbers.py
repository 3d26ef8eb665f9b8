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
    names = {parameter.name: parameter.opts for parameter in command.loaded().params}
    return {name for parameter, hint in hints.items() if _is_number(hint) for name in names[parameter]}


def _is_number(hint: Any) -> bool:
    """Return whether an annotated type is a number, an optional number or a list of numbers."""
    if typing.get_origin(hint) is not Annotated:
        return False
    kind = typing.get_args(hint)[0]
    kinds = {kind, *typing.get_args(kind)}
    return bool({int, float} & (kinds | {inner for part in kinds for inner in typing.get_args(part)}))
