"""The write-ahead log of SQLite, which holds committed data that are not yet in the store's file.

While a store is open, part of it is in `STORE-wal`, which is merged into the file when the store is closed. A killed process leaves the log
behind; nothing is lost as long as both files stay together, and the next process that opens the store merges them.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

TIMEOUT_S = 5.0
"""Timeout in s of merges and copies for other programs."""


def log_bytes(path: Path | None) -> int:
    """Return the size of the write-ahead log in bytes; 0 for a database server."""
    if path is None:
        return 0
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0


def has_log(path: Path | None) -> bool:
    """Return whether a store has a write-ahead log, possibly empty; there is one while the store is open."""
    return path is not None and path.with_name(f"{path.name}-wal").exists()


def is_read_only(path: Path) -> bool:
    """Return whether an existing store is read-only: its file or its folder, where SQLite creates the log, is not writable."""
    return path.exists() and not (os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK))


def reading_address(path: Path) -> str:
    """Return the SQLite URI for reading a store without writing.

    SQLite needs a log to read concurrently with a writer. If none exists and none can be created, nobody writes and the file is opened as
    immutable. This holds for one connection: a writer may start later.
    """
    settled = is_read_only(path) and not log_bytes(path)
    return f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if settled else ''}"


def merge_log(path: Path) -> bool:
    """Merge the write-ahead log into the file; return whether the file is now complete.

    It is not if another program uses the store, or if the disk is full or read-only. Nothing is lost then: the log stays beside the file.
    """
    if not log_bytes(path):
        return True
    try:
        # mode=rw: a store that was deleted in the meantime is not recreated.
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=TIMEOUT_S)) as file:
            busy, *_ = file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not busy


def copy_file(path: Path, target: Path) -> None:
    """Copy an SQLite file with SQLite's backup, which includes the write-ahead log."""
    with (
        closing(sqlite3.connect(reading_address(path), uri=True, timeout=TIMEOUT_S)) as store,
        closing(sqlite3.connect(target)) as copy,
    ):
        store.backup(copy)
