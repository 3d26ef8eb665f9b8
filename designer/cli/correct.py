"""`designer correct` and `designer withdraw`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from sqlalchemy import Engine

from designer.amend import correct_value, correction_document, selection_of, withdraw_results
from designer.cli.locate import is_config, locate_store
from designer.cli.output import answer_stream, write_json
from designer.config import load_config
from designer.errors import UnknownCampaign
from designer.store import CampaignStore, campaign_names, open_store
from designer.store.corrections import correction_text
from designer.store.engine import RUNNING_TIMEOUT_S, close_engine
from designer.store.records import CorrectionRecord


def correct_command(
    text: str,
    name: str | None,
    *,
    polymer: str | None,
    evaluation: int | None,
    property_: str,
    value: float | None,
    stderr: float | None,
    unit: str | None,
    fidelity: str | None,
    source: str | None,
    line: int | None,
    reason: str,
    as_json: bool,
) -> int:
    """Put another value in the place of one that a store holds."""
    with answer_stream() as stream, _opened(text, name, evaluation) as (engine, campaign_id):
        selection = selection_of(
            campaign_id=campaign_id, evaluation=evaluation, polymer=polymer, name=property_, fidelity=fidelity,
            source=source, line=line,
        )  # fmt: skip
        record = correct_value(engine, selection, value, stderr, unit=unit, reason=reason)
        if as_json:
            write_json(stream, {"corrections": [correction_document(record)]})
        else:
            stream.write(f"{correction_text(record)}\n")
    return 0


def withdraw_command(
    text: str,
    name: str | None,
    *,
    polymer: str | None,
    evaluation: int | None,
    property_: str | None,
    fidelity: str | None,
    source: str | None,
    line: int | None,
    reason: str,
    again: bool,
    everything: bool,
    as_json: bool,
) -> int:
    """Take results back that a store holds."""
    with answer_stream() as stream, _opened(text, name, evaluation) as (engine, campaign_id):
        selection = selection_of(
            campaign_id=campaign_id, evaluation=evaluation, polymer=polymer, name=property_, fidelity=fidelity,
            source=source, line=line,
        )  # fmt: skip
        records = withdraw_results(engine, selection, reason=reason, again=again, everything=everything)
        if as_json:
            write_json(stream, {"corrections": [correction_document(record) for record in records]})
            return 0
        _print(stream, records)
        if again:
            stream.write("It is done again by the next `designer run`, or asked for again by `designer ask`.\n")
    return 0


def _print(stream: TextIO, records: Sequence[CorrectionRecord]) -> None:
    for record in records:
        stream.write(f"{correction_text(record)}\n")


@contextmanager
def _opened(text: str, name: str | None, evaluation: int | None) -> Iterator[tuple[Engine, int | None]]:
    """Yield a store that may hold known data alone, and the campaign that is meant, if one is.

    Raises:
        UnknownCampaign: The store holds no campaign of this name, or an evaluation is named and several campaigns are there.
    """
    if is_config(text) and name is None:
        name = load_config(text).name
    engine = open_store(locate_store(text), wait_s=RUNNING_TIMEOUT_S)
    try:
        held = campaign_names(engine)
        if name is None and len(held) != 1:
            if evaluation is not None:
                raise UnknownCampaign(
                    f"evaluation {evaluation} of which campaign? Choose one with --campaign ({', '.join(held)})"
                )
            yield engine, None
        elif is_config(text) and name not in held:
            yield engine, None
        else:
            yield engine, CampaignStore.find(engine, name).campaign_id
    finally:
        close_engine(engine)
