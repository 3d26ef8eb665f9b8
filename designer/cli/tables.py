"""Fronts and evaluations as text and as JSON."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TextIO

from rich.table import Table
from rich.text import Text

from designer.columns import column_label
from designer.console import VisibleConsole
from designer.store.columns import record_cells
from designer.store.records import EvaluationRecord
from designer.store.routes import Routes, route_document, route_text
from designer.text import with_error
from mdcore.chem import Measurement, property_spec
from mdcore.chem.naming import measurement_names
from surrogates import Objective


def count(number: int, noun: str) -> str:
    """Return `1 row` or `3 rows`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def measurement_document(measurement: Measurement) -> dict[str, object]:
    """Return a measurement in JSON types."""
    return {
        "value": measurement.value,
        "stderr": measurement.stderr,
        "unit": measurement.unit,
        "fidelity": measurement.fidelity,
        **measurement_names(measurement),
    }


def front_document(front: Sequence[EvaluationRecord], routes: Routes) -> list[dict[str, object]]:
    """Return evaluations with their measurements in JSON types."""
    return [
        {
            **record_cells(record, ("evaluation", "psmiles", "key")),
            **({} if record.substance is None else {"substance": dict(record.substance)}),
            **record_cells(record, ("origin", "novelty", "in_corpus")),
            "route": route_document(routes.get(record.key)),
            "properties": {m.property: measurement_document(m) for m in record.measurements},
        }
        for record in front
    ]


def print_front(
    stream: TextIO, front: Sequence[EvaluationRecord], objectives: Sequence[Objective], routes: Routes
) -> None:
    """Print the Pareto front with standard errors, best in the first objective first."""
    if not front:
        stream.write("No evaluation has measured all objectives yet.\n")
        return
    aims = {o.property: o.direction for o in objectives}
    names = dict.fromkeys([*aims, *(m.property for record in front for m in record.measurements)])
    table = Table(title="Pareto front", title_justify="left", title_style="bold")
    table.add_column("evaluation", justify="right")
    table.add_column("structure and synthesis", overflow="fold")
    for name in names:
        unit = property_spec(name).unit
        lines = column_label(name, front, "\n").split("\n")
        heading = "\n".join(part for line in lines for part in wrap(line, 20)) + ("" if unit == "1" else f"\n({unit})")
        table.add_column(f"{heading}\n{aims.get(name, '')}", justify="right", no_wrap=True)
    table.add_column("novelty")
    for record in front:
        measured = [record.measured(name) for name in names]
        cells = [with_error(m.value, m.stderr) if m else "" for m in measured]
        table.add_row(str(record.ordinal), _structure(record, routes), *cells, record.novelty)
    # A pipe has no width; a fixed width keeps numbers on one line.
    VisibleConsole(file=stream, width=None if stream.isatty() else 140).print(table)


def _structure(record: EvaluationRecord, routes: Routes) -> Text:
    text = Text(record.psmiles)
    if route := route_text(routes, record.key):
        text.append(f"\n{route}", style="dim")
    return text
