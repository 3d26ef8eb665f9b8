"""Evaluations as rows, for the report's table and its CSV file."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from designer.report.tips import percent
from designer.store.columns import record_cells, value_cells, value_columns
from designer.store.records import EvaluationRecord
from designer.store.routes import Routes, route_text
from designer.text import with_error
from generators.cells import TableWriter

RECORD = ("evaluation", "psmiles", "state", "failure_kind", "origin", "novelty")
"""Columns of the CSV file that come from the record alone."""
MAX_ROWS = 5000
"""Maximum number of rows in the page: the front and the latest; all are in the store."""


def evaluation_rows(
    records: Sequence[EvaluationRecord],
    names: Sequence[str],
    routes: Routes,
    chances: Mapping[int, float],
    front: set[int],
) -> list[dict[str, Any]]:
    """Return the rows of the table.

    Args:
        records: Evaluations.
        names: Properties, one column each.
        routes: Known routes.
        chances: Probability of being on the front by the evaluation's identity.
        front: Identities of the front.
    """
    rows = []
    for record in records:
        cells = [
            {"text": with_error(m.value, m.stderr), "sort": f"{m.value:.9g}"}
            if (m := record.measured(name))
            else {"text": "", "sort": ""}
            for name in names
        ]
        chance = chances.get(record.id)
        rows.append(
            {
                "ordinal": record.ordinal,
                "psmiles": record.psmiles,
                "cells": cells,
                "chance": percent(chance),
                "chance_sort": "" if chance is None or chance != chance else f"{chance:.4f}",
                "front": record.id in front,
                "novelty": record.novelty,
                "is_homopolymer": record.homopolymer,
                "state": record.state,
                "failure": record.failure.kind if record.failure else "",
                "route": route_text(routes, record.key),
                "origin": record.origin,
            }
        )
    return rows


def evaluation_csv(
    records: Sequence[EvaluationRecord],
    names: Sequence[str],
    routes: Routes,
    chances: Mapping[int, float],
    front: set[int],
) -> str:
    """Return the rows as CSV text with nine-digit numbers; arguments as for `evaluation_rows`."""
    stream = io.StringIO()
    table = TableWriter(stream)
    table.row([*RECORD, "on_front", "front_probability", "route", *value_columns(names)])
    for record in records:
        chance = chances.get(record.id)
        likely = "" if chance is None or chance != chance else f"{chance:.4f}"
        numbers = (None if cell is None else f"{cell:.9g}" for cell in value_cells(record, names, None).values())
        table.row(
            [
                *record_cells(record, RECORD).values(),
                record.id in front,
                likely,
                route_text(routes, record.key),
                *numbers,
            ]
        )
    return stream.getvalue()
