"""`designer export`."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TextIO

import typer

from designer.cli.locate import locate_store, opened_campaign
from designer.cli.options import CampaignName, StoreArgument
from designer.cli.output import answer_stream, write_json
from designer.errors import InvalidRequest, MissingPart
from designer.store import campaign_names, open_store
from designer.store.engine import close_engine
from designer.store.export import (
    COLUMNS,
    CORRECTIONS,
    PARAMETER_KEYS,
    correction_rows,
    export_rows,
    parameter_rows,
    parameter_table_columns,
)
from generators.cells import TableWriter
from mdcore.chem.files import replacing, replacing_text

_Table = tuple[Sequence[str], Iterator[dict[str, Any]]]
FORMATS = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".pq": "parquet"}


def export_command(
    store: StoreArgument,
    out: Annotated[
        Path | None, typer.Option(help="File to write, .csv, .json or .parquet; standard output by default.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help="csv, json or parquet; by default according to the extension of the file."),
    ] = None,
    whole: Annotated[bool, typer.Option("--all", help="Export all campaigns of the store.")] = False,
    history: Annotated[
        bool,
        typer.Option(
            "--corrections",
            help="Write corrections and withdrawals instead: old and new value, author, time and reason.",
        ),
    ] = False,
    parameters: Annotated[
        bool,
        typer.Option(
            "--parameters",
            help="Write one row per simulated polymer instead: its measured values and the distributions of its force-field parameters.",
        ),
    ] = False,
    name: CampaignName = None,
) -> int:
    """Write all measurements with units and provenance."""
    with answer_stream() as stream:
        if history and parameters:
            raise InvalidRequest("--corrections and --parameters are different tables; give one of them")
        if form is None:
            form = FORMATS.get(out.suffix) if out is not None else "csv"
        if form not in set(FORMATS.values()):
            given = f"--format {form!r}" if form else f"ending {out.suffix!r} of {out}" if out else "no format"
            raise InvalidRequest(f"{given} is unknown; use one of csv, json, parquet")
        if out is None and form == "parquet":
            raise InvalidRequest("parquet cannot be written to standard output; give a file with --out")
        read = _corrections if history else _parameters if parameters else _results
        with read(store, name, whole=whole) as (columns, rows):
            if out is None:
                _text(form, stream, rows, columns)
                return 0
            out.parent.mkdir(parents=True, exist_ok=True)
            if form == "parquet":
                with replacing(out) as binary:
                    number = _parquet(binary, rows, columns)
            else:
                with replacing_text(out, newline="") as file:
                    number = _text(form, file, rows, columns)
        stream.write(f"{number} rows: {out}\n")
    return 0


@contextmanager
def _results(text: str, name: str | None, *, whole: bool) -> Iterator[_Table]:
    with opened_campaign(text, name) as (store, _):
        yield COLUMNS, export_rows(store, whole=whole)


@contextmanager
def _parameters(text: str, name: str | None, *, whole: bool) -> Iterator[_Table]:
    with opened_campaign(text, name) as (store, _):
        rows = parameter_rows(store, whole=whole)
        yield parameter_table_columns(rows), iter(rows)


@contextmanager
def _corrections(text: str, name: str | None, *, whole: bool) -> Iterator[_Table]:
    """Yield the rows of a campaign, or of a store that contains known data only."""
    engine = open_store(locate_store(text))
    try:
        if not campaign_names(engine):
            yield CORRECTIONS, correction_rows(engine)
            return
    finally:
        close_engine(engine)
    with opened_campaign(text, name) as (store, _):
        yield CORRECTIONS, correction_rows(store.engine, None if whole else store.campaign_id)


def _text(form: str, stream: TextIO, rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> int:
    number = 0
    if form == "json":
        free = {"provenance", "about"}.intersection(columns)
        found = [row | {name: json.loads(row[name]) for name in free} for row in rows]
        write_json(stream, {"columns": list(columns), "rows": found})
        return len(found)
    table = TableWriter(stream)
    table.row(columns)
    for row in rows:
        table.row(row[column] for column in columns)
        number += 1
    return number


def _parquet(stream: BinaryIO, rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingPart("parquet needs pyarrow; pip install 'polymer-designer[parquet]', or export to csv") from error
    found = list(rows)
    numbers = {
        "value",
        "stderr",
        "old_value",
        "old_stderr",
        "new_value",
        "new_stderr",
        "wall_s",
        "cpu_hours",
        "gpu_hours",
    }
    whole = {"evaluation", "seed", "attempts"}
    if not {"provenance", "about"}.intersection(columns):
        numbers |= set(columns) - set(PARAMETER_KEYS)
    kinds = {
        name: pyarrow.float64() if name in numbers else pyarrow.int64() if name in whole
        else pyarrow.bool_() if name == "in_corpus" else pyarrow.string()
        for name in columns
    }  # fmt: skip
    schema = pyarrow.schema(list(kinds.items()))
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(found, schema=schema), stream)
    return len(found)
