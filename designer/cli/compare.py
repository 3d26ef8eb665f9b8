"""`designer compare`."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, TextIO

import typer

from designer.analysis.comparing import Compared, Comparison, compare_campaigns, notes, reference_text
from designer.cli.locate import is_config, locate_store, opened_campaign
from designer.cli.options import Json
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import front_document
from designer.config import load_config
from designer.errors import InvalidRequest
from designer.store import campaign_names, open_store
from designer.text import with_error
from mdcore.chem import property_spec


def compare_command(
    stores: Annotated[
        list[str],
        typer.Argument(metavar="STORE...", help="Stores (paths or URLs), campaigns' folders, or their YAML files."),
    ],
    campaign: Annotated[
        list[str] | None,
        typer.Option(
            "--campaign", help="Name of a campaign to compare; may be repeated; all campaigns of the stores by default."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="HTML file to write, with fronts and hypervolume curves.")] = None,
    as_json: Json = False,
) -> int:
    """Compare campaigns with the same objectives."""
    names = campaign or []
    with answer_stream() as stream, ExitStack() as opened:
        chosen = [(text, name) for text in stores for name in _held(text, names)]
        if missing := [name for name in names if name not in {held for _, held in chosen}]:
            raise InvalidRequest(
                f"campaign {missing[0]!r} is in none of the stores; list them with designer status STORE"
            )
        if len(chosen) < 2:
            raise InvalidRequest(
                f"a comparison needs at least two campaigns, got {len(chosen)}; add another store, or omit --campaign"
            )
        found = [opened.enter_context(opened_campaign(text, name)) for text, name in chosen]
        comparison = compare_campaigns(found)
        page = None
        if out is not None:
            from designer.report import write_comparison

            page = write_comparison(comparison, out)
        if as_json:
            write_json(stream, _document(comparison, page))
        else:
            _print(stream, comparison)
            if page is not None:
                stream.write(f"Page: {page}\n")
    return 0


def _held(text: str, names: Sequence[str]) -> list[str]:
    """Return the selected campaigns of a store, or the campaign of a YAML file."""
    if is_config(text):
        own = load_config(text).name
        return [own] if not names or own in names else []
    engine = open_store(locate_store(text))
    try:
        held = campaign_names(engine)
    finally:
        engine.dispose()
    return [name for name in held if not names or name in names]


def _document(comparison: Comparison, page: Path | None) -> dict[str, object]:
    return {
        "objectives": [
            {"property": o.property, "direction": o.direction, "target": o.target} for o in comparison.objectives
        ],
        "reference": dict(zip((o.property for o in comparison.objectives), comparison.reference, strict=False)),
        "joint_front": comparison.joint,
        "campaigns": [_campaign(campaign) for campaign in comparison.campaigns],
        "page": None if page is None else str(page),
    }


def _campaign(campaign: Compared) -> dict[str, object]:
    front = front_document(campaign.front, campaign.routes)
    return {
        "campaign": campaign.label,
        "fidelity": campaign.fidelity,
        "limits": campaign.limits,
        "done": campaign.done,
        "failed": campaign.failed,
        "cost": campaign.cost,
        "hypervolume": campaign.volume,
        "hypervolume_after": campaign.volumes.tolist(),
        "front": [
            entry | {"on_joint_front": record.id in campaign.joint}
            for entry, record in zip(front, campaign.front, strict=True)
        ],
    }


def _print(stream: TextIO, comparison: Comparison) -> None:
    from rich.table import Table

    from designer.console import VisibleConsole

    table = Table(title="Campaigns", title_justify="left", title_style="bold")
    table.add_column("campaign")
    table.add_column("fidelity")
    for heading in ("measured", "failed", "front", f"on the joint\nfront of {comparison.joint}", "hypervolume"):
        table.add_column(heading, justify="right")
    for objective in comparison.objectives:
        spec = property_spec(objective.property)
        unit = "" if spec.unit == "1" else f" ({spec.unit})"
        table.add_column(f"best {spec.symbol}{unit}", justify="right", no_wrap=True)
    table.add_column("cost")
    for campaign in comparison.campaigns:
        best = []
        for objective in comparison.objectives:
            record = campaign.best(objective)
            measured = record.measured(objective.property) if record else None
            best.append(with_error(measured.value, measured.stderr) if measured else "")
        table.add_row(
            campaign.label, campaign.fidelity, str(campaign.done), str(campaign.failed), str(len(campaign.front)),
            str(len(campaign.joint)), f"{campaign.volume:.4g}", *best, campaign.cost,
        )  # fmt: skip
    VisibleConsole(file=stream, width=None if stream.isatty() else 140).print(table)
    stream.write(f"{reference_text(comparison)}\n")
    for note in notes(comparison):
        stream.write(f"{note}\n")
