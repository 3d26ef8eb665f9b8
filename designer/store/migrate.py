"""Migration of a store to the present schema in one transaction; an interrupted migration changes nothing."""

import logging
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from designer.errors import CampaignBusy, ForeignStore, StoreLocked
from designer.store.engine import RUNNING_TIMEOUT_S, close_engine, make_engine, writing
from designer.store.liveness import owner_alive
from designer.store.orm import SCHEMA_VERSION
from designer.store.wal import copy_file
from designer.store_url import StoreURL
from mdcore.chem.files import replacing_path

SCRIPTS = Path(__file__).parent / "migrations"
_ADVISORY_KEY = 0x706F6C79
"""Key of PostgreSQL's advisory lock; such locks belong to one database."""


def upgrade(connection: Connection, to: str = "head") -> None:
    """Apply missing revisions to a database within the transaction of the connection.

    Args:
        connection: A connection that has begun a transaction. On SQLite, foreign keys must be
            off, since rebuilt tables are dropped in between.
        to: The last revision to apply.
    """
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    tables = inspect(connection).get_table_names()
    if "schema_version" in tables and "alembic_version" not in tables:
        # Stores of the first version were created without Alembic.
        command.stamp(config, "0001")
    command.upgrade(config, to)


def one_at_a_time(connection: Connection) -> None:
    """Lock the creation and migration of the store until the end of the transaction.

    Writing transactions of SQLite exclude each other anyway; on PostgreSQL, two campaigns that start together would both find an empty
    database.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})


def migrate_store(address: StoreURL | str) -> tuple[int, int, Path | None]:
    """Upgrade an existing store; an SQLite file is copied beside itself first.

    Args:
        address: Path or URL of a store.

    Returns:
        Its version before and after, and the copy, if one was made.

    Raises:
        CampaignBusy: A process runs one of its campaigns.
        ForeignStore: The store is damaged.
        StoreLocked: Another program has locked it.
    """
    url = StoreURL.parse(address)
    engine = migration_engine(url)
    try:
        with engine.begin() as connection:
            one_at_a_time(connection)
            before = int(connection.execute(text("SELECT version FROM schema_version")).scalar_one())
            if before >= SCHEMA_VERSION:
                return before, before, None
            if busy := _running(connection):
                raise CampaignBusy(f"campaign {busy!r} is running; stop it before migrating its store")
            copy = _copy(url.path, before)
            upgrade(connection)
            _check_references(connection, url)
        return before, SCHEMA_VERSION, copy
    except DatabaseError as error:
        reason = " ".join(str(error.orig).split())
        raise StoreLocked(f"store {str(url)!r} was not migrated ({reason}) and is unchanged; try again") from error
    finally:
        close_engine(engine)


def migration_engine(address: StoreURL | str) -> Engine:
    """Return an engine whose transactions may rebuild tables; a lock is waited for `RUNNING_TIMEOUT_S`."""
    return writing(make_engine(StoreURL.parse(address), wait_s=RUNNING_TIMEOUT_S, foreign_keys=False))


def _running(connection: Connection) -> str | None:
    """Return the name of a campaign that may be running, or None."""
    columns = "name, owner, owner_host, owner_pid, owner_started_at, heartbeat_at"
    for row in connection.execute(text(f"SELECT {columns} FROM campaign WHERE owner IS NOT NULL")):
        if owner_alive(row.owner_host, row.owner_pid, row.owner_started_at, row.heartbeat_at):
            return str(row.name)
    return None


def _copy(path: Path | None, version: int) -> Path | None:
    if path is None:
        return None
    copy = path.with_name(f"{path.name}.v{version}")
    with replacing_path(copy) as part:
        part.chmod(path.stat().st_mode & 0o777)  # a private store has private copies
        copy_file(path, part)
    return copy


def _check_references(connection: Connection, url: StoreURL) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise ForeignStore(
                f"store {str(url)!r} was not migrated: its references {list(map(tuple, broken[:3]))} have no target; restore it "
                "from a copy"
            )
