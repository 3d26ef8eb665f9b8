"""`designer tell`."""

from pathlib import Path

from designer.cli.ask import open_campaign
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.outside import read_rows

REFUSED = 2


def tell_command(text: str, path: Path, name: str | None, fidelity: str | None, *, as_json: bool) -> int:
    """Record results from outside; exit status 2 if any row was refused."""
    with answer_stream() as stream:
        with open_campaign(text, name) as campaign:
            told = campaign.tell(read_rows(path), fidelity=fidelity)
        if as_json:
            document = {
                "campaign": campaign.config.name,
                "recorded": told.recorded,
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
            stream.write(
                f"{count(told.recorded, 'result')} recorded, {count(told.empty, 'row')} without a value, {len(told.refused)} refused\n"
            )
    return REFUSED if told.refused else 0
