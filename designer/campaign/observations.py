"""From the store's records to what the surrogates learn from."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from designer.store.records import EvaluationRecord
from mdcore.chem import RepeatUnit
from surrogates import Observations

MACHINE_FAILURES = frozenset({"worker", "internal"})
"""Kinds of failure that say nothing about the polymer."""


@lru_cache(maxsize=200_000)
def unit_of(psmiles: str) -> RepeatUnit:
    """Parse a repeat unit that the store holds, once."""
    return RepeatUnit.from_psmiles(psmiles)


def observations_of(records: Iterable[EvaluationRecord], properties: Sequence[str]) -> Observations:
    """Gather finished evaluations, sorted by key so that the order of arrival changes nothing.

    Args:
        records: Evaluations in any state; only finished ones count.
        properties: What the surrogates model.
    """
    finished = sorted((r for r in records if _informative(r)), key=lambda r: r.key)
    values = {name: np.full(len(finished), np.nan) for name in properties}
    stderrs = {name: np.full(len(finished), np.nan) for name in properties}
    for row, record in enumerate(finished):
        for name in properties:
            if measurement := record.measured(name):
                values[name][row] = measurement.value
                stderrs[name][row] = measurement.stderr
    return Observations(
        units=tuple(unit_of(record.psmiles) for record in finished),
        values=values,
        stderrs=stderrs,
        failed=np.array([record.state == "failed" for record in finished], dtype=bool),
    )


def _informative(record: EvaluationRecord) -> bool:
    if record.state == "failed":
        return record.failure is not None and record.failure.kind not in MACHINE_FAILURES
    return record.state == "done"
