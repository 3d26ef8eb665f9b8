"""Consistent copy of a store in use, as one file."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import DBAPIError

from designer.store.engine import close_engine, engine_path, make_engine
from designer.store.migrate import upgrade
from designer.store.opening import locked
from designer.store.orm import Base, CounterRow, SchemaRow
from designer.store.wal import copy_file
from designer.store_url import StoreURL

_AT_A_TIME = 1000
_TARGET = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO}
"""SQLite's primary error codes for a file that cannot be written."""
_NO_OWNER = "UPDATE campaign SET owner = NULL, owner_host = NULL, owner_pid = NULL, owner_started_at = NULL"
"""The campaigns of a copy are not running."""


def back_up(engine: Engine, target: Path) -> None:
    """Copy a store into a new SQLite file, including its write-ahead log.

    An SQLite store is copied page by page, with any version of the schema. A PostgreSQL database is read in one transaction on one
    snapshot, which requires the present schema.

    Args:
        engine: An opened store; other programs may use it meanwhile.
        target: File to write; an existing one is overwritten.

    Raises:
        StoreLocked: The store does not answer.
        OSError: The file cannot be written.
    """
    path = engine_path(engine)
    try:
        if path is not None:
            copy_file(path, target)
        else:
            _copy_rows(engine, target)
        with closing(sqlite3.connect(target)) as file, file:
            # In this mode the copy is a single file even while it is open.
            file.execute("PRAGMA journal_mode = DELETE")
            file.execute(_NO_OWNER)
    except (DBAPIError, sqlite3.OperationalError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(reason, sqlite3.Error) and reason.sqlite_errorcode & 0xFF in _TARGET:
            number = _TARGET[reason.sqlite_errorcode & 0xFF]
            raise OSError(number, os.strerror(number), str(target)) from error
        raise locked(StoreURL.of_engine_url(engine.url), error) from error


def _copy_rows(engine: Engine, target: Path) -> None:
    copy = make_engine(StoreURL.of_path(target), foreign_keys=False)
    try:
        with (
            engine.connect().execution_options(isolation_level="REPEATABLE READ") as source,
            copy.begin() as connection,
        ):
            upgrade(connection)
            for table in Base.metadata.sorted_tables:
                if table.name == SchemaRow.__tablename__:
                    continue
                if table.name == CounterRow.__tablename__:
                    connection.execute(table.delete())
                rows = source.execution_options(yield_per=_AT_A_TIME).execute(select(table))
                for some in rows.mappings().partitions():
                    connection.execute(insert(table), [dict(row) for row in some])
    finally:
        close_engine(copy)


def campaign_counts(path: Path) -> dict[str, int]:
    """Return the number of evaluations of each campaign, read from the copy."""
    query = (
        "SELECT campaign.name, COUNT(evaluation.id) FROM campaign LEFT JOIN evaluation ON evaluation.campaign_id = campaign.id "
        "GROUP BY campaign.id ORDER BY campaign.id"
    )
    with closing(sqlite3.connect(path)) as file:
        return {str(name): int(number) for name, number in file.execute(query)}
