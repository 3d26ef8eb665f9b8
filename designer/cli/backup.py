"""`designer backup`."""

from pathlib import Path
from typing import Annotated

import typer

from designer.cli.locate import locate_store
from designer.cli.options import Force, Json, StoreArgument
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.errors import InvalidRequest
from designer.store.backup import back_up, campaign_counts
from designer.store.engine import close_engine
from designer.store.opening import open_store
from mdcore.chem.files import replacing_path


def backup_command(
    store: StoreArgument,
    out: Annotated[Path, typer.Argument(help="SQLite file to write.")],
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Copy a store, which may be in use, to a single SQLite file."""
    with answer_stream() as stream:
        url = locate_store(store)
        if out.is_dir():
            raise InvalidRequest(f"{str(out)!r} is a folder; give the path of a file")
        if out.exists() and not out.is_file():
            raise InvalidRequest(f"{str(out)!r} is a device or pipe, not a file; choose another name")
        if out.exists() and not force:
            raise InvalidRequest(f"{str(out)!r} exists; choose another name, or replace it with --force")
        if url.path is not None and out.exists() and out.samefile(url.path):
            raise InvalidRequest(f"{str(out)!r} is the store itself; choose another name")
        engine = open_store(url, any_version=url.path is not None)
        try:
            with replacing_path(out) as part:
                if url.path is not None:
                    # Copies of a private store are private; copies of a read-only store are writable.
                    part.chmod(part.stat().st_mode & (url.path.stat().st_mode | 0o600) & 0o777)
                back_up(engine, part)
                campaigns = campaign_counts(part)
        finally:
            close_engine(engine)
        if as_json:
            write_json(
                stream, {"store": str(url), "copy": str(out), "bytes": out.stat().st_size, "campaigns": campaigns}
            )
        else:
            held = ", ".join(f"{name}: {count(number, 'evaluation')}" for name, number in campaigns.items())
            stream.write(f"{url} was copied to {out} ({held or 'no campaign'})\n")
    return 0
