"""The write-ahead log of SQLite: what was committed and is not yet in the store's own file.

While a store is open, part of it is in `STORE-wal`. Whoever ends properly merges that into the one file; who is killed leaves it
behind, and nothing is lost as long as both files stay together: the next one that opens the store merges them.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

TIMEOUT_S = 5.0
"""How long a merge or a copy waits for other programs."""


def log_bytes(path: Path | None) -> int:
    """Return the size of what is not yet in a store's file; 0 for a database server."""
    if path is None:
        return 0
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0


def has_log(path: Path | None) -> bool:
    """Tell whether a store's file has a write-ahead log beside it, be it empty: who has the store open keeps one."""
    return path is not None and path.with_name(f"{path.name}-wal").exists()


def is_read_only(path: Path) -> bool:
    """Tell whether an existing store can be read only: its file or its folder, where SQLite keeps the log, cannot be written."""
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK))


def reading_address(path: Path) -> str:
    """Return the SQLite URI that reads a store and writes nothing.

    SQLite needs a log to read beside a writer. Where none can be made and none is there, nobody writes, and the file is read as
    one that does not change. This holds for one connection: a writer elsewhere may begin after it.
    """
    settled = is_read_only(path) and not log_bytes(path)
    return f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if settled else ''}"


def merge_log(path: Path) -> bool:
    """Bring the write-ahead log into the file; return whether the file now holds everything.

    It does not where another program reads or writes at this moment, or where the disk is full or read-only. Then nothing is
    lost either: the log stays beside the file.
    """
    if not log_bytes(path):
        return True
    try:
        # mode=rw: a store that was deleted in the meantime is not made again.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=TIMEOUT_S)) as file:
            busy, *_ = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not busy


def copy_file(path: Path, target: Path) -> None:
    """Copy an SQLite file by SQLite's own means, which see what is still in the write-ahead log."""
    with (
        closing(sqlite3.connect(reading_address(path), uri=True, timeout=TIMEOUT_S)) as store,
        closing(sqlite3.connect(target)) as copy,
    ):
        store.backup(copy)
