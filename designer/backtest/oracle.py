"""Conversion of a table into a pool with known values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from designer.data import DataRow, DataTable
from designer.errors import InvalidRequest
from mdcore.chem import RepeatUnit
from surrogates.replay import Oracle


@dataclass(frozen=True)
class OracleReport:
    """Statistics of the rows of a table.

    Attributes:
        polymers: Number of repeat units in the pool.
        failures: Number of them whose evaluation fails.
        joined: Number of rows averaged with others of the same polymer.
        unanswered: Number of rows left out because a required property is missing.
        bad: Number of unreadable rows.
    """

    polymers: int
    failures: int
    joined: int
    unanswered: int
    bad: int


def oracle_of(table: DataTable, properties: Sequence[str]) -> tuple[Oracle, OracleReport]:
    """Return a pool of the polymers with a value or failure of all properties.

    Rows of the same polymer are averaged; the standard error is that of their scatter, or the propagated one if larger; NaN if neither is
    known.

    Raises:
        InvalidRequest: A property has no column, or no row is complete.
    """
    for name in properties:
        if name not in table.properties:
            note = next((f" ({note})" for note in table.notes if f"of {name};" in note), "")
            raise InvalidRequest(
                f"{table.path} has no column of {name!r}{note}; map one with --column 'COLUMN={name}:unit'"
            )
    groups: dict[str, list[DataRow]] = {}
    unanswered = 0
    for row in table.rows:
        if all(name in row.values or name in row.failed for name in properties):
            groups.setdefault(row.unit.key, []).append(row)
        else:
            unanswered += 1
    if not groups:
        raise InvalidRequest(f"{table.path}: no row has {', '.join(properties)}; add a complete row")
    units: list[RepeatUnit] = []
    values: dict[str, list[float]] = {name: [] for name in properties}
    stderrs: dict[str, list[float]] = {name: [] for name in properties}
    for rows in groups.values():
        units.append(rows[0].unit)
        for name in properties:
            value, stderr = _joined(rows, name)
            values[name].append(value)
            stderrs[name].append(stderr)
    oracle = Oracle(
        tuple(units),
        {name: np.array(column) for name, column in values.items()},
        {name: np.array(column) for name, column in stderrs.items()},
    )
    failures = int(np.isnan(np.column_stack([oracle.values[name] for name in properties])).any(axis=1).sum())
    answered = sum(len(rows) for rows in groups.values())
    return oracle, OracleReport(len(units), failures, answered - len(units), unanswered, len(table.bad))


def _joined(rows: Sequence[DataRow], name: str) -> tuple[float, float]:
    """Mean of a property over the rows of one polymer with its standard error; NaN if all of them failed."""
    measured = [row for row in rows if name in row.values]
    if not measured:
        return float("nan"), float("nan")
    values = np.array([row.values[name] for row in measured])
    errors = np.array([row.stderrs.get(name, np.nan) for row in measured])
    own = 0.0 if np.isnan(errors).any() else float(np.sqrt((errors**2).sum())) / len(values)
    scatter = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    return float(values.mean()), max(own, scatter) or float("nan")
