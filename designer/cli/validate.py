"""`designer validate` and `designer schema`."""

from pathlib import Path

from designer.cli.output import answer_stream, write_json
from designer.config import CampaignConfig, load_config


def validate_command(path: Path, *, as_json: bool) -> int:
    """Check a campaign file."""
    with answer_stream() as stream:
        config = load_config(path)
        if as_json:
            write_json(stream, {"valid": True, "config": config.document()})
        else:
            aims = ", ".join(f"{o.direction} {o.property}" for o in config.objectives)
            stream.write(f"{path} is valid: {config.name}, {aims}; preset {config.simulation.preset}\n")
    return 0


def schema_command(*, as_markdown: bool) -> int:
    """Print the JSON Schema of campaign files, or their reference for people."""
    with answer_stream() as stream:
        if as_markdown:
            from designer.config.reference import reference_markdown

            stream.write(reference_markdown())
            return 0
        write_json(stream, CampaignConfig.model_json_schema())
    return 0
