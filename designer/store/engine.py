"""Connections to the database of a store: creation, waiting for locks, and closing."""

import os
import sqlite3
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, QueuePool

from designer.errors import MissingPart
from designer.store.wal import is_read_only, merge_log, reading_address
from designer.store_url import StoreURL

T = TypeVar("T")
OPENING_TIMEOUT_S = 5.0
"""Timeout in s for locks of commands that only read."""
RUNNING_TIMEOUT_S = 120.0
"""Timeout in s for locks, or for a free connection of a server, of everything that writes."""
_PAUSE_S = 0.2
_POSTGRES_ARGUMENTS = {
    "connect_timeout": 10,
    # A server that vanishes silently is noticed within a minute.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
    "application_name": "polymer-designer",
}
_NO_CONNECTION_FREE = ("too many clients", "connection slots are reserved", "too many connections")


def make_engine(url: StoreURL, *, wait_s: float | None = None, foreign_keys: bool = True) -> Engine:
    """Return an engine; it connects when it is first used.

    A read-only SQLite file is read with a separate connection for each transaction. An SQLite engine that is never closed merges its
    write-ahead log when it is garbage-collected or the interpreter exits.

    Args:
        url: Address of the store.
        wait_s: Timeout in s for locks of writing transactions, and for a free connection of a server.
        foreign_keys: Whether SQLite checks references; off while tables are rebuilt.

    Raises:
        MissingPart: The driver of the database is not installed.
    """
    address, secret = url.reveal()
    options = {"wait_s": OPENING_TIMEOUT_S if wait_s is None else wait_s}
    read_only = url.path is not None and is_read_only(url.path)
    arguments = {"timeout": OPENING_TIMEOUT_S} if url.path is not None else {**_POSTGRES_ARGUMENTS, **secret}
    try:
        engine = create_engine(
            address,
            pool_pre_ping=url.path is None,
            poolclass=NullPool if read_only else QueuePool,
            connect_args=arguments,
            execution_options=options,
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise MissingPart(
            f"no driver for store {str(url)!r} ({error}); install the extra: pip install 'polymer-designer[postgres]'"
        ) from error
    if url.path is None:
        event.listen(engine, "do_connect", _patient_connection(options))
    elif read_only:
        event.listen(engine, "do_connect", _reading_connection(url.path))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _configuration(options["wait_s"], foreign_keys=foreign_keys))
        event.listen(engine, "begin", _begin_sqlite)
        weakref.finalize(engine, _merge_at_the_end, url.path.absolute(), os.getpid())
    return engine


def writing(engine: Engine) -> Engine:
    """Return the engine for writing transactions: SQLite then takes the write lock at the start.

    A transaction that reads first and writes later would fail without waiting if another one wrote in between.
    """
    return engine.execution_options(immediate=True)


def durable(engine: Engine) -> Engine:
    """Return the engine for user input, which exists nowhere else: SQLite synchronises it to disk on commit."""
    return engine.execution_options(durable=True)


def be_patient(engine: Engine) -> None:
    """Set the timeout for locks to that of everything that writes."""
    engine.update_execution_options(wait_s=RUNNING_TIMEOUT_S)


def close_engine(engine: Engine) -> bool:
    """Close the connections; return whether an SQLite file is complete without its write-ahead log.

    If another program has the store open, the log may remain until that program closes it.
    """
    engine.dispose()
    path = engine_path(engine)
    return path is None or merge_log(path)


def settle_engine(engine: Engine) -> None:
    """Merge the write-ahead log into an SQLite file, unless the store is in use."""
    if (path := engine_path(engine)) is not None:
        merge_log(path)


def engine_path(engine: Engine) -> Path | None:
    """Return the SQLite file of an engine, or None for a server."""
    return StoreURL.of_engine_url(engine.url).path


def wait_while_locked(action: Callable[[], T], wait_s: float) -> T:
    """Run an SQLite action, retrying while another program holds the lock.

    Each attempt waits `OPENING_TIMEOUT_S` inside SQLite, where Ctrl-C has no effect; all together wait `wait_s` plus one attempt.

    Raises:
        sqlite3.OperationalError: The lock was not released in time, or another error occurred.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE_S / 4)


def _merge_at_the_end(path: Path, pid: int) -> None:
    # A forked child does not own the connections of its parent.
    if os.getpid() == pid:
        merge_log(path)


def _configuration(wait_s: float, *, foreign_keys: bool) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # Python's driver would otherwise execute table definitions outside transactions.
        connection.isolation_level = None
        cursor: Any = connection.cursor()
        # WAL lets `status` and `report` read while a campaign writes. With it, synchronous=NORMAL survives the death of any
        # process; after a power cut the last transactions may be missing. Result files make up for simulations; see `durable`
        # for the rest.
        wait_while_locked(lambda: cursor.execute("PRAGMA journal_mode = WAL"), wait_s)
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    return configure


def _reading_connection(path: Path) -> Callable[..., Any]:
    def connect(dialect: Any, _: Any, arguments: Any, parameters: Any) -> Any:
        return sqlite3.connect(reading_address(path), uri=True, isolation_level=None, **parameters)

    return connect


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("durable", False):
        connection.exec_driver_sql("PRAGMA synchronous = FULL")
    if not options.get("immediate", False):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.dbapi_connection
    try:
        wait_while_locked(lambda: raw.execute("BEGIN IMMEDIATE"), options["wait_s"] - OPENING_TIMEOUT_S)
    except sqlite3.OperationalError:
        # Repeated by SQLAlchemy, whose error is more informative.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _patient_connection(options: dict[str, float]) -> Callable[..., Any]:
    """Return a function that connects and waits for a free connection of the server."""

    def connect(dialect: Any, _: Any, arguments: Any, parameters: Any) -> Any:
        deadline = time.monotonic() + options["wait_s"]
        while True:
            try:
                return dialect.loaded_dbapi.connect(*arguments, **parameters)
            except dialect.loaded_dbapi.OperationalError as error:
                if time.monotonic() >= deadline or not any(text in str(error) for text in _NO_CONNECTION_FREE):
                    raise
            time.sleep(_PAUSE_S)

    return connect
