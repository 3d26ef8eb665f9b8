"""`designer tell`."""

from pathlib import Path
from typing import Annotated

import typer

from designer.cli.ask import open_campaign
from designer.cli.options import CampaignName, Json, StoreArgument
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.errors import InvalidRequest
from designer.results import read_rows


def tell_command(
    store: StoreArgument,
    results: Annotated[
        Path, typer.Argument(help="Table or JSON file of results, such as a completed output of `designer ask`.")
    ],
    fidelity: Annotated[
        str | None, typer.Option(help="Fidelity of rows that do not specify one; experiment by default.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace recorded results, which stay on record."),
    ] = False,
    name: CampaignName = None,
    as_json: Json = False,
) -> int:
    """Record results that were measured outside.

    All rows of a file are recorded, or none if a row is invalid.
    """
    with answer_stream() as stream:
        with open_campaign(store, name) as campaign:
            told = campaign.tell(read_rows(results), fidelity=fidelity, replace=replace)
        if as_json:
            document = {
                "campaign": campaign.config.name,
                "recorded": told.recorded,
                "already_recorded": told.already,
                "replaced": told.replaced,
                "empty": told.empty,
                "refused": [{"line": row.line, "reason": row.reason} for row in told.refused],
                "unusual": [{"line": row.line, "reason": row.reason} for row in told.unusual],
            }
            write_json(stream, document)
        else:
            for row in told.unusual:
                stream.write(f"line {row.line} recorded, please check: {row.reason}\n")
            for row in told.refused:
                stream.write(f"line {row.line} rejected: {row.reason}\n")
            if not told.refused:
                already = f"{told.already} already recorded, " if told.already else ""
                empty = count(told.empty, "row")
                replaced = f" ({told.replaced} replacing others)" if told.replaced else ""
                stream.write(f"{count(told.recorded, 'result')} recorded{replaced}, {already}{empty} without a value\n")
    if told.refused:
        raise InvalidRequest(
            f"nothing was recorded: {count(len(told.refused), 'row')} of {results} rejected; correct them and repeat the command"
        )
    return 0
