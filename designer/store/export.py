"""All measurements and failures of a store as a table, one row each, with units and provenance."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from designer.store.columns import RECORD_COLUMNS, record_cells
from designer.store.convert import evaluation_record
from designer.store.corrections import corrections
from designer.store.orm import CampaignRow, EvaluationRow
from designer.store.records import FINISHED, NOT_DETERMINED, CorrectionRecord, EvaluationRecord
from designer.store.store import CampaignStore
from designer.text import timestamp
from mdcore.chem.parameter_distributions import PARAMETERS_ENTRY, parameter_columns, parameter_row

COLUMNS = (
    "campaign", "evaluation", "key", "psmiles", "state", "source", "property", "value", "stderr", "unit", "fidelity",
    "failure_kind", "failure", "origin", "step", "novelty", "in_corpus", "seed", "finished_at", "wall_s", "cpu_hours", "gpu_hours",
    "worker", "attempts", "program", "git_revision", "host", "platform", "provenance",
)  # fmt: skip
"""`finished_at` is ISO 8601 in UTC, `wall_s` in seconds; `provenance` is everything else, as JSON."""
FAILURE = ("failure_kind", "failure")
"""Columns of the rows of failures."""
CORRECTIONS = (
    "at", "who", "reason", "kind", "origin", "campaign", "evaluation", "key", "psmiles", "property", "fidelity", "unit",
    "old_value", "old_stderr", "new_value", "new_stderr", "about",
)  # fmt: skip
"""`about` is everything else about the old value, as JSON."""
PARAMETER_KEYS = ("campaign", "evaluation", "key", "psmiles", "fidelity")
"""First columns of the table of parameters; all others are numbers."""
_AT_A_TIME = 1000


def export_rows(store: CampaignStore, *, whole: bool = False) -> Iterator[dict[str, Any]]:
    """Yield a row for each measurement and for each failure, in the order of the evaluations.

    Args:
        store: The campaign.
        whole: Whether to include the other campaigns of the store.
    """
    for record, name in _finished(store, whole=whole):
        yield from _rows(record, name)


def parameter_rows(store: CampaignStore, *, whole: bool = False) -> list[dict[str, Any]]:
    """Return a row for each simulated polymer with its measured values and the descriptors of its force-field parameters.

    All rows have the same keys. Evaluations that recorded no descriptors (failures, calculations without a cell, values from outside,
    simulations of earlier versions) are left out.

    Args:
        store: The campaign.
        whole: Whether to include the other campaigns of the store.
    """
    found = [
        {
            "campaign": campaign,
            "evaluation": record.ordinal,
            "key": record.key,
            "psmiles": record.psmiles,
            **parameter_row(record.measurements, record.diagnostics[PARAMETERS_ENTRY]),
        }
        for record, campaign in _finished(store, whole=whole)
        if PARAMETERS_ENTRY in record.diagnostics
    ]
    descriptors = parameter_columns()
    others = dict.fromkeys(name for row in found for name in row if name not in descriptors)
    return [{name: row.get(name) for name in (*others, *descriptors)} for row in found]


def parameter_table_columns(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Return the columns of `parameter_rows`, also without any row."""
    return tuple(rows[0]) if rows else (*PARAMETER_KEYS, *parameter_columns())


def correction_rows(engine: Engine, campaign_id: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield a row for each value that was corrected, replaced or withdrawn, known data included, oldest first.

    Args:
        engine: The store.
        campaign_id: A campaign, to return its corrections only.
    """
    for record in corrections(engine, campaign_id):
        yield correction_document(record) | {"about": json.dumps(dict(record.about), sort_keys=True)}


def correction_document(record: CorrectionRecord) -> dict[str, Any]:
    """Return a correction in JSON types, with the keys of `CORRECTIONS`."""
    special = {"at": timestamp(record.at), "evaluation": record.ordinal, "about": dict(record.about)}
    return {name: special[name] if name in special else getattr(record, name) for name in CORRECTIONS}


def _finished(store: CampaignStore, *, whole: bool) -> Iterator[tuple[EvaluationRecord, str]]:
    """Yield the finished evaluations with the names of their campaigns, a page at a time."""
    last = 0
    query = select(EvaluationRow, CampaignRow.name).join(CampaignRow, CampaignRow.id == EvaluationRow.campaign_id)
    query = query.where(EvaluationRow.state.in_(FINISHED))
    if not whole:
        query = query.where(EvaluationRow.campaign_id == store.campaign_id)
    while True:
        page = query.where(EvaluationRow.id > last).order_by(EvaluationRow.id).limit(_AT_A_TIME)
        with Session(store.engine) as session:
            found = [(evaluation_record(row), name) for row, name in session.execute(page)]
        if not found:
            return
        last = found[-1][0].id
        yield from found


def _rows(record: EvaluationRecord, campaign: str) -> Iterator[dict[str, Any]]:
    own = [column for column in COLUMNS if column in RECORD_COLUMNS and column not in FAILURE]
    common = dict.fromkeys(COLUMNS) | record_cells(record, own) | {"campaign": campaign}
    for m in record.measurements:
        measured = {
            "property": m.property,
            "value": m.value,
            "stderr": m.stderr,
            "unit": m.unit,
            "fidelity": m.fidelity,
        }
        yield common | measured | _about(dict(m.provenance))
    for name, reason in record.not_determined.items():
        missing = {"property": name, "failure_kind": NOT_DETERMINED, "failure": reason}
        yield common | missing | _about(dict(record.provenance))
    if record.failure is not None:
        yield common | record_cells(record, FAILURE) | _about(dict(record.failure.provenance))


def _about(provenance: dict[str, Any]) -> dict[str, Any]:
    machine = provenance.get("machine") or provenance.get("recorded_by") or {}
    return {
        "program": machine.get("version"),
        "git_revision": machine.get("git_revision"),
        "host": machine.get("host"),
        "platform": provenance.get("platform"),
        "provenance": json.dumps(provenance, sort_keys=True),
    }
