"""Opening and creation of stores; anything else at the address is left unchanged."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from designer.errors import ForeignStore, MissingFile, StoreLocked, StoreReadOnly
from designer.store import engine as connections
from designer.store.engine import make_engine, settle_engine, wait_while_locked, writing
from designer.store.migrate import one_at_a_time, upgrade
from designer.store.orm import APPLICATION, SCHEMA_VERSION, SchemaRow
from designer.store.wal import is_read_only, log_bytes, reading_address
from designer.store_url import StoreURL

Address = StoreURL | str | os.PathLike[str]
"""The address of a store, or a value that `StoreURL.parse` accepts."""


def open_store(address: Address, *, any_version: bool = False, wait_s: float | None = None) -> Engine:
    """Open an existing store.

    Args:
        address: Its path or URL.
        any_version: Whether to accept an older schema, for migration.
        wait_s: Timeout in s for locks; a few seconds by default, `RUNNING_TIMEOUT_S` for writing.

    Raises:
        MissingFile: It does not exist.
        ForeignStore: It is not a store of this program and version.
        StoreLocked: Another program has locked it.
    """
    url = StoreURL.parse(address)
    if url.path is not None:
        if not url.path.is_file():
            raise MissingFile(f"store {str(url)!r} does not exist; start a campaign with `designer run CONFIG` first")
        _check_file(url, url.path, 0.0 if wait_s is None else wait_s, may_be_empty=False)
    engine = make_engine(url, wait_s=wait_s)
    _check_schema(engine, url, any_version=any_version)
    return engine


def create_store(address: Address) -> Engine:
    """Open a store for writing, creating it if necessary, with a timeout of `RUNNING_TIMEOUT_S` for locks.

    Args:
        address: Its path or URL.

    Raises:
        ForeignStore: The address holds something else.
        StoreLocked: Another program has locked it.
    """
    url = StoreURL.parse(address)
    if url.path is not None and url.path.exists():
        _check_file(url, url.path, connections.RUNNING_TIMEOUT_S, may_be_empty=True)
    elif url.path is not None:
        url.path.parent.mkdir(parents=True, exist_ok=True)
    engine = make_engine(url, wait_s=connections.RUNNING_TIMEOUT_S)
    try:
        made = False
        with writing(engine).begin() as connection:
            # One transaction: a process killed here leaves an empty database, which the next process fills.
            if not inspect(connection).get_table_names():
                one_at_a_time(connection)
                if made := not inspect(connection).get_table_names():
                    upgrade(connection)
        if made:
            settle_engine(engine)
    except OperationalError as error:
        raise locked(url, error) from error
    except DatabaseError as error:
        raise _no_store(url, error) from error
    _check_schema(engine, url)
    return engine


def locked(url: StoreURL, error: DBAPIError | sqlite3.Error) -> StoreLocked | StoreReadOnly:
    """Return the error for an inaccessible database; only a `StoreLocked` may be resolved by waiting."""
    return _locked(url, _reason(error))


def _check_file(url: StoreURL, path: Path, wait_s: float, *, may_be_empty: bool) -> None:
    """Check an SQLite file in read-only mode, before any writing pragma.

    The check uses SQLite: opening and closing the file in another way would release the POSIX locks of this process.
    """
    if path.is_dir():
        raise ForeignStore(f"{str(path)!r} is a folder; give the path of a store file")
    if path.stat().st_size == 0 and may_be_empty:
        return
    try:
        names = wait_while_locked(lambda: _table_names(path), wait_s)
    except sqlite3.OperationalError as error:
        raise _locked(url, str(error)) from error
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise ForeignStore(
                f"{str(path)!r} is not an SQLite database; give the path of a store or of a new file"
            ) from error
        raise ForeignStore(f"{str(path)!r} is a damaged database ({error}); restore it from a copy") from error
    if SchemaRow.__tablename__ not in names and not (may_be_empty and not names):
        if not names:
            raise ForeignStore(
                f"{str(path)!r} is an empty database; if it was copied, its content may be in the file "
                f"{path.name + '-wal'!r} beside the original (copy a store with `designer backup`); if a campaign was killed "
                "while creating it, `designer run` fills it"
            )
        raise ForeignStore(f"{str(path)!r} is a database of another program; give the path of a store or of a new file")


def _table_names(path: Path) -> set[str]:
    with closing(sqlite3.connect(reading_address(path), uri=True, timeout=connections.OPENING_TIMEOUT_S)) as file:
        return {row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _check_schema(engine: Engine, url: StoreURL, *, any_version: bool = False) -> None:
    try:
        with Session(engine) as session:
            if not inspect(session.connection()).has_table(SchemaRow.__tablename__):
                raise ForeignStore(f"{str(url)!r} is a database of another program; give the address of a store")
            row = session.scalar(select(SchemaRow).where(SchemaRow.application == APPLICATION))
    except OperationalError as error:
        raise locked(url, error) from error
    except DatabaseError as error:
        raise _no_store(url, error) from error
    if row is None:
        raise ForeignStore(f"{str(url)!r} is a database of another program; give the address of a store")
    if row.version > SCHEMA_VERSION or (row.version < SCHEMA_VERSION and not any_version):
        older = "bring it to this version with `designer migrate STORE`"
        remedy = "update this program" if row.version > SCHEMA_VERSION else older
        raise ForeignStore(f"store {str(url)!r} has schema {row.version}, this program {SCHEMA_VERSION}; {remedy}")


def _no_store(url: StoreURL, error: DBAPIError) -> ForeignStore:
    return ForeignStore(f"{str(url)!r} is not a store ({_reason(error)}); give the address of a store")


def _reason(error: DBAPIError | sqlite3.Error) -> str:
    return " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())


def _locked(url: StoreURL, reason: str) -> StoreLocked | StoreReadOnly:
    name = str(url)
    if "locked" in reason:
        return StoreLocked(f"store {name!r} is locked by another program; stop it, or wait until it has finished")
    if "full" in reason:
        return StoreLocked(f"store {name!r} cannot be written ({reason}); free some space, then start again")
    if url.path is not None and is_read_only(url.path):
        if "unable to open" in reason and log_bytes(url.path):
            return StoreReadOnly(
                f"store {name!r} is read-only, and its write-ahead log {url.path.name}-wal cannot be read; copy both files "
                "to a writable folder, and use the copy"
            )
        return StoreReadOnly(
            f"store {name!r} is read-only ({reason}); copy it with `designer backup` to a writable folder"
        )
    remedy = "its address and the server" if url.path is None else "its path and permissions"
    return StoreLocked(f"store {name!r} cannot be opened ({reason}); check {remedy}")
