"""The columns of an evaluation in tables: one name for each quantity, in exports, fronts, reports and JSON documents."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from designer.store.records import EvaluationRecord
from designer.text import timestamp

RECORD_COLUMNS: Mapping[str, Callable[[EvaluationRecord], Any]] = {
    "evaluation": lambda record: record.ordinal,
    "key": lambda record: record.key,
    "psmiles": lambda record: record.psmiles,
    "state": lambda record: record.state,
    "source": lambda record: record.source,
    "failure_kind": lambda record: record.failure.kind if record.failure else None,
    "failure": lambda record: record.failure.message if record.failure else None,
    "origin": lambda record: record.origin,
    "step": lambda record: record.step,
    "novelty": lambda record: record.novelty,
    "in_corpus": lambda record: record.in_corpus,
    "seed": lambda record: record.seed,
    "finished_at": lambda record: timestamp(record.finished_at),
    "wall_s": lambda record: record.wall_s,
    "cpu_hours": lambda record: record.cpu_hours,
    "gpu_hours": lambda record: record.gpu_hours,
    "worker": lambda record: record.worker,
    "attempts": lambda record: record.attempts,
}
"""Columns by name; `finished_at` is ISO 8601 in UTC, `wall_s` in seconds."""


def record_cells(record: EvaluationRecord, columns: Iterable[str]) -> dict[str, Any]:
    """Return the values of columns of an evaluation, by name and in the given order."""
    return {column: RECORD_COLUMNS[column](record) for column in columns}


def value_columns(names: Iterable[str]) -> list[str]:
    """Return the columns of measured properties: value and standard error of each."""
    return [column for name in names for column in (name, f"{name}_stderr")]


def value_cells(record: EvaluationRecord, names: Iterable[str], missing: Any) -> dict[str, Any]:
    """Return values and standard errors of properties, by the names of `value_columns`.

    Args:
        record: An evaluation.
        names: Properties.
        missing: Entry for what was not measured.
    """
    found = [(name, record.measured(name)) for name in names]
    numbers = [number for _, m in found for number in ((m.value, m.stderr) if m else (missing, missing))]
    return dict(zip(value_columns(name for name, _ in found), numbers, strict=True))
