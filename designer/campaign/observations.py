"""Conversion of the store's records into observations for the surrogates."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from designer.store.imported import ImportedRecord
from designer.store.records import MACHINE_FAILURES, EvaluationRecord
from designer.store.substances import composition_of_record, unit_of
from mdcore.chem import Composition
from surrogates import Observations


@dataclass(frozen=True)
class _Row:
    """One row of the observations; properties that were not measured are missing."""

    unit: Composition
    fidelity: str
    values: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    failed: bool = False


def observations_of(
    records: Iterable[EvaluationRecord],
    properties: Sequence[str],
    fidelity: str = "",
    imported: Iterable[ImportedRecord] = (),
    needed: Sequence[str] | None = None,
) -> Observations:
    """Collect finished evaluations and known data, sorted by content so that the order of arrival does not matter.

    Args:
        records: Evaluations in any state; only finished ones of substances with repeat units count.
        properties: Properties that the surrogates model.
        fidelity: Fidelity of the evaluations.
        imported: Known data of any fidelity; those of `fidelity` are treated like evaluations.
        needed: Properties whose failure in the known data, or that a simulation does not determine, count as a failure of the polymer;
            `properties` by default.
    """
    rows = []
    for record in sorted(
        (r for r in records if informative(r)), key=lambda r: (r.key, r.source, r.campaign, r.ordinal)
    ):
        unit = composition_of_record(record)
        if unit is None:
            continue
        # Measurements made outside have their own fidelity.
        named = record.source == "outside" and record.state == "done"
        fidelities = sorted({m.fidelity for m in record.measurements}) if named else [fidelity]
        for name in fidelities:
            values = _values(record, properties, name if named else None)
            rows.append(_Row(unit, name, values, record.state == "failed"))
            if record.not_determined.keys() & set(properties if needed is None else needed):
                rows.append(_Row(unit, name, failed=True))
    rows += _known_rows(imported, properties, properties if needed is None else needed)
    columns = {name: np.full(len(rows), np.nan) for name in properties}
    stderrs = {name: np.full(len(rows), np.nan) for name in properties}
    for i, row in enumerate(rows):
        for name, (value, stderr) in row.values.items():
            columns[name][i], stderrs[name][i] = value, stderr
    return Observations(
        units=tuple(row.unit for row in rows),
        values=columns,
        stderrs=stderrs,
        failed=np.array([row.failed for row in rows], dtype=bool),
        fidelities=tuple(row.fidelity for row in rows),
    )


def _values(
    record: EvaluationRecord, properties: Sequence[str], fidelity: str | None
) -> dict[str, tuple[float, float]]:
    # A zero error of a simulation is exact; of a measurement made outside, it means unknown.
    unknown = math.nan if record.source == "outside" else 0.0
    return {
        m.property: (m.value, m.stderr or unknown)
        for m in record.measurements
        if m.property in properties and fidelity in (None, m.fidelity)
    }


def _known_rows(imported: Iterable[ImportedRecord], properties: Sequence[str], needed: Sequence[str]) -> list[_Row]:
    """Join the known values of one line of one source; failures become separate rows."""
    lines: dict[tuple[str, str, str, int], list[ImportedRecord]] = {}
    for record in imported:
        if record.property in properties:
            lines.setdefault((record.psmiles, record.fidelity, record.digest, record.line), []).append(record)
    rows = []
    for (psmiles, fidelity, _, _), group in lines.items():
        values = {r.property: (r.value, r.stderr or math.nan) for r in group if r.value is not None}
        if values:
            rows.append(_Row(unit_of(psmiles), fidelity, values))
        if any(r.value is None and r.property in needed for r in group):
            rows.append(_Row(unit_of(psmiles), fidelity, failed=True))
    return rows


def informative(record: EvaluationRecord) -> bool:
    """Return whether an evaluation contains information about its polymer."""
    if record.state == "failed":
        return record.failure is not None and record.failure.kind not in MACHINE_FAILURES
    return record.state == "done"
