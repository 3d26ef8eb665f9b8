"""`designer import`."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from designer.cli.locate import locate_store
from designer.cli.options import Columns, DataFile, Json, Sentinels, Smiles, StoreArgument
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.data import DataTable, parse_columns, read_table, records_of
from designer.data.fidelity import checked_fidelity
from designer.data.table import SENTINELS
from designer.errors import InvalidRequest
from designer.store import create_store
from designer.store.engine import close_engine
from designer.store.imported import Added, ImportedRecord, add_imported
from mdcore.chem import property_spec

MOST_SHOWN = 1000
"""Maximum number of unusable rows that are printed."""


def import_command(
    data: DataFile,
    store: StoreArgument,
    fidelity: Annotated[str, typer.Option(help="Source of the data, such as md-gaff2 or experiment.")],
    columns: Columns = None,
    smiles: Smiles = None,
    sentinels: Sentinels = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace earlier content of this file.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing if a row is unusable.")] = False,
    as_json: Json = False,
) -> int:
    """Import known data into a store as training data of campaigns."""
    with answer_stream() as stream:
        checked_fidelity(fidelity)  # before a large file is read
        table = read_table(data, parse_columns(columns or []), smiles, sentinels or SENTINELS)
        url = locate_store(store)
        records = records_of(table, fidelity)
        if not records:
            first = f"; {why}" if (why := table.why_empty()) else ""
            raise InvalidRequest(f"{data}: no row has a usable value{first}")
        if strict and (told := table.told):
            what = [count(len(table.bad), "row")] * bool(table.bad) + [count(len(table.bad_cells), "cell")] * bool(
                table.bad_cells
            )
            raise InvalidRequest(
                f"{data}: {' and '.join(what)} cannot be used, the first is line {told[0].line}: "
                f"{told[0].text}; correct it, or omit --strict"
            )
        engine = create_store(url)
        try:
            added = add_imported(engine, records, source=data.name, digest=table.digest, replace=replace)
        finally:
            close_engine(engine)
        document = _document(table, records, added, fidelity, str(url))
        if as_json:
            write_json(stream, document)
            return 0
        for note in table.notes:
            stream.write(f"left out: {note}\n")
        for doubt in table.unusual:
            stream.write(f"{doubt}\n")
        for row in table.told[:MOST_SHOWN]:
            stream.write(f"{row}\n")
        if len(table.told) > MOST_SHOWN:
            stream.write(f"... and {len(table.told) - MOST_SHOWN} more left out; --json lists them all\n")
        for name, summary in document["properties"].items():  # type: ignore[attr-defined]
            unit = "" if summary["unit"] == "1" else f" {summary['unit']}"
            span = f", {summary['lowest']:.4g} to {summary['highest']:.4g}{unit}" if summary["values"] else ""
            stream.write(
                f"{name}: {count(summary['values'], 'value')}{span}, {count(summary['failures'], 'failure')}\n"
            )
        cells = f", and {count(len(table.bad_cells), 'cell')} of used rows" if table.bad_cells else ""
        stream.write(
            f"{count(document['rows'], 'row')} in {data}: {document['used']} used, {document['empty']} without a value, "  # type: ignore[arg-type]
            f"{len(table.bad)} left out{cells}. {added.added} added to {url} as {fidelity}"
            f"{'' if added.added == len(records) else ', the others were imported before'}.\n"
        )
        for note in _notes(added, fidelity):
            stream.write(f"{note}\n")
    return 0


def _notes(added: Added, fidelity: str) -> Iterator[str]:
    """Yield notes about earlier values of the same polymers."""
    if added.withdrawn:
        yield f"{count(added.withdrawn, 'value')} had been withdrawn and stay withdrawn; pass --replace to restore them"
    if added.restored:
        yield (
            f"{count(added.restored, 'value')} had been corrected or withdrawn and were restored from the file; "
            "`designer export STORE --corrections` lists them"
        )
    if added.differing:
        yield (
            f"{count(added.differing, 'value')} differ from those of other files at {fidelity}: all are kept as repeated measurements. "
            "If these correct older ones, withdraw the older file with `designer withdraw STORE --source FILE --reason WHY`"
        )


def _document(
    table: DataTable, records: Sequence[ImportedRecord], added: Added, fidelity: str, store: str
) -> dict[str, object]:
    properties = {}
    for name in table.properties:
        values = [r.value for r in records if r.property == name and r.value is not None]
        properties[name] = {
            "values": len(values),
            "failures": sum(r.property == name and r.value is None for r in records),
            "lowest": min(values, default=None),
            "highest": max(values, default=None),
            "unit": property_spec(name).unit,
        }
    empty = sum(not row.values and not row.failed for row in table.rows)
    return {
        "data": str(table.path),
        "store": store,
        "fidelity": fidelity,
        "columns": [
            {"column": c.column, "property": c.property, "stderr": c.is_error, "unit": c.unit} for c in table.columns
        ],
        "rows": len(table.rows) + len(table.bad),
        "used": len(table.rows) - empty,
        "empty": empty,
        "polymers": len({record.key for record in records}),
        "added": added.added,
        "already_there": len(records) - added.added,
        "withdrawn_before": added.withdrawn,
        "restored": added.restored,
        "differing_from_other_files": added.differing,
        "properties": properties,
        "columns_left_out": table.notes,
        "unusual": table.unusual,
        "left_out": [row.document() for row in table.bad],
        "cells_left_out": [cell.document() for cell in table.bad_cells],
    }
