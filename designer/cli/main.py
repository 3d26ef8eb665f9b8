"""Entry point: runs a command and converts errors into one line and an exit status."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr
from functools import cache
from types import TracebackType
from typing import Any, TextIO, cast

import typer

from designer.cli.app import app
from designer.cli.numbers import refuse_underscores
from designer.cli.output import STANDARD_OUTPUT
from designer.cli.system_errors import system_error_text
from designer.interrupts import remember_interrupts
from designer.redact import without_passwords
from designer.terminal import VisibleStream, visible
from mdcore.chem.files import CANNOT_WRITE

BAD_INPUT, FAILED_RUN, INTERRUPTED = 2, 1, 130

# The base class of errors for invalid arguments; typer exports its children only.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class _InterruptedError(Exception):
    """A Ctrl-C passed through typer, which would otherwise exit silently with status 130."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit."""
    remember_interrupts()
    sys.excepthook = _print_without_passwords
    _have_stderr()
    status = run(arguments)
    sys.exit(_flushed(status))


@cache
def _command() -> Any:
    """Return the command line with all its commands; building it takes longer than many commands."""
    command = typer.main.get_command(app)
    _pass_interrupts(command)
    return command


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for a failed run, 2 for bad input, 130 when interrupted."""
    if sys.stdout is None:
        return _fail("standard output is closed; send it to a file, or to /dev/null", BAD_INPUT)
    try:
        arguments = list(sys.argv[1:] if arguments is None else arguments)
        command = _command()
        refuse_underscores(command, arguments)
        with redirect_stderr(cast(TextIO, VisibleStream(sys.stderr))), warnings.catch_warnings():
            warnings.showwarning = _show_warning
            status = command(args=arguments, prog_name="designer", standalone_mode=False)
    except _UsageError as error:
        return _fail(f"{_message(error)}; see designer --help", BAD_INPUT)
    except (typer.Abort, KeyboardInterrupt, _InterruptedError):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output, for example `head`, has ended.
        sys.stderr.close()
        return FAILED_RUN
    except Exception as error:
        if not _is_ours(error):
            if isinstance(error, OSError):
                if error.filename is None and error.errno in CANNOT_WRITE:  # files that we write are named already
                    error.filename = STANDARD_OUTPUT
                return _fail(system_error_text(error), BAD_INPUT)
            raise
        return _fail(" ".join(str(error).split()), FAILED_RUN if isinstance(error, RuntimeError) else BAD_INPUT)
    return status if isinstance(status, int) else 0


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: Any = None,
    line: str | None = None,
) -> None:
    """Print what concerns the user's own files as one line, and other warnings as Python does."""
    # By its name: the class loads with the configuration.
    text = f"warning: {message}\n" if category.__name__ == "MovedSetting" else None
    (file or sys.stderr).write(text or warnings.formatwarning(message, category, filename, lineno, line))


def _pass_interrupts(command: Any) -> None:
    """Make a command raise another error for a Ctrl-C that it does not handle."""
    invoke = command.invoke

    def invoked(context: Any) -> Any:
        try:
            return invoke(context)
        except KeyboardInterrupt as error:
            raise _InterruptedError from error

    command.invoke = invoked


def _have_stderr() -> None:
    """Replace a closed standard error by the null device, before another file gets its descriptor."""
    if sys.stderr is None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != 2:
            os.dup2(nowhere, 2)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


def _flushed(status: int) -> int:
    """Flush standard output and return the exit status."""
    if sys.stdout is None:
        return status
    try:
        sys.stdout.flush()
    except OSError as error:
        # Nothing is left for the interpreter, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return status or FAILED_RUN
        error.filename = STANDARD_OUTPUT
        return status or _fail(system_error_text(error), BAD_INPUT)
    return status


def _is_ours(error: Exception) -> bool:
    """Return whether an error was raised on purpose; base classes are recognised by name, since their packages may not be loaded."""
    roots = {"DesignerError", "MDCoreError", "GeneratorsError", "SurrogatesError"}
    return any(base.__name__ in roots for base in type(error).__mro__)


def _message(error: Exception) -> str:
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    return " ".join(str(text).split()).rstrip(".")


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"error: {visible(without_passwords(message))}\n")
    return status


def _print_without_passwords(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.stderr.write(visible(without_passwords("".join(traceback.format_exception(kind, error, trace)))))
