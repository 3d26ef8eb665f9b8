"""`designer status`."""

import time

from designer.analysis.front import front_records
from designer.cli.locate import opened_campaign
from designer.cli.options import CampaignName, Json, StoreArgument
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import front_document, print_front
from designer.store.corrections import correction_text, corrections
from designer.store.export import correction_document
from designer.store.ownership import is_running
from designer.store.routes import route_document, route_text, stored_routes
from designer.store.wal import log_bytes
from designer.text import duration, grouped_reasons, timestamp

MOST_CORRECTIONS = 10
"""Maximum number of corrections printed, the latest ones."""


def status_command(store: StoreArgument, name: CampaignName = None, as_json: Json = False) -> int:
    """Show the state and the front of a campaign."""
    with answer_stream() as stream, opened_campaign(store, name) as (opened, config):
        campaign, counts = opened.campaign(), opened.counts()
        records = opened.evaluations()
        routes = stored_routes(opened.engine)
        front = front_records(records, config.objective_list(), config.limit_list())
        running = [record for record in records if record.state == "running"]
        failures = [record for record in records if record.failure]
        changed = corrections(opened.engine, opened.campaign_id)
        alive = is_running(opened)
        state = "running" if alive else ("finished" if campaign.finished_at else "stopped")
        if as_json:
            document = {
                "campaign": campaign.name,
                "state": state,
                "stop_reason": campaign.stop_reason,
                "evaluations": counts,
                "wanted": config.stop.evaluations,
                "elapsed_s": campaign.elapsed_s,
                "unmerged_bytes": log_bytes(config.store_url().path) if alive else 0,
                "simulated_s": sum(record.wall_s for record in records),
                "running": [
                    {
                        "evaluation": r.ordinal,
                        "psmiles": r.psmiles,
                        "stage": r.stage,
                        "fraction": r.fraction,
                        "ns_per_day": r.ns_per_day if alive else None,
                        "remaining_s": r.remaining_s if alive else None,
                        "route": route_document(routes.get(r.key)),
                    }
                    for r in running
                ],
                "failures": [
                    {
                        "evaluation": r.ordinal,
                        "psmiles": r.psmiles,
                        "kind": r.failure.kind,
                        "message": r.failure.message,
                    }
                    for r in failures
                    if r.failure
                ],
                "not_determined": [
                    {"evaluation": r.ordinal, "psmiles": r.psmiles, "property": name, "message": reason}
                    for r in records
                    for name, reason in r.not_determined.items()
                ],
                "corrections": [correction_document(record) for record in changed],
                "front": front_document(front, routes),
            }
            write_json(stream, document)
            return 0
        wanted = f" of {config.stop.evaluations}" if config.stop.evaluations else ""
        stream.write(f"Campaign {campaign.name}: {state}")
        stream.write(f", {campaign.stop_reason}" if campaign.stop_reason else "")
        reserved = f", {counts['reserved']} reserved for measurements made outside" if counts.get("reserved") else ""
        stream.write(
            f"\n{counts['done']} done, {counts['failed']} failed{wanted}{reserved}; ran {duration(campaign.elapsed_s)}\n"
        )
        for record in running:
            stage = f"{record.stage}, {100 * (record.fraction or 0.0):.0f} %" if record.stage else "just started"
            since = duration(time.time() - (record.started_at or time.time()))
            where = f"since {since}" if alive else "waits for `designer run`"
            if alive and record.ns_per_day:
                where += f", {record.ns_per_day:.0f} ns/day"
            if alive and record.remaining_s is not None:
                where += f", {duration(record.remaining_s)} left"
            stream.write(f"  running #{record.ordinal} {record.psmiles}: {stage}, {where}\n")
            if route := route_text(routes, record.key):
                stream.write(f"    {route}\n")
        for record in failures:
            if record.failure:
                stream.write(
                    f"  failed #{record.ordinal} {record.psmiles}: {record.failure.kind}: {record.failure.message}\n"
                )
        for record in records:
            for reason, missing in grouped_reasons(record.not_determined).items():
                verb = "is" if len(missing) == 1 else "are"
                stream.write(
                    f"  #{record.ordinal} {record.psmiles}: {', '.join(missing)} {verb} not determined: {reason}\n"
                )
        if len(changed) > MOST_CORRECTIONS:
            stream.write(
                f"  {len(changed) - MOST_CORRECTIONS} older corrections: `designer export STORE --corrections`\n"
            )
        for correction in changed[-MOST_CORRECTIONS:]:
            number = f"#{correction.ordinal} " if correction.ordinal is not None else ""
            stream.write(
                f"  {number}{correction_text(correction)} ({timestamp(correction.at)}, {correction.who}: {correction.reason})\n"
            )
        stream.write("\n")
        print_front(stream, front, config.objective_list(), routes)
    return 0
