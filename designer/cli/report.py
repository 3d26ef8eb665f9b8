"""`designer report`."""

from pathlib import Path

from designer.cli.locate import opened_campaign
from designer.cli.output import answer_stream, write_json


def report_command(text: str, name: str | None, out: Path | None, plots: Path | None, *, as_json: bool) -> int:
    """Write the HTML report of a campaign."""
    with answer_stream() as stream, opened_campaign(text, name) as (store, config):
        from designer.report import write_report

        page = write_report(store, config, out or config.campaign_folder / "report.html", plots)
        files = sorted(str(path) for path in plots.glob("*.svg")) if plots else []
        if as_json:
            write_json(
                stream, {"campaign": config.name, "report": str(page), "bytes": page.stat().st_size, "plots": files}
            )
        else:
            stream.write(f"Report: {page}\n" + (f"Plots: {plots}\n" if files else ""))
    return 0
