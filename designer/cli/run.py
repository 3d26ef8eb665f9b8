"""`designer run`."""

from pathlib import Path
from typing import Annotated, TextIO

import typer

from designer.analysis.front import front_records
from designer.campaign.campaign import Campaign
from designer.campaign.planned import check_plan
from designer.campaign.signals import Interrupted
from designer.cli.options import CampaignFile, Json
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import front_document, print_front
from designer.cost import cost_line
from designer.progress import make_listener
from designer.store.routes import stored_routes

INTERRUPTED = 130


def run_command(
    config: CampaignFile,
    as_json: Json = False,
    with_report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html at the end.")] = True,
) -> int:
    """Start or resume a campaign."""
    listener = make_listener()
    with answer_stream() as stream, Campaign.from_yaml(config, listener=listener) as campaign:
        plan = check_plan(campaign.config)  # before a store is created
        already = campaign.finished_reason() is not None
        if not already and plan is not None and (told := cost_line(plan, campaign.config.simulation_settings())):
            listener.note(f"one evaluation: {told}")
        try:
            reason = campaign.run()
        except Interrupted as interruption:
            listener.note(f"{interruption}; resume with `designer run {config}`")
            return INTERRUPTED
        page = campaign.config.campaign_folder / "report.html"
        if with_report and not (already and page.exists()):
            from designer.report import write_report

            write_report(campaign.store, campaign.config, page)
        _answer(stream, campaign, reason, already, page if page.exists() else None, as_json=as_json)
    return 0


def _answer(
    stream: TextIO, campaign: Campaign, reason: str, already: bool, page: Path | None, *, as_json: bool
) -> None:
    front = front_records(campaign.store.evaluations("done"), campaign.objectives, campaign.config.limit_list())
    routes = stored_routes(campaign.store.engine)
    if as_json:
        document = {
            "campaign": campaign.config.name,
            "finished": True,
            "finished_before": already,
            "reason": reason,
            "evaluations": campaign.store.counts(),
            "front": front_document(front, routes),
            "store": str(campaign.config.store_url()),
            "report": str(page) if page else None,
        }
        write_json(stream, document)
        return
    state = "was already finished" if already else "is finished"
    stream.write(f"Campaign {campaign.config.name} {state}: {reason}.\n\n")
    print_front(stream, front, campaign.objectives, routes)
    if page:
        stream.write(f"\nReport: {page}\n")
