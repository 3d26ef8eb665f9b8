"""Strict spelling of numbers in options."""

import itertools
from collections.abc import Sequence
from typing import Any

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
    numeric = ("integer", "float", "integer range", "float range")
    parameters: Sequence[Any] = command.loaded().params
    return {name for parameter in parameters if parameter.type.name in numeric for name in parameter.opts}
