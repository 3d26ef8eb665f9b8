"""Replay of a search on a pool with known properties."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import RepeatUnit
from surrogates.acquisition import select_batch
from surrogates.errors import InvalidPool
from surrogates.models import fit_surrogates
from surrogates.models.surrogate_set import UnitFeatures
from surrogates.objective import Constraint, Objective
from surrogates.observations import Observations
from surrogates.pareto import dominated_volume, non_dominated, scores
from surrogates.settings import AcquisitionSettings, SurrogateSettings


@dataclass(frozen=True)
class Oracle:
    """A pool of candidates with known property values.

    Attributes:
        units: The N candidates, with distinct keys.
        values: Known values of each property, shape (N,); NaN where the evaluation fails.
        stderrs: Standard errors of each property, shape (N,); a missing property is treated as exact.
    """

    units: tuple[RepeatUnit, ...]
    values: Mapping[str, NDArray[np.float64]]
    stderrs: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def table(self, objectives: Sequence[Objective]) -> NDArray[np.float64]:
        """Values of the objectives, shape (N, m)."""
        return np.column_stack([np.asarray(self.values[o.property], dtype=np.float64) for o in objectives])

    def points(self, objectives: Sequence[Objective], constraints: Sequence[Constraint] = ()) -> NDArray[np.float64]:
        """Scores of the units, shape (N, m); NaN in rows that failed or violate a constraint."""
        points = scores(self.table(objectives), objectives)
        kept = np.ones(len(self.units), dtype=bool)
        for constraint in constraints:
            kept &= constraint.keeps(np.asarray(self.values[constraint.property], dtype=np.float64))
        points[~kept | np.isnan(points).any(axis=1)] = np.nan
        return points


@dataclass(frozen=True)
class Strategy:
    """A search strategy to replay.

    Attributes:
        name: Name for tables and plots.
        surrogates: Settings of the surrogate models.
        acquisition: Settings of the acquisition.
        featurise: Own features instead of those the settings name.
    """

    name: str
    surrogates: SurrogateSettings = field(default_factory=SurrogateSettings)
    acquisition: AcquisitionSettings = field(default_factory=AcquisitionSettings)
    featurise: UnitFeatures | None = None


@dataclass(frozen=True)
class Replay:
    """Result of one replay.

    Attributes:
        strategy: Name of the strategy.
        seed: Its seed.
        start: Rows of the oracle that were known at the start.
        order: Rows in the order of evaluation, without the start, shape (E,).
        front_found: Number of points of the oracle's front known after each evaluation, shape (E + 1,), starting with the start.
        volume: Hypervolume as a fraction of the oracle's own, shape (E + 1,).
    """

    strategy: str
    seed: int
    start: NDArray[np.int64]
    order: NDArray[np.int64]
    front_found: NDArray[np.int64]
    volume: NDArray[np.float64]

    def evaluations_to(self, found: int) -> int | None:
        """Number of evaluations until `found` points of the front were known, or None."""
        reached = np.flatnonzero(self.front_found >= found)
        return int(reached[0]) if len(reached) else None

    @property
    def area_under_volume(self) -> float:
        """Mean hypervolume fraction over the evaluations, between 0 and 1."""
        return float(self.volume[1:].mean()) if len(self.order) else float(self.volume[0])


def replay(
    oracle: Oracle,
    objectives: Sequence[Objective],
    strategy: Strategy,
    evaluations: int,
    batch: int,
    seed: int,
    start: Sequence[int] | None = None,
    known: Observations | None = None,
    random_start: int = 10,
    progress: Callable[[int], None] | None = None,
    constraints: Sequence[Constraint] = (),
) -> Replay:
    """Search the oracle as a campaign would, batch by batch.

    Args:
        oracle: Pool with known values.
        objectives: Objectives.
        strategy: Search strategy.
        evaluations: Number of evaluations; fewer if the pool is exhausted.
        batch: Batch size.
        seed: Seed of the random start and of the strategy.
        start: Rows of the oracle known at the start; by default `random_start` random ones, unless `known` is given.
        known: Observations outside the pool that are known at the start.
        random_start: Number of random units known at the start.
        progress: Called with the number of evaluations after each batch.
        constraints: Ranges of the oracle's properties; units outside are never on the front.

    Raises:
        InvalidPool: The oracle has fewer units than `random_start`, or none that satisfies the constraints.
    """
    if np.isnan(oracle.points(objectives, constraints)).all():
        raise InvalidPool(
            "no unit of the oracle has values of all objectives and satisfies the constraints; widen the constraints"
        )
    rng = np.random.default_rng(seed)
    if start is None:
        size = 0 if known is not None else random_start
        if size > len(oracle.units):
            raise InvalidPool(f"random_start {size} exceeds the {len(oracle.units)} units of the oracle; lower it")
        first = rng.permutation(len(oracle.units))[:size]
    else:
        first = np.array(start, dtype=np.int64)
    seen = [int(i) for i in first]
    properties = list(dict.fromkeys([*(o.property for o in objectives), *(c.property for c in constraints)]))
    step = 0
    while len(seen) - len(first) < evaluations:
        left = np.setdiff1d(np.arange(len(oracle.units)), seen)
        wanted = min(batch, evaluations - (len(seen) - len(first)))
        if strategy.acquisition.method == "random":
            picks = np.random.default_rng([seed, step]).permutation(len(left))[:wanted]
        else:
            surrogates = fit_surrogates(
                _observe(oracle, seen, properties, known), properties, strategy.surrogates, step, strategy.featurise
            )
            pool = [oracle.units[i] for i in left]
            chosen = select_batch(
                surrogates, pool, objectives, wanted, (), strategy.acquisition, seed * 1000 + step, constraints
            )
            picks = np.array(chosen.indices, dtype=np.int64)
        if len(picks) == 0:
            break
        seen.extend(left[picks].tolist())
        step += 1
        if progress is not None:
            progress(len(seen) - len(first))
    return replay_of(oracle, objectives, strategy.name, seed, seen, len(first), constraints)


def replay_of(
    oracle: Oracle,
    objectives: Sequence[Objective],
    name: str,
    seed: int,
    rows: Sequence[int],
    start: int,
    constraints: Sequence[Constraint] = (),
) -> Replay:
    """Evaluate a finished search.

    Args:
        oracle: Pool with known values.
        objectives: Objectives.
        name: Name of the strategy.
        seed: Its seed.
        rows: Rows of the oracle in the order in which they became known, those of the start first.
        start: Number of rows known at the start.
        constraints: Ranges of the oracle's properties.

    Raises:
        InvalidPool: No unit of the oracle satisfies the constraints.
    """
    points = oracle.points(objectives, constraints)
    front = np.flatnonzero(non_dominated(points))
    valid = points[~np.isnan(points).any(axis=1)]
    if len(valid) == 0:
        raise InvalidPool(
            "no unit of the oracle has values of all objectives and satisfies the constraints; widen the constraints"
        )
    reference = valid.min(axis=0)
    order = np.array(rows, dtype=np.int64)
    counts = np.arange(start, len(order) + 1)
    in_front = np.concatenate([[0], np.cumsum(np.isin(order, front))])[counts]
    volume = np.array([_volume(points[order[:k]], reference) for k in counts]) / dominated_volume(valid, reference)
    return Replay(name, seed, order[:start], order[start:], in_front, volume)


def _volume(points: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    return dominated_volume(points[~np.isnan(points).any(axis=1)], reference)


def _observe(
    oracle: Oracle, rows: Sequence[int], properties: Sequence[str], known: Observations | None
) -> Observations:
    index = np.array(rows, dtype=np.int64)
    before = known if known is not None else Observations(())
    n = len(before)
    values, stderrs = {}, {}
    for name in properties:
        values[name] = np.concatenate([before.values.get(name, np.full(n, np.nan)), oracle.values[name][index]])
        errors = oracle.stderrs.get(name, np.zeros(len(oracle.units)))[index]
        stderrs[name] = np.concatenate([before.stderrs.get(name, np.zeros(n)), errors])
    missing = np.array([np.isnan(values[name][n:]) for name in properties]).any(axis=0)
    return Observations(
        (*before.units, *(oracle.units[i] for i in index)), values, stderrs, np.concatenate([before.failed, missing])
    )
