"""Selection of the next batch from a pool of candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mdcore.chem import RepeatUnit
from surrogates.acquisition.exchange import exchange
from surrogates.acquisition.joint import JointSampler, PoolBlock, normal_draws
from surrogates.acquisition.scorer import Scorer
from surrogates.acquisition.variance import most_uncertain
from surrogates.errors import InvalidPool
from surrogates.features import Features
from surrogates.models import PropertyGP, SurrogateSet, log_interval_probability
from surrogates.objective import Constraint, Objective
from surrogates.pareto import non_dominated
from surrogates.settings import AcquisitionSettings

PRUNING_SAMPLES = 64
"""Number of posterior samples; a measured unit that is on the front in none of them leaves the base set."""

JOINT = 500
"""Largest number of measured units that are all sampled jointly; of more, only those that may be on the front."""

FULL_PASS = 4096
"""Largest pool for which sampled improvements are smoothed for every candidate; in a larger one, unsmoothed values preselect."""

WIDEST = 8
"""Largest factor by which the shortlist is enlarged."""

POLISH_SAMPLES = 256
"""Number of samples for exchanges of batch members, larger than for their selection to avoid fitting the sampling noise."""

POLISH_POOL = 128
"""Number of candidates that are considered in exchanges, those with the highest values."""


@dataclass(frozen=True)
class Selection:
    """A selected batch.

    Attributes:
        indices: Positions in the pool, in the order of selection; fewer than requested if the pool contains fewer new units.
        values: Acquisition value of each member when it was selected, shape (len(indices),): the log of the expected
            improvement (or of the method's quantity), weighted with success probability and cost; zero for random selection.
    """

    indices: tuple[int, ...]
    values: NDArray[np.float64]


def select_batch(
    surrogates: SurrogateSet,
    pool: Sequence[RepeatUnit],
    objectives: Sequence[Objective],
    q: int,
    pending: Sequence[RepeatUnit] = (),
    settings: AcquisitionSettings | None = None,
    seed: int = 0,
    constraints: Sequence[Constraint] = (),
    costs: ArrayLike | None = None,
) -> Selection:
    """Select up to q units of a pool sequentially, each conditional on the measured, pending and previously selected ones.

    Units that were already observed at the predicted fidelity (including failures), are pending or were already selected are
    excluded. Without any measurement, at any fidelity, the improvement is undefined, and units are selected by their remaining
    variance.

    Args:
        surrogates: Fitted surrogates that cover every objective and constraint.
        pool: Candidates.
        objectives: One to four objectives.
        q: Batch size.
        pending: Units under evaluation.
        settings: Settings of the acquisition.
        seed: Seed of the quasi-Monte Carlo samples and of random selection.
        constraints: Ranges of properties; values are weighted with the probability of satisfying them, and only units predicted to
            satisfy them form the front.
        costs: Relative cost of each candidate, shape (len(pool),), positive; the value is divided by it.

    Raises:
        InvalidPool: `q` is not positive, `objectives` is empty, or the costs have the wrong shape or sign.
        UnknownSurrogate: No surrogate was fitted for an objective or constraint.
    """
    settings = settings or AcquisitionSettings()
    if q < 1:
        raise InvalidPool(f"batch size must be at least 1, got {q}")
    if not objectives:
        raise InvalidPool("at least one objective is required, got none")
    price = np.ones(len(pool)) if costs is None else np.asarray(costs, dtype=np.float64)
    if price.shape != (len(pool),):
        raise InvalidPool(f"costs must have shape ({len(pool)},), got {price.shape}; pass one per candidate")
    if not (price > 0).all():
        raise InvalidPool(f"costs must be positive, got {price[~(price > 0)][0]:g}; correct it")
    models = [surrogates.model(objective.property) for objective in objectives]
    for constraint in constraints:
        surrogates.model(constraint.property)
    rows = _first_of_each(pool, _taken(surrogates) | {unit.key for unit in pending})
    if len(rows) == 0:
        return Selection((), np.zeros(0))
    if settings.method == "random":
        drawn = np.random.default_rng(seed).permutation(rows)[:q]
        return Selection(tuple(int(i) for i in drawn), np.zeros(len(drawn)))

    features = surrogates.featurise([pool[i] for i in rows])
    penalty = _penalty(surrogates, features, constraints, settings) - np.log(price[rows])
    measured = _measured_rows(surrogates, objectives)
    # Measurements at other fidelities are not part of the front, but indicate where it may be.
    known = measured if len(measured) else _measured_rows(surrogates, objectives, elsewhere=True)
    waiting = surrogates.featurise(list({unit.key: unit for unit in pending}.values()))
    if settings.method == "target":
        value = _target_value(surrogates, features, objectives) + penalty
        best = np.argsort(-value, kind="stable")[:q]
        return Selection(tuple(int(i) for i in rows[best]), value[best])
    if settings.method == "max-variance" or len(known) == 0:
        picks, values = most_uncertain(models, surrogates.features, features, waiting, penalty, q)
    else:
        scorer = Scorer(
            surrogates, objectives, constraints, surrogates.features.take(known), settings, len(measured) == 0
        )
        picks, values = _improve(surrogates, models, scorer, features, measured, waiting, penalty, q, settings, seed)
    return Selection(tuple(int(rows[i]) for i in picks), np.asarray(values))


def _taken(surrogates: SurrogateSet) -> set[str]:
    """Keys of the units observed at the predicted fidelity."""
    observations = surrogates.observations
    there = zip(observations.units, observations.fidelities, strict=True)
    return {unit.key for unit, fidelity in there if fidelity == surrogates.fidelity}


def _penalty(
    surrogates: SurrogateSet, features: Features, constraints: Sequence[Constraint], settings: AcquisitionSettings
) -> NDArray[np.float64]:
    """Log-probability that each candidate's evaluation succeeds and satisfies the constraints, shape (N,)."""
    penalty = np.zeros(len(features))
    if settings.avoid_failures:
        for part, pairs in surrogates.chunks(features):
            penalty[part] = np.log1p(-surrogates.failure.probability(pairs))
    if constraints:
        prediction = surrogates.predict_features(features)
        for constraint in constraints:
            j = surrogates.properties.index(constraint.property)
            penalty += log_interval_probability(
                prediction.mean[:, j], prediction.sd[:, j], constraint.low, constraint.high
            )
    return penalty


def _target_value(surrogates: SurrogateSet, features: Features, objectives: Sequence[Objective]) -> NDArray[np.float64]:
    prediction = surrogates.predict_features(features)
    total = np.zeros(len(features))
    for objective in objectives:
        j = surrogates.properties.index(objective.property)
        total += log_interval_probability(prediction.mean[:, j], prediction.sd[:, j], objective.low, objective.high)
    return total


def _first_of_each(pool: Sequence[RepeatUnit], taken: set[str]) -> NDArray[np.int64]:
    seen = set(taken)
    rows = []
    for i, unit in enumerate(pool):
        if unit.key not in seen:
            seen.add(unit.key)
            rows.append(i)
    return np.array(rows, dtype=np.int64)


def _measured_rows(
    surrogates: SurrogateSet, objectives: Sequence[Objective], *, elsewhere: bool = False
) -> NDArray[np.int64]:
    """First row of each distinct unit with a measurement of some objective at the predicted fidelity, or `elsewhere`."""
    observations = surrogates.observations
    there = np.array(
        [(fidelity != surrogates.fidelity) == elsewhere for fidelity in observations.fidelities], dtype=bool
    )
    any_measured = np.zeros(len(observations), dtype=bool)
    for objective in objectives:
        any_measured |= observations.measured(objective.property)
    first: dict[str, int] = {}
    for i in np.flatnonzero(any_measured & there):
        first.setdefault(observations.units[i].key, int(i))
    return np.array(sorted(first.values()), dtype=np.int64)


def _improve(
    surrogates: SurrogateSet,
    models: Sequence[PropertyGP],
    scorer: Scorer,
    features: Features,
    measured: NDArray[np.int64],
    pending: Features,
    penalty: NDArray[np.float64],
    q: int,
    settings: AcquisitionSettings,
    seed: int,
) -> tuple[list[int], list[float]]:
    """Select greedily by the improvement.

    In expectation, values do not increase with the number of pending points, so the first pass bounds later ones, and only a
    shortlist is conditioned further. The shortlist is enlarged if the value of a selected candidate falls below the bound.
    """
    kept = _prune(surrogates, models, scorer, measured, seed)
    base = surrogates.features.take(kept).joined(pending)
    shape = (settings.samples, len(base) + q, len(models))
    draws = normal_draws(shape[0], shape[1] * shape[2], seed).reshape(shape)
    feasible = scorer.feasible(base)

    sampler = JointSampler(models, surrogates.features, base, draws)
    boxes = scorer.boxes(sampler.values, feasible)
    first = np.empty(len(features))
    for start in range(0, len(features), surrogates.settings.chunk):
        part = slice(start, min(start + surrogates.settings.chunk, len(features)))
        block = sampler.block(features.take(part))
        first[part] = scorer.value(sampler, block, boxes, quick=len(features) > FULL_PASS)
    first += penalty
    order = np.argsort(-first, kind="stable")
    if not settings.conditioned:
        return order[:q].tolist(), first[order[:q]].tolist()
    width = min(max(settings.shortlist, 4 * q), len(order))
    while True:
        sampler = JointSampler(models, surrogates.features, base, draws)
        rows = order[:width]
        bound = first[order[width]] if width < len(order) else -np.inf
        near = features.take(rows)
        choose = min(q, len(order))
        picks, values = _greedy(
            sampler, sampler.block(near), scorer, feasible, scorer.feasible(near), penalty[rows], choose
        )
        if width == len(order) or width >= WIDEST * settings.shortlist or min(values) >= bound:
            break
        width = min(4 * width, len(order))
    if settings.method == "improvement" and len(picks) > 1:
        # The shortlist is sorted by the values of the first pass.
        looked_at = np.union1d(np.arange(min(POLISH_POOL, width)), picks)
        start = np.searchsorted(looked_at, picks).tolist()
        more = max(settings.samples, POLISH_SAMPLES)
        many = normal_draws(more, shape[1] * shape[2], seed).reshape(more, *shape[1:])
        few = near.take(looked_at)
        better = exchange(models, surrogates.features, base, many, few, scorer, penalty[rows[looked_at]], start)
        if better != start:
            # The same greedy rule sorts the new members and gives each its value conditional on those before it.
            members = looked_at[better]
            sampler = JointSampler(models, surrogates.features, base, draws)
            final = near.take(members)
            order_of, values = _greedy(
                sampler, sampler.block(final), scorer, feasible, scorer.feasible(final), penalty[rows[members]], choose
            )
            picks = [int(members[i]) for i in order_of]
    return [int(rows[i]) for i in picks], values


def _prune(
    surrogates: SurrogateSet,
    models: Sequence[PropertyGP],
    scorer: Scorer,
    measured: NDArray[np.int64],
    seed: int,
) -> NDArray[np.int64]:
    """Return the measured rows that are on the front in some posterior sample; the others hardly affect an improvement."""
    if len(measured) > JOINT:
        measured = measured[_hopeful(surrogates, scorer, surrogates.features.take(measured))]
    features = surrogates.features.take(measured)
    shape = (PRUNING_SAMPLES, len(measured) + 1, len(models))
    draws = np.random.default_rng([seed, len(measured)]).standard_normal(shape)
    sampler = JointSampler(models, surrogates.features, features, draws)
    feasible = scorer.feasible(features)
    on_front = np.zeros(len(measured), dtype=bool)
    for sample in scorer.scores(sampler.values):
        on_front[feasible] |= non_dominated(sample[feasible])
    return measured[on_front]


def _hopeful(surrogates: SurrogateSet, scorer: Scorer, features: Features) -> NDArray[np.bool_]:
    """Mark the measured units that may be on the front, shape (n,), without a joint posterior of all of them.

    A unit is excluded if another one is better in every objective even when the unit is z standard deviations better than its mean
    and the other one z worse. z is 3, and smaller if too many units would remain for a joint sample.
    """
    prediction = surrogates.predict_features(features)
    columns = [surrogates.properties.index(objective.property) for objective in scorer.objectives]
    mean, sd = prediction.mean[:, columns], prediction.sd[:, columns]
    feasible = scorer.feasible(features)
    marked = feasible.copy()
    for z in (3.0, 2.0, 1.0, 0.5, 0.0):
        steps = np.linspace(-z, z, 13)[:, None, None]
        scores = scorer.scores(mean + steps * sd)  # the score of an objective with a target is not monotonic
        best, worst = scores.max(axis=0), scores.min(axis=0)
        bars = worst[feasible][non_dominated(worst[feasible])]
        beaten = np.zeros(len(best), dtype=bool)
        for bar in bars:
            beaten |= (bar >= best).all(axis=1) & (bar > best).any(axis=1)
        marked = feasible & ~beaten
        if marked.sum() <= JOINT:
            break
    return marked


def _greedy(
    sampler: JointSampler,
    block: PoolBlock,
    scorer: Scorer,
    base_feasible: NDArray[np.bool_],
    feasible: NDArray[np.bool_],
    penalty: NDArray[np.float64],
    q: int,
) -> tuple[list[int], list[float]]:
    picks: list[int] = []
    values: list[float] = []
    available = np.ones(len(penalty), dtype=bool)
    while len(picks) < q:
        boxes = scorer.boxes(sampler.values, np.concatenate([base_feasible, feasible[picks]]))
        value = scorer.value(sampler, block, boxes) + penalty
        best = int(np.argmax(np.where(available, value, -np.inf)))
        picks.append(best)
        values.append(float(value[best]))
        available[best] = False
        if len(picks) < q:
            sampler.choose(block, best)
    return picks, values
