"""How sure is it that a measured polymer is on the Pareto front? Its errors, carried through by Monte Carlo."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.objective import Constraint, Objective
from surrogates.pareto import non_dominated

FloatArray = NDArray[np.float64]

DRAWS = 4000
"""The probability's own standard error is at most 0.5 / sqrt(DRAWS), 0.8 %."""
FEWEST_DRAWS = 400
_WIDTH = 4.0
"""Standard errors beyond which a polymer counts as surely better or worse: 3e-5, less than one of the draws."""
_COMPARISONS = 4e9
"""Comparisons of three or more objectives that may be spent."""


def front_probability(
    values: Mapping[str, FloatArray],
    stderrs: Mapping[str, FloatArray],
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint] = (),
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> tuple[FloatArray, int]:
    """Return the probability that each polymer is on the front, if its measured values have independent normal errors.

    Each draw adds to every measured value a normal deviate of its standard error, leaves out what breaks a constraint, and
    notes which polymers nothing dominates. Errors that the properties of one polymer share, or all simulations, are not in it.

    Args:
        values: For each property measured values, shape (n,), NaN where not measured.
        stderrs: Their standard errors, shape (n,); NaN or a missing property means zero.
        objectives: The objectives; a polymer without a value of each is not on the front.
        constraints: Ranges to keep; where a property is not measured, its range counts as kept.
        seed: Seed of the draws.
        draws: How many; fewer, but at least `FEWEST_DRAWS`, where three or more objectives leave many candidates.

    Returns:
        Probabilities, shape (n,), NaN where a standard error is infinite; and the number of draws.
    """
    names = list(dict.fromkeys([*(o.property for o in objectives), *(c.property for c in constraints)]))
    n = len(next(iter(values.values()))) if values else 0
    table = np.column_stack([values.get(name, np.full(n, np.nan)) for name in names]).reshape(n, len(names))
    errors = np.column_stack([stderrs.get(name, np.zeros(n)) for name in names]).reshape(n, len(names))
    errors = np.where(np.isnan(errors), 0.0, errors)
    columns = {name: j for j, name in enumerate(names)}
    wanted = [columns[o.property] for o in objectives]
    found = np.zeros(n)
    unknown = np.isinf(errors).any(axis=1)
    found[unknown] = np.nan
    complete = np.flatnonzero(~np.isnan(table[:, wanted]).any(axis=1) & ~unknown)
    rows = complete[_undecided(table[complete], errors[complete], objectives, constraints, columns)]
    if not len(rows):
        return found, draws
    if len(objectives) > 2:
        draws = int(np.clip(_COMPARISONS / (len(rows) ** 2 * len(objectives)), min(FEWEST_DRAWS, draws), draws))
    rng = np.random.default_rng(seed)
    hits = np.zeros(len(rows))
    for _ in range(draws):
        drawn = table[rows] + errors[rows] * rng.standard_normal((len(rows), len(names)))
        scores = np.column_stack([o.score(drawn[:, columns[o.property]]) for o in objectives])
        scores[~_keeps(drawn, constraints, columns)] = np.nan
        hits += non_dominated(scores) if len(objectives) <= 2 else _non_dominated_pairwise(scores)
    found[rows] = hits / draws
    return found, draws


def _keeps(table: FloatArray, constraints: Sequence[Constraint], columns: Mapping[str, int]) -> NDArray[np.bool_]:
    kept = np.ones(len(table), dtype=bool)
    for constraint in constraints:
        column = table[:, columns[constraint.property]]
        kept &= np.isnan(column) | constraint.keeps(column)
    return kept


def _undecided(
    table: FloatArray,
    errors: FloatArray,
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint],
    columns: Mapping[str, int],
) -> NDArray[np.bool_]:
    """Mark the rows that no other one surely dominates, shape (n,)."""
    low, high = table - _WIDTH * errors, table + _WIDTH * errors
    ends = [np.stack([o.score(edge[:, columns[o.property]]) for edge in (low, high)]) for o in objectives]
    worst = np.column_stack([end.min(axis=0) for end in ends])
    best = np.column_stack([end.max(axis=0) for end in ends])
    for j, objective in enumerate(objectives):
        if objective.target is not None:
            column = columns[objective.property]
            best[(low[:, column] <= objective.target) & (objective.target <= high[:, column]), j] = 0.0
    sure = _keeps(low, constraints, columns) & _keeps(high, constraints, columns)
    hard = np.where(sure[:, None], worst, np.nan)
    hard = hard[non_dominated(hard)]
    beaten = np.zeros(len(table), dtype=bool)
    for row in hard:
        beaten |= (best < row).all(axis=1)
    return ~beaten


def _non_dominated_pairwise(table: FloatArray) -> NDArray[np.bool_]:
    """As `non_dominated`, quicker for a few hundred rows of three and more scores."""
    valid = ~np.isnan(table).any(axis=1)
    at_least, above = np.ones((len(table), len(table)), dtype=bool), np.zeros((len(table), len(table)), dtype=bool)
    for column in table.T:
        at_least &= column[:, None] >= column
        above |= column[:, None] > column
    return np.asarray(valid & ~(at_least & above).any(axis=0))
