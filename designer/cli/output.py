"""Standard output belongs to the command's answer: nothing that a library prints gets there."""

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TextIO


@contextmanager
def answer_stream() -> Iterator[TextIO]:
    """Yield a stream on standard output while everything else that is printed goes to standard error.

    Works below Python, too: libraries in C and child processes write to the file descriptor.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(saved), "w", encoding="utf-8") as stream, redirect_stdout(sys.stderr):
            yield stream
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def write_json(stream: TextIO, document: Mapping[str, object]) -> None:
    """Write one JSON document; numbers that JSON lacks become null."""
    stream.write(json.dumps(_plain(document), indent=2, ensure_ascii=False, allow_nan=False))
    stream.write("\n")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
