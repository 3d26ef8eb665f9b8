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
    results: Annotated[Path, typer.Argument(help="Table or JSON file, as `designer ask` printed it, filled in.")],
    fidelity: Annotated[
        str | None, typer.Option(help="Where rows come from that do not say it; experiment otherwise.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Put results in the place of others that are recorded; these stay on record."),
    ] = False,
    name: CampaignName = None,
    as_json: Json = False,
) -> int:
    """Record what was measured elsewhere.

    All rows of a file are recorded, or none if one breaks a rule.
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
                stream.write(f"line {row.line} recorded, but check it: {row.reason}\n")
            for row in told.refused:
                stream.write(f"line {row.line} refused: {row.reason}\n")
            if not told.refused:
                already = f"{told.already} already recorded, " if told.already else ""
                empty = count(told.empty, "row")
                replaced = f" ({told.replaced} in place of others)" if told.replaced else ""
                stream.write(f"{count(told.recorded, 'result')} recorded{replaced}, {already}{empty} without a value\n")
    if told.refused:
        raise InvalidRequest(
            f"nothing was recorded, since {count(len(told.refused), 'row')} of {results} cannot be; correct them and tell the file again"
        )
    return 0
