"""Choice of the next batch from a pool."""

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
"""Samples in which a measured unit must once lie on the front to stay in the base set."""

JOINT = 500
"""Measured units up to which all are sampled jointly; of more, only those that may lie on the front."""

FULL_PASS = 4096
"""Pool size up to which sampled improvements are smoothed for every candidate; beyond, the plain ones preselect."""

WIDEST = 8
"""Shortlists are widened up to this multiple."""

POLISH_SAMPLES = 256
"""Samples by which members of a greedy batch are exchanged: with as few as chose them, an exchange follows their noise."""

POLISH_POOL = 128
"""Candidates an exchange looks at, those of the highest values."""


@dataclass(frozen=True)
class Selection:
    """A chosen batch.

    Attributes:
        indices: Positions in the pool, in the order of choice. Fewer than asked for where the pool holds fewer new units.
        values: Acquisition value of each choice when it was made, shape (len(indices),): the log of the expected
            improvement (or what the method maximises) weighted with success and cost, or zero for random choices.
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
    """Choose up to q units of a pool, one after the other, each given the measured, the pending and the chosen ones.

    Units that were observed before at the predicted fidelity (failed ones included), that are pending or that repeat a
    choice are never chosen. While nothing has been measured, at any fidelity, the improvement is undefined; the units are
    then chosen by their remaining variance.

    Args:
        surrogates: Fitted surrogates that cover every objective and constraint.
        pool: Candidates.
        objectives: One to four objectives.
        q: Size of the batch.
        pending: Units being evaluated now.
        settings: How to choose.
        seed: Seed of the quasi Monte Carlo samples and of random choices.
        constraints: Ranges to keep; the value is weighted with the probability of keeping them, and only units predicted to
            keep them make up the front.
        costs: Relative cost of each candidate, shape (len(pool),), positive; the value is taken per cost.

    Raises:
        InvalidPool: `q` is not positive, there is no objective, or the costs do not fit.
        UnknownSurrogate: An objective or constraint has no surrogate.
    """
    settings = settings or AcquisitionSettings()
    if q < 1:
        raise InvalidPool(f"batch size {q} is not positive; ask for at least one candidate")
    if not objectives:
        raise InvalidPool("no objective was given; name at least one property to improve")
    price = np.ones(len(pool)) if costs is None else np.asarray(costs, dtype=np.float64)
    if price.shape != (len(pool),) or not (price > 0).all():
        raise InvalidPool(f"costs of shape {price.shape} do not fit {len(pool)} candidates; give each a positive cost")
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
    # What other fidelities measured is no part of the front, but tells where it may be before anything else does.
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
    """Log-probability that each candidate's evaluation succeeds and keeps the constraints, shape (N,)."""
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
    """Choose greedily by the improvement.

    Each value given more pending points is, in expectation, at most the value given fewer: the first pass therefore bounds every
    later one, and only a shortlist is conditioned further. The shortlist is widened when a choice falls below the bound.
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
        # The shortlist is sorted by the first pass's values.
        looked_at = np.union1d(np.arange(min(POLISH_POOL, width)), picks)
        start = np.searchsorted(looked_at, picks).tolist()
        more = max(settings.samples, POLISH_SAMPLES)
        many = normal_draws(more, shape[1] * shape[2], seed).reshape(more, *shape[1:])
        few = near.take(looked_at)
        better = exchange(models, surrogates.features, base, many, few, scorer, penalty[rows[looked_at]], start)
        if better != start:
            # The same greedy rule puts the new members in order, each with its value given those before.
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
    """Keep the measured rows that lie on the front in some posterior sample; the others hardly change an improvement."""
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
    """Mark the measured units that may lie on the front, shape (n,); it costs no joint posterior of all of them.

    A unit is left out where another one is better in every objective even if this one is z standard deviations better than
    its mean and the other one z worse. z is three, and less where too many would be left to be sampled jointly.
    """
    prediction = surrogates.predict_features(features)
    columns = [surrogates.properties.index(objective.property) for objective in scorer.objectives]
    mean, sd = prediction.mean[:, columns], prediction.sd[:, columns]
    feasible = scorer.feasible(features)
    marked = feasible.copy()
    for z in (3.0, 2.0, 1.0, 0.5, 0.0):
        steps = np.linspace(-z, z, 13)[:, None, None]
        scores = scorer.scores(mean + steps * sd)  # an objective with an aim is not monotonic
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
