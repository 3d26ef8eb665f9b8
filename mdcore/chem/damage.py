"""Unreadable files of a simulation folder: distinguished from machine faults, set aside, and logged.

Everything in such a folder except the request itself can be regenerated: a bundle from its seed, a run from its last checkpoint or from
the start, a result from the series. A damaged file is therefore renamed to `NAME.damaged`, the reason is appended to `damaged.jsonl` beside
it, and the step that wrote it is repeated. A machine fault (missing permission, read-only or failing disk) implies nothing about the
content; its OSError propagates, and the work is retried later.
"""

import errno
import json
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.errors import DamagedFile
from mdcore.chem.files import sync_folder

LOG = "damaged.jsonl"
UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, EOFError, MemoryError, RecursionError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""Exceptions raised by readers of JSON, NumPy and XML for a file that is truncated, empty, corrupt or of another version."""
_ABOUT_THE_FILE = (None, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)
"""errno values of an OSError that are caused by the file, not by the machine."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Convert exceptions caused by a missing or damaged file in this block to DamagedFile.

    Raises:
        DamagedFile: The file is missing, not a regular file, or has no readable content.
        OSError: The machine could not read it: no permission, a failing disk.
    """
    try:
        yield
    except DamagedFile:
        raise
    except OSError as error:
        if error.errno not in _ABOUT_THE_FILE:
            raise
        raise damaged(path, "is missing" if error.errno == errno.ENOENT else _reason(error)) from error
    except UNREADABLE as error:
        raise damaged(path, _reason(error)) from error


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read all arrays of an `.npz` file.

    Raises:
        DamagedFile: It is missing or cannot be read.
        OSError: The machine could not read it.
    """
    # NumPy does not close a file that it opened and found damaged.
    with reading(path), path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def damaged(path: Path, problem: str) -> DamagedFile:
    """Return the exception for a damaged file."""
    error = DamagedFile(f"{path} cannot be used ({problem}); run the same simulation again to regenerate it")
    error.path, error.problem = path, problem
    return error


def set_aside(error: DamagedFile) -> None:
    """Rename a damaged file or folder to `NAME.damaged` (`NAME.damaged-2`, ...) and log it in `damaged.jsonl` beside it.

    Raises:
        OSError: The folder cannot be written.
    """
    path, kept = error.path, None
    if path.exists() or path.is_symlink():
        kept = path.with_name(f"{path.name}.damaged")
        number = 1
        while kept.exists() or kept.is_symlink():
            number += 1
            kept = path.with_name(f"{path.name}.damaged-{number}")
        path.rename(kept)
    line = {"at": time.time(), "file": path.name, "problem": error.problem, "kept": kept.name if kept else None}
    with (path.parent / LOG).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(line) + "\n")
    sync_folder(path.parent)


def ensure_folder(path: Path) -> None:
    """Create a folder; a file with its name is set aside."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        set_aside(damaged(path, "is a file; expected a folder"))
        path.mkdir()


def damage_report(folder: Path) -> list[Mapping[str, Any]]:
    """Return the log entries of a folder and its subfolders, oldest first, with `file`, `problem`, `kept` and `at`."""
    found: list[Mapping[str, Any]] = []
    for log in folder.rglob(LOG):
        place = log.parent.relative_to(folder)
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                own = {name: entry[name] for name in ("file", "problem", "kept", "at")}
            except (ValueError, LookupError, TypeError):
                continue  # truncated when the process was killed; its file was set aside nevertheless
            found.append({**own, "file": (place / str(own["file"])).as_posix()})
    return sorted(found, key=lambda entry: float(entry["at"]))


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"lacks {error}"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
