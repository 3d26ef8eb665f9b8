"""`designer migrate`."""

from designer.cli.locate import locate_store
from designer.cli.options import Json, StoreArgument
from designer.cli.output import answer_stream, write_json
from designer.store.migrate import migrate_store
from designer.store.opening import open_store


def migrate_command(store: StoreArgument, as_json: Json = False) -> int:
    """Upgrade the store of an earlier version.

    A copy of an SQLite file is kept.
    """
    with answer_stream() as stream:
        url = locate_store(store)
        open_store(url, any_version=True).dispose()
        before, after, copy = migrate_store(url)
        if as_json:
            write_json(
                stream, {"store": str(url), "before": before, "after": after, "copy": str(copy) if copy else None}
            )
        elif before == after:
            stream.write(f"{url} already has schema {after}\n")
        else:
            kept = f"; the old one is kept as {copy}" if copy else ""
            stream.write(f"{url} was upgraded from schema {before} to {after}{kept}\n")
    return 0
