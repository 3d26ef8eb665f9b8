"""`designer ask`."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from designer.campaign.ask import LONGEST_DAYS
from designer.campaign.campaign import Campaign
from designer.cli.checks import at_least
from designer.cli.locate import find_campaign, is_config
from designer.cli.options import CampaignName, StoreArgument
from designer.cli.output import STANDARD_OUTPUT, answer_stream, write_json
from designer.cli.system_errors import system_error_text
from designer.config import load_config
from designer.data.fidelity import checked_fidelity
from designer.errors import DesignerError, InvalidRequest
from designer.progress import make_listener
from designer.store import imported_records
from designer.store.engine import RUNNING_TIMEOUT_S
from designer.store.records import EvaluationRecord
from designer.store.routes import Routes, route_text, stored_routes
from designer.text import timestamp
from generators.cells import TableWriter
from mdcore.chem import property_spec
from mdcore.chem.files import replacing_text

FORMATS = ("csv", "json")


def ask_command(
    store: StoreArgument,
    n: Annotated[int, typer.Option("--n", help="Number of candidates.")] = 1,
    days: Annotated[
        float, typer.Option(help="Duration of the reservation in days; later results are accepted as well.")
    ] = 30.0,
    fidelity: Annotated[str | None, typer.Option(help="Fidelity of the measurements; experiment by default.")] = None,
    form: Annotated[str, typer.Option("--format", help="csv or json.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="File to write; standard output by default.")] = None,
    name: CampaignName = None,
) -> int:
    """Reserve candidates for measurements made outside, and print them."""
    with answer_stream() as stream:
        at_least("--n", n, 1)
        if form not in FORMATS:
            raise InvalidRequest(f"--format {form!r} is unknown; use one of {', '.join(FORMATS)}")
        if not 0 < days <= LONGEST_DAYS:
            raise InvalidRequest(f"--days must be above 0 and at most {LONGEST_DAYS}, got {days:g}")
        if fidelity is not None:
            checked_fidelity(fidelity)
        records: list[EvaluationRecord] = []
        with open_campaign(store, name) as campaign:
            try:
                # The file is opened first, so that nothing is reserved if it cannot be written.
                with _destination(out, stream) as file:
                    records = campaign.ask(n, days=days, fidelity=fidelity)
                    imported = imported_records(campaign.store.engine)
                    measured = frozenset(known.key for known in imported if known.value is not None)
                    routes = stored_routes(campaign.store.engine, [record.key for record in records])
                    rows = [row for record in records for row in _rows(record, campaign, fidelity, measured, routes)]
                    _write(file, form, rows, campaign)
                    file.flush()
            except BaseException as error:
                campaign.release(records)
                if isinstance(error, OSError) and not isinstance(error, DesignerError | BrokenPipeError):
                    error.filename = error.filename or str(out or STANDARD_OUTPUT)
                    raise InvalidRequest(f"{system_error_text(error)}; no candidate was reserved") from error
                raise
        if out is not None:
            stream.write(f"{len(records)} candidates are reserved for {days:g} days: {out}\n")
    return 0


@contextmanager
def _destination(out: Path | None, stream: TextIO) -> Iterator[TextIO]:
    if out is None:
        yield stream
        return
    with replacing_text(out, newline="") as file:
        yield file


def _write(file: TextIO, form: str, rows: list[dict[str, object]], campaign: Campaign) -> None:
    if form == "json":
        write_json(file, {"campaign": campaign.config.name, "candidates": rows})
        return
    table = TableWriter(file)
    table.row(rows[0])
    table.rows(row.values() for row in rows)


def open_campaign(text: str, name: str | None) -> Campaign:
    """Open the campaign of a store or folder; a YAML file also creates one."""
    if is_config(text):
        return Campaign(load_config(text), listener=make_listener())
    store, config = find_campaign(text, name, wait_s=RUNNING_TIMEOUT_S)
    return Campaign(config, listener=make_listener(), store=store)


def _rows(
    record: EvaluationRecord, campaign: Campaign, fidelity: str | None, measured: Collection[str], routes: Routes
) -> list[dict[str, object]]:
    """Return a row for each property to measure, with an empty value."""
    rows = []
    for name in campaign.config.properties():
        expected = record.predicted.get(name)
        rows.append(
            {
                "candidate": record.ordinal,
                "psmiles": record.psmiles,
                "novelty": "measured" if record.key in measured else record.novelty,
                "property": name,
                "value": None,
                "stderr": None,
                "unit": property_spec(name).unit,
                "fidelity": fidelity or campaign.outside_fidelity(),
                "predicted": expected.mean if expected else None,
                "predicted_sd": expected.sd if expected else None,
                "reserved_until": timestamp(record.reserved_until),
                "route": route_text(routes, record.key),
            }
        )
    return rows
