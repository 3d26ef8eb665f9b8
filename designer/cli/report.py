"""`designer report`."""

from pathlib import Path
from typing import Annotated

import typer

from designer.cli.locate import opened_campaign
from designer.cli.options import CampaignName, Json, StoreArgument
from designer.cli.output import answer_stream, write_json


def report_command(
    store: StoreArgument,
    name: CampaignName = None,
    out: Annotated[
        Path | None, typer.Option(help="HTML file to write; by default report.html in the campaign's folder.")
    ] = None,
    plots: Annotated[Path | None, typer.Option(help="Folder for the plots as SVG files.")] = None,
    as_json: Json = False,
) -> int:
    """Write an HTML report that opens without a network."""
    with answer_stream() as stream, opened_campaign(store, name) as (opened, config):
        from designer.report import write_report

        page = write_report(opened, config, out or config.campaign_folder / "report.html", plots)
        files = sorted(str(path) for path in plots.glob("*.svg")) if plots else []
        if as_json:
            write_json(
                stream, {"campaign": config.name, "report": str(page), "bytes": page.stat().st_size, "plots": files}
            )
        else:
            stream.write(f"Report: {page}\n" + (f"Plots: {plots}\n" if files else ""))
    return 0
