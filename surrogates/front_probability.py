"""Probability that a measured polymer is on the Pareto front, by Monte Carlo over the measurement errors."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.objective import Constraint, Objective
from surrogates.pareto import non_dominated

FloatArray = NDArray[np.float64]

DRAWS = 4000
"""The standard error of the estimated probability is at most 0.5 / sqrt(DRAWS), 0.8 %."""
FEWEST_DRAWS = 400
_WIDTH = 4.0
"""Number of standard errors beyond which a polymer counts as better or worse with certainty (probability 3e-5, below one draw)."""
_COMPARISONS = 4e9
"""Largest number of pairwise comparisons for three or more objectives."""


def front_probability(
    values: Mapping[str, FloatArray],
    stderrs: Mapping[str, FloatArray],
    objectives: Sequence[Objective],
    constraints: Sequence[Constraint] = (),
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> tuple[FloatArray, int]:
    """Return the probability that each polymer is on the front, assuming independent normal errors of the measured values.

    Each draw perturbs every measured value by its standard error, discards polymers that violate a constraint, and
    determines the non-dominated ones. Errors shared by the properties of one polymer or by all simulations are not included.

    Args:
        values: Measured values of each property, shape (n,), NaN where not measured.
        stderrs: Standard errors, shape (n,); NaN or a missing property means zero.
        objectives: The objectives; a polymer without a value of each is not on the front.
        constraints: Ranges in which properties must lie; an unmeasured property counts as inside its range.
        seed: Random seed.
        draws: Number of draws; reduced, but not below `FEWEST_DRAWS`, for three or more objectives with many candidates.

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
    """Mark the rows that no other row dominates with certainty, shape (n,)."""
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
    """Like `non_dominated`, but faster for a few hundred rows of three or more scores."""
    valid = ~np.isnan(table).any(axis=1)
    at_least, above = np.ones((len(table), len(table)), dtype=bool), np.zeros((len(table), len(table)), dtype=bool)
    for column in table.T:
        at_least &= column[:, None] >= column
        above |= column[:, None] > column
    return np.asarray(valid & ~(at_least & above).any(axis=0))
