"""Rejection of addresses with passwords in all parameters except those of stores, since the others are printed and written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from designer.errors import InvalidRequest
from designer.redact import holds_password

STORES = ("store", "stores")
"""Names of the parameters for addresses of stores."""
C = TypeVar("C")


def refuse_passwords(command: C) -> C:
    """Make a command reject addresses with passwords in all parameters except those of stores; return it."""
    for parameter in getattr(command, "params", ()):
        if parameter.name not in STORES:
            parameter.callback = _checked(parameter, parameter.callback)
    return command


def _checked(parameter: Any, after: Callable[..., Any] | None) -> Callable[..., Any]:
    def check(context: Any, parameter: Any, value: Any) -> Any:
        for text in value if isinstance(value, list | tuple) else (value,):
            if isinstance(text, str | Path) and holds_password(str(text)):
                name = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.name.upper()
                raise InvalidRequest(
                    f"{name} {str(text)!r} is an address with a password; only STORE accepts one, here or as `store` in a campaign file"
                )
        return value if after is None else after(context, parameter, value)

    return check
