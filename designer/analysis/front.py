"""The Pareto front of a campaign and the growth of its hypervolume."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from designer.analysis.growth import FrontGrowth
from designer.store.columns import record_cells, value_cells, value_columns
from designer.store.records import EvaluationRecord
from designer.store.substances import structures_of_record
from surrogates import Constraint, Objective, pareto_mask

if TYPE_CHECKING:
    from designer.analysis.front_table import FrontTable

FRONT = ("evaluation", "psmiles", "origin", "novelty", "in_corpus")
"""Columns of a table of the front before those of the measured properties."""


def measured_values(records: Sequence[EvaluationRecord], objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """Return the objectives' measured values, shape (n, m); NaN where one is missing."""
    table = np.full((len(records), len(objectives)), np.nan)
    for row, record in enumerate(records):
        for column, objective in enumerate(objectives):
            if measurement := record.measured(objective.property):
                table[row, column] = measurement.value
    return table


def within(record: EvaluationRecord, limits: Sequence[Constraint]) -> bool:
    """Return whether all measured values of an evaluation are within the limits."""
    measured = ((limit, record.measured(limit.property)) for limit in limits)
    return all(m is None or bool(limit.keeps(np.array([m.value]))[0]) for limit, m in measured)


def front_records(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> tuple[EvaluationRecord, ...]:
    """Return the non-dominated evaluations, best in the first objective first.

    Evaluations with a measured value beyond a limit are ignored.
    """
    done = [record for record in records if record.state == "done" and within(record, limits)]
    values = measured_values(done, objectives)
    if not done or not objectives:
        return ()
    chosen = np.flatnonzero(pareto_mask(values, objectives))
    scores = objectives[0].score(values[:, 0])
    return tuple(done[i] for i in sorted(chosen, key=lambda i: (-scores[i], done[i].ordinal)))


def hypervolume_history(
    records: Sequence[EvaluationRecord],
    objectives: Sequence[Objective],
    limits: Sequence[Constraint] = (),
    reference: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the dominated hypervolume after each finished evaluation.

    Args:
        records: Evaluations.
        objectives: The objectives.
        limits: Allowed ranges; evaluations beyond them count as not measured.
        reference: Reference point in scores; that of all measurements together if None, so that the curve never falls.

    Returns:
        Number of finished evaluations 1..n, shape (n,), and hypervolume, shape (n,).
    """
    finished = sorted(
        (r for r in records if r.state in ("done", "failed")), key=lambda r: (r.finished_at or 0.0, r.ordinal)
    )
    growth = FrontGrowth(objectives)
    values = measured_values(finished, objectives)
    values[[not within(record, limits) for record in finished]] = np.nan
    for row in values:
        growth.add(row)
    counts, volumes = np.arange(1, len(finished) + 1), np.zeros(len(finished))
    for start, volume in zip(*growth.curve(reference), strict=True):
        volumes[start - 1 :] = volume
    return counts, volumes


def front_frame(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> "FrontTable":
    """Return the front as a table with structure, origin, and all measured properties with standard errors."""
    from designer.analysis.front_table import STRUCTURES, FrontTable

    front = front_records(records, objectives, limits)
    names = dict.fromkeys([o.property for o in objectives] + [m.property for r in front for m in r.measurements])
    rows = [record_cells(record, FRONT) | value_cells(record, names, np.nan) for record in front]
    table = FrontTable(rows, columns=[*FRONT, *value_columns(names)])
    drawings = {record.ordinal: structures_of_record(record) for record in front if not record.homopolymer}
    if drawings:
        table.attrs[STRUCTURES] = drawings
    return table
