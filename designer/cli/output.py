"""Output of answers: standard output contains nothing that libraries print."""

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TextIO, cast

from designer.terminal import VisibleStream, visible_json
from mdcore.chem.files import CANNOT_WRITE

STANDARD_OUTPUT = "standard output"


@contextmanager
def answer_stream() -> Iterator[TextIO]:
    """Yield a stream on standard output, and redirect all other output to standard error.

    Control characters are escaped, see `designer.terminal`; tables are printed with `VisibleConsole`.

    The redirection includes C libraries and child processes, which write to the file descriptor.

    Raises:
        OSError: Standard output cannot be written; it is the file name of the error.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        # File names may contain bytes that are not UTF-8; JSON restores their escapes.
        with (
            os.fdopen(os.dup(saved), "w", encoding="utf-8", errors="backslashreplace") as stream,
            redirect_stdout(sys.stderr),
        ):
            yield cast(TextIO, VisibleStream(stream))
    except OSError as error:
        if error.errno in CANNOT_WRITE and error.filename is None:
            error.filename = STANDARD_OUTPUT
        raise
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def write_json(stream: TextIO, document: Mapping[str, object]) -> None:
    """Write one JSON document; numbers that JSON lacks become null."""
    stream.write(visible_json(json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False)))
    stream.write("\n")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
