"""Open or create a store; whatever else lies at the address is left byte for byte as it is."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, inspect, select
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from designer.errors import ForeignStore, MissingFile, MissingPart, StoreLocked
from designer.store.migrate import one_at_a_time, upgrade
from designer.store.orm import APPLICATION, SCHEMA_VERSION, SchemaRow
from designer.store.url import shown, sqlite_path

OPENING_TIMEOUT_S = 5.0
RUNNING_TIMEOUT_S = 120.0
_SQLITE_MAGIC = b"SQLite format 3\x00"
_POSTGRES_ARGUMENTS = {
    "connect_timeout": 10,
    # A server that vanished without a word is noticed within a minute.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
    "application_name": "polymer-designer",
}


def open_store(url: str, *, any_version: bool = False) -> Engine:
    """Open an existing store.

    Args:
        url: SQLAlchemy URL.
        any_version: Accept an older schema, to migrate it.

    Raises:
        MissingFile: There is none.
        ForeignStore: It is no store of this program and version.
        StoreLocked: Another program holds it.
    """
    path = sqlite_path(url)
    if path is not None:
        if not path.is_file():
            raise MissingFile(f"store {str(path)!r} does not exist; start a campaign with `designer run CONFIG` first")
        _check_file(path, may_be_empty=False)
    engine = _engine(url)
    _check_schema(engine, url, any_version=any_version)
    return engine


def create_store(url: str) -> Engine:
    """Open a store, making it if there is none.

    Raises:
        ForeignStore: Something else lies at the address.
        StoreLocked: Another program holds it.
    """
    path = sqlite_path(url)
    if path is not None and path.exists():
        _check_file(path, may_be_empty=True)
    elif path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = _engine(url)
    try:
        with writing(engine).begin() as connection:
            # One transaction: a process killed here leaves an empty database, which the next one fills.
            if not inspect(connection).get_table_names():
                one_at_a_time(connection)
                if not inspect(connection).get_table_names():
                    upgrade(connection)
    except OperationalError as error:
        raise locked(url, error) from error
    _check_schema(engine, url)
    return engine


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write: SQLite then takes the write lock at their start.

    A transaction that reads first and writes later fails at once, without waiting, when another one wrote in between.
    """
    return engine.execution_options(immediate=True)


def locked(url: str, error: DBAPIError) -> StoreLocked:
    """Describe a database that does not let us in."""
    return _locked(shown(url), _reason(error))


def _check_file(path: Path, *, may_be_empty: bool) -> None:
    """Look into an SQLite file without touching it: opened for reading only, before any pragma that writes."""
    if path.is_dir():
        raise ForeignStore(f"{str(path)!r} is a folder; give the path of a store file")
    with path.open("rb") as stream:
        magic = stream.read(len(_SQLITE_MAGIC))
    if not magic and may_be_empty:
        return
    if magic != _SQLITE_MAGIC:
        raise ForeignStore(f"{str(path)!r} is no SQLite database; give the path of a store or of a new file")
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=OPENING_TIMEOUT_S)
        try:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise _locked(str(path), str(error)) from error
    except sqlite3.DatabaseError as error:
        raise ForeignStore(f"{str(path)!r} is a damaged database ({error}); restore it from a copy") from error
    if SchemaRow.__tablename__ not in names and not (may_be_empty and not names):
        raise ForeignStore(f"{str(path)!r} is a database of another program; give the path of a store or of a new file")


def _check_schema(engine: Engine, url: str, *, any_version: bool = False) -> None:
    try:
        with Session(engine) as session:
            if not inspect(session.connection()).has_table(SchemaRow.__tablename__):
                raise ForeignStore(f"{shown(url)!r} is a database of another program; give the address of a store")
            row = session.scalar(select(SchemaRow).where(SchemaRow.application == APPLICATION))
    except OperationalError as error:
        raise locked(url, error) from error
    except DatabaseError as error:
        raise ForeignStore(f"{shown(url)!r} is not a store ({_reason(error)}); give the address of a store") from error
    if row is None:
        raise ForeignStore(f"{shown(url)!r} is a database of another program; give the address of a store")
    if row.version > SCHEMA_VERSION or (row.version < SCHEMA_VERSION and not any_version):
        older = "bring it to this version with `designer migrate STORE`"
        remedy = "update this program" if row.version > SCHEMA_VERSION else older
        raise ForeignStore(f"store {shown(url)!r} has schema {row.version}, this program {SCHEMA_VERSION}; {remedy}")


def _engine(url: str) -> Engine:
    try:
        if sqlite_path(url) is None:
            return create_engine(url, pool_pre_ping=True, connect_args=_POSTGRES_ARGUMENTS)
        engine = create_engine(url, connect_args={"timeout": OPENING_TIMEOUT_S})
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise MissingPart(
            f"no driver for store {shown(url)!r} ({error}); install the extra: pip install 'polymer-designer[postgres]'"
        ) from error
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # Python's driver would otherwise leave table definitions outside of transactions.
    connection.isolation_level = None
    cursor = connection.cursor()
    # WAL lets `status` and `report` read while a campaign writes. With it, synchronous=NORMAL survives the death of any
    # process; after a power cut the last transactions may be missing, and the result files make up for them.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def be_patient(engine: Engine) -> None:
    """Wait long for locks from now on: a running campaign must survive another program's slow transaction."""

    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(1000 * RUNNING_TIMEOUT_S)}")
        cursor.close()

    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", configure)
        engine.dispose()


def _reason(error: DBAPIError) -> str:
    return " ".join(str(error.orig).split())


def _locked(name: str, reason: str) -> StoreLocked:
    if "locked" in reason:
        return StoreLocked(f"store {name!r} is locked by another program; end it, or wait until it is done")
    if "full" in reason:
        return StoreLocked(f"store {name!r} cannot be written ({reason}); free some space, then start again")
    return StoreLocked(f"store {name!r} cannot be opened ({reason}); check its path and permissions")
