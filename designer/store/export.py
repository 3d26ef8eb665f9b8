"""All measurements and failures of a store as a table, one row each, with units and provenance."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from designer.store.columns import RECORD_COLUMNS, record_cells
from designer.store.convert import evaluation_record
from designer.store.corrections import corrections
from designer.store.orm import CampaignRow, EvaluationRow
from designer.store.records import FINISHED, CorrectionRecord, EvaluationRecord
from designer.store.store import CampaignStore
from designer.text import timestamp

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
_AT_A_TIME = 1000


def export_rows(store: CampaignStore, *, whole: bool = False) -> Iterator[dict[str, Any]]:
    """Yield a row for each measurement and for each failure, in the order of the evaluations.

    Args:
        store: The campaign.
        whole: Whether to include the other campaigns of the store.
    """
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
        for record, name in found:
            yield from _rows(record, name)


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
