"""`designer validate` and `designer schema`."""

from typing import Annotated

import typer

from designer.campaign.listed import listed_substances
from designer.campaign.planned import check_files, check_plan
from designer.cli.options import CampaignFile, Json
from designer.cli.output import answer_stream, write_json
from designer.config import CampaignConfig, load_config
from designer.cost import cost_document, cost_line
from mdcore.measure.cost import cost_of


def validate_command(config: CampaignFile, as_json: Json = False) -> int:
    """Check a campaign file."""
    with answer_stream() as stream:
        found = load_config(config)
        check_files(found)
        plan = check_plan(found)
        settings = found.simulation_settings()
        if as_json:
            cost = {} if plan is None else {"cost_of_one_evaluation": cost_document(cost_of(plan, settings))}
            write_json(stream, {"valid": True, "config": found.document(), **cost})
        else:
            aims = ", ".join(f"{o.direction} {o.property}" for o in found.objectives)
            listed = len({one.key for one in listed_substances(found)})
            chosen = f"; {listed} substance{'s' * (listed != 1)} listed" if listed else ""
            stream.write(f"{config} is valid: {found.name}, {aims}; preset {found.simulation.preset}{chosen}\n")
            if plan is not None and (told := cost_line(plan, settings)):
                stream.write(f"One evaluation: {told}\n")
    return 0


def schema_command(
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the Markdown reference instead.")] = False,
) -> int:
    """Print the JSON Schema of campaign files, for editors."""
    with answer_stream() as stream:
        if as_markdown:
            from designer.config.reference import reference_markdown

            stream.write(reference_markdown())
            return 0
        write_json(stream, CampaignConfig.model_json_schema())
    return 0
