"""`designer correct` and `designer withdraw`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TextIO

import typer
from sqlalchemy import Engine

from designer.amend import correct_value, selection_of, withdraw_results
from designer.cli.locate import is_config, locate_store
from designer.cli.options import (
    CampaignName,
    Evaluation,
    Json,
    OfFidelity,
    OfLine,
    OfSource,
    Polymer,
    Reason,
    StoreArgument,
)
from designer.cli.output import answer_stream, write_json
from designer.config import load_config
from designer.errors import UnknownCampaign
from designer.store import CampaignStore, campaign_names, open_store
from designer.store.corrections import Selection, correction_text
from designer.store.engine import RUNNING_TIMEOUT_S, close_engine
from designer.store.export import correction_document
from designer.store.records import CorrectionRecord


def correct_command(
    store: StoreArgument,
    property_: Annotated[str, typer.Option("--property", help="Property to correct.")],
    reason: Reason,
    polymer: Polymer = None,
    evaluation: Evaluation = None,
    value: Annotated[float | None, typer.Option(help="New value.")] = None,
    stderr: Annotated[
        float | None, typer.Option(help="New standard error; the recorded one is kept by default.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of both; that of the registry by default.")] = None,
    fidelity: OfFidelity = None,
    source: OfSource = None,
    line: OfLine = None,
    name: CampaignName = None,
    as_json: Json = False,
) -> int:
    """Correct an imported, recorded or simulated value.

    The old value, author, time and reason stay on record; the surrogates are trained on the new value.
    """
    named = {"polymer": polymer, "name": property_, "fidelity": fidelity, "source": source, "line": line}
    with answer_stream() as stream, _selected(store, name, evaluation, named) as (engine, selection):
        record = correct_value(engine, selection, value, stderr, unit=unit, reason=reason)
        if as_json:
            write_json(stream, {"corrections": [correction_document(record)]})
        else:
            stream.write(f"{correction_text(record)}\n")
    return 0


def withdraw_command(
    store: StoreArgument,
    reason: Reason,
    polymer: Polymer = None,
    evaluation: Evaluation = None,
    property_: Annotated[str | None, typer.Option("--property", help="Withdraw this property only.")] = None,
    fidelity: OfFidelity = None,
    source: OfSource = None,
    line: OfLine = None,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="Repeat the simulation with another seed, or make the polymer available to ask again."
        ),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Withdraw all matching results if there are several.")
    ] = False,
    name: CampaignName = None,
    as_json: Json = False,
) -> int:
    """Withdraw a measurement, an evaluation or an imported file.

    Withdrawn results stay on record and are ignored by surrogates, fronts and reports.
    """
    named = {"polymer": polymer, "name": property_, "fidelity": fidelity, "source": source, "line": line}
    with answer_stream() as stream, _selected(store, name, evaluation, named) as (engine, selection):
        records = withdraw_results(engine, selection, reason=reason, again=again, everything=everything)
        if as_json:
            write_json(stream, {"corrections": [correction_document(record) for record in records]})
            return 0
        _print(stream, records)
        if again:
            stream.write("The next `designer run` repeats it, or `designer ask` may reserve it again.\n")
    return 0


def _print(stream: TextIO, records: Sequence[CorrectionRecord]) -> None:
    for record in records:
        stream.write(f"{correction_text(record)}\n")


@contextmanager
def _selected(
    store: str, name: str | None, evaluation: int | None, named: dict[str, Any]
) -> Iterator[tuple[Engine, Selection]]:
    """Yield a store and the selection of the options; see `designer.amend.selection_of`."""
    with _opened(store, name, evaluation) as (engine, campaign_id):
        yield engine, selection_of(campaign_id=campaign_id, engine=engine, evaluation=evaluation, **named)


@contextmanager
def _opened(text: str, name: str | None, evaluation: int | None) -> Iterator[tuple[Engine, int | None]]:
    """Yield a store, which may contain known data only, and the selected campaign, if any.

    Raises:
        UnknownCampaign: The campaign does not exist, or an evaluation is given and the store has several campaigns.
    """
    if is_config(text) and name is None:
        name = load_config(text).name
    engine = open_store(locate_store(text), wait_s=RUNNING_TIMEOUT_S)
    try:
        held = campaign_names(engine)
        if name is None and len(held) != 1:
            if evaluation is not None:
                raise UnknownCampaign(
                    f"evaluation {evaluation} is ambiguous in a store of several campaigns; choose one with --campaign ({', '.join(held)})"
                )
            yield engine, None
        elif is_config(text) and name not in held:
            yield engine, None
        else:
            yield engine, CampaignStore.find(engine, name).campaign_id
    finally:
        close_engine(engine)
