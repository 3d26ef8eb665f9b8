"""Statistics of replays: curves with bands, and evaluations to reach a goal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.backtest.plan import Plan
from surrogates import Objective
from surrogates.pareto import non_dominated
from surrogates.replay import Replay

BAND = (10.0, 90.0)
"""Percentiles of the bands over the seeds."""

SHARES = (0.8, 0.9, 0.95, 0.99)
"""Shares of the pool's hypervolume for which the number of evaluations is reported."""


@dataclass(frozen=True)
class Curve:
    """One quantity as a function of the evaluations, over the seeds.

    Attributes:
        quantity: `hypervolume`, `front`, `hits`, or `best PROPERTY`.
        median: Shape (E + 1,), the start first.
        low: Lower bound of the band, same shape.
        high: Upper bound.
    """

    quantity: str
    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class StrategySummary:
    """Summary of the replays of a strategy.

    Attributes:
        name: Strategy.
        seeds: Number of replays.
        curves: Its curves.
        area: Median of the mean hypervolume share over the evaluations.
        to_share: For each of `SHARES`, the median number of evaluations to reach it; None if most seeds did not.
        to_front: Median number of evaluations to find 95 % of the front, rounded down to whole points; None if most seeds did not.
        front_found: Median number of front points found after all evaluations.
    """

    name: str
    seeds: int
    curves: tuple[Curve, ...]
    area: float
    to_share: tuple[float | None, ...]
    to_front: float | None
    front_found: float


@dataclass(frozen=True)
class Summary:
    """A finished backtest.

    Attributes:
        strategies: One summary each.
        front: Number of points of the pool's front.
        front_goal: Number of front points to which `to_front` refers.
    """

    strategies: tuple[StrategySummary, ...]
    front: int
    front_goal: int


def summarise(plan: Plan, replays: Sequence[Replay]) -> Summary:
    """Summarise the replays of each strategy; shorter ones are extended with their last value."""
    points = plan.oracle.points(plan.objectives, plan.constraints)
    valid = np.asarray(~np.isnan(points).any(axis=1))
    front = int(non_dominated(points).sum())
    goal = max(1, int(0.95 * front))
    found = []
    for strategy in plan.strategies:
        own = [replay for replay in replays if replay.strategy == strategy.name]
        tables = {
            "hypervolume": _table(plan, [replay.volume for replay in own]),
            "front": _table(plan, [replay.front_found for replay in own]),
        }
        for objective in plan.objectives:
            best = [_best(plan, objective, replay, valid) for replay in own]
            tables[f"best {objective.property}"] = _table(plan, best)
        if all(o.low is not None or o.high is not None for o in plan.objectives):
            tables["hits"] = _table(plan, [_hits(plan, replay, valid) for replay in own])
        found.append(
            StrategySummary(
                strategy.name,
                len(own),
                tuple(_curve(name, table) for name, table in tables.items()),
                float(np.median([replay.area_under_volume for replay in own])),
                tuple(_evaluations(tables["hypervolume"] >= share - 1e-12) for share in SHARES),
                _evaluations(tables["front"] >= goal),
                float(np.median(tables["front"][:, -1])),
            )
        )
    return Summary(tuple(found), front, goal)


def _table(plan: Plan, columns: Sequence[NDArray[np.float64] | NDArray[np.int64]]) -> NDArray[np.float64]:
    """Stack columns to shape (seeds, E + 1)."""
    table = np.empty((len(columns), plan.evaluations + 1))
    for row, column in zip(table, columns, strict=True):
        row[: len(column)] = column[: len(row)]
        row[len(column) :] = column[-1]
    return table


def _curve(name: str, table: NDArray[np.float64]) -> Curve:
    # Before the first success there is no best value; if it is missing for most seeds, so is the curve.
    with np.errstate(invalid="ignore"):
        low, median, high = np.percentile(table, [BAND[0], 50.0, BAND[1]], axis=0)
    return Curve(name, median, low, high)


def _evaluations(reached: NDArray[np.bool_]) -> float | None:
    first = np.where(reached.any(axis=1), reached.argmax(axis=1), np.inf)
    median = float(np.median(first))
    return median if np.isfinite(median) else None


def _order(replay: Replay) -> NDArray[np.int64]:
    return np.concatenate([replay.start, replay.order])


def _best(plan: Plan, objective: Objective, replay: Replay, valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Best value so far, in the property's unit; NaN before the first success."""
    values = np.asarray(plan.oracle.values[objective.property], dtype=np.float64)
    order = _order(replay)
    known = np.where(valid[order], values[order], np.nan)
    if plan.known is not None:
        before = plan.known.values.get(objective.property, np.full(len(plan.known), np.nan))
        known = np.concatenate([before, known])
    skipped = len(known) - len(replay.order)
    best = np.full(len(replay.order) + 1, np.nan)
    for i in range(len(best)):
        part = known[: skipped + i]
        part = part[~np.isnan(part)]
        if len(part):
            best[i] = part[np.argmax(objective.score(part))]
    return best


def _hits(plan: Plan, replay: Replay, valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Number of units found in the regions of all objectives."""
    inside = valid.copy()
    for objective in plan.objectives:
        values = np.asarray(plan.oracle.values[objective.property], dtype=np.float64)
        inside &= values >= (-np.inf if objective.low is None else objective.low)
        inside &= values <= (np.inf if objective.high is None else objective.high)
    total = np.concatenate([[0], np.cumsum(inside[_order(replay)])]).astype(np.float64)
    return np.asarray(total[len(replay.start) :], dtype=np.float64)
