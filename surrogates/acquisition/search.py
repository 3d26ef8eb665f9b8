"""Greedy search for the batch of the largest improvement, on posterior samples of the measured and pending units."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.acquisition.exchange import exchange
from surrogates.acquisition.joint import JointSampler, PoolBlock, normal_draws
from surrogates.acquisition.problem import Problem
from surrogates.acquisition.scorer import Scorer
from surrogates.features import Features
from surrogates.models import PropertyModel, SurrogateSet
from surrogates.pareto import non_dominated
from surrogates.registry import Picks

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


def search(problem: Problem, scorer: Scorer, *, polish: bool = False) -> Picks:
    """Select a batch greedily by the value that a scorer gives.

    In expectation, values do not increase with the number of pending points, so the first pass bounds later ones, and only a
    shortlist is conditioned further. The shortlist is enlarged if the value of a selected candidate falls below the bound.
    """
    surrogates, models, settings = problem.surrogates, problem.models, problem.settings
    features, penalty, q, seed = problem.features, problem.penalty, problem.q, problem.seed
    kept = _prune(surrogates, models, scorer, problem.measured, seed)
    base = surrogates.features.take(kept).joined(problem.pending_features)
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
    if polish and len(picks) > 1:
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
    models: Sequence[PropertyModel],
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
