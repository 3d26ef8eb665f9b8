"""Files of a simulation folder that cannot be read: told from faults of the machine, set aside, and noted.

Everything in such a folder but the request itself can be made again: a bundle from its seed, a run from its last checkpoint or from the
start, a result from the series. So a damaged file is renamed to `NAME.damaged`, a line in `damaged.jsonl` beside it says why, and the
step that wrote it is repeated. A fault of the machine (no permission, read-only or failing disk) says nothing about the content; its
OSError passes through and the work is tried again later.
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
"""What readers of JSON, NumPy and XML raise for a file that is cut, empty, garbage or of another version."""
_ABOUT_THE_FILE = (None, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)
"""Numbers of an OSError that say something about the file, not about the machine."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise DamagedFile for whatever reading a missing or damaged file raises in this block.

    Raises:
        DamagedFile: The file is missing, no file, or has no readable content.
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
    # NumPy leaves a file open that it opened and found damaged.
    with reading(path), path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def damaged(path: Path, problem: str) -> DamagedFile:
    """Return the error that a file is damaged."""
    error = DamagedFile(f"{path} cannot be used ({problem}); run the same simulation again, which makes it anew")
    error.path, error.problem = path, problem
    return error


def set_aside(error: DamagedFile) -> None:
    """Rename a damaged file or folder to `NAME.damaged`, or `NAME.damaged-2` and so on, and note it in `damaged.jsonl` beside it.

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
    """Make a folder; a file in its place is set aside."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        set_aside(damaged(path, "is a file, a folder belongs here"))
        path.mkdir()


def damage_report(folder: Path) -> list[Mapping[str, Any]]:
    """Return what was set aside or found missing in a folder and those inside it, oldest first: `file`, `problem`, `kept` and `at`."""
    found: list[Mapping[str, Any]] = []
    for log in folder.rglob(LOG):
        place = log.parent.relative_to(folder)
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
                own = {name: entry[name] for name in ("file", "problem", "kept", "at")}
            except (ValueError, LookupError, TypeError):
                continue  # cut by a kill; the file that it was about is set aside all the same
            found.append({**own, "file": (place / str(own["file"])).as_posix()})
    return sorted(found, key=lambda entry: float(entry["at"]))


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"lacks {error}"
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
