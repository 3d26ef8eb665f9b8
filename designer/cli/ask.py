"""`designer ask`."""

import csv
import io
from pathlib import Path

from designer.campaign.campaign import Campaign
from designer.cli.checks import at_least
from designer.cli.locate import find_campaign, is_config
from designer.cli.output import answer_stream, write_json
from designer.config import load_config
from designer.errors import InvalidRequest
from designer.progress import make_listener
from designer.store.engine import RUNNING_TIMEOUT_S
from designer.store.records import EvaluationRecord
from designer.text import timestamp
from mdcore.chem import property_spec

FORMATS = ("csv", "json")


def ask_command(
    text: str, name: str | None, n: int, days: float, fidelity: str | None, form: str, out: Path | None
) -> int:
    """Reserve candidates and print them as a file that `designer tell` takes once it is filled in."""
    with answer_stream() as stream:
        at_least("--n", n, 1)
        if form not in FORMATS:
            raise InvalidRequest(f"--format {form!r} is unknown; use one of {', '.join(FORMATS)}")
        if days <= 0:
            raise InvalidRequest(f"--days {days:g} must be greater than 0; raise it")
        with open_campaign(text, name) as campaign:
            records = campaign.ask(n, days=days, fidelity=fidelity)
        rows = [row for record in records for row in _rows(record, campaign, fidelity)]
        if form == "json":
            document = {"campaign": campaign.config.name, "candidates": rows}
            if out is None:
                write_json(stream, document)
                return 0
            with out.open("w", encoding="utf-8") as file:
                write_json(file, document)
        else:
            buffer = io.StringIO()
            writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            if out is None:
                stream.write(buffer.getvalue())
                return 0
            out.write_text(buffer.getvalue(), encoding="utf-8")
        stream.write(f"{len(records)} candidates are reserved for {days:g} days: {out}\n")
    return 0


def open_campaign(text: str, name: str | None) -> Campaign:
    """Open the campaign behind a store or folder; a YAML file also begins one."""
    if is_config(text):
        return Campaign(load_config(text), listener=make_listener())
    store, config = find_campaign(text, name, wait_s=RUNNING_TIMEOUT_S)
    return Campaign(config, listener=make_listener(), store=store)


def _rows(record: EvaluationRecord, campaign: Campaign, fidelity: str | None) -> list[dict[str, object]]:
    """Return a row for each property to measure, its value left open."""
    rows = []
    for name in campaign.config.properties():
        expected = record.predicted.get(name)
        rows.append(
            {
                "candidate": record.ordinal,
                "psmiles": record.psmiles,
                "property": name,
                "value": None,
                "stderr": None,
                "unit": property_spec(name).unit,
                "fidelity": fidelity or campaign.outside_fidelity(),
                "predicted": expected.mean if expected else None,
                "predicted_sd": expected.sd if expected else None,
                "reserved_until": timestamp(record.reserved_until),
            }
        )
    return rows
