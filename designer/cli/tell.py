"""`designer tell`."""

from pathlib import Path

from designer.cli.ask import open_campaign
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.errors import InvalidRequest
from designer.outside import read_rows


def tell_command(text: str, path: Path, name: str | None, fidelity: str | None, *, replace: bool, as_json: bool) -> int:
    """Record results from outside; if any row is refused, nothing is recorded and the exit status is 2."""
    with answer_stream() as stream:
        with open_campaign(text, name) as campaign:
            told = campaign.tell(read_rows(path), fidelity=fidelity, replace=replace)
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
            f"nothing was recorded, since {count(len(told.refused), 'row')} of {path} cannot be; correct them and tell the file again"
        )
    return 0
