"""Choice of the next batch from a pool."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.chem import RepeatUnit
from surrogates.acquisition.boxes import boxes_of, pad
from surrogates.acquisition.improvement import log_improvement, mean_improvement
from surrogates.acquisition.joint import JointSampler, PoolBlock, normal_draws
from surrogates.acquisition.variance import most_uncertain
from surrogates.errors import InvalidPool
from surrogates.features import Features
from surrogates.models import PropertyGP, SurrogateSet
from surrogates.objective import Objective
from surrogates.pareto import non_dominated, reference_scores
from surrogates.settings import AcquisitionSettings

PRUNING_SAMPLES = 256
"""Samples in which a measured unit must once lie on the front to stay in the base set."""

FULL_PASS = 4096
"""Pool size up to which the logarithmic improvement is evaluated for every candidate; beyond, the plain one preselects."""


@dataclass(frozen=True)
class Selection:
    """A chosen batch.

    Attributes:
        indices: Positions in the pool, in the order of choice. Fewer than asked for where the pool holds fewer new units.
        values: Acquisition value of each choice when it was made, shape (len(indices),): the log of the expected
            improvement weighted with the probability of success, the summed variance, or zero for random choices.
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
) -> Selection:
    """Choose up to q units of a pool, one after the other, each given the measured, the pending and the chosen ones.

    Units that were observed before (failed ones included), that are pending or that repeat a choice are never chosen.
    While nothing has been measured the improvement is undefined; the units are then chosen by their remaining variance.

    Args:
        surrogates: Fitted surrogates that cover every objective.
        pool: Candidates.
        objectives: One to four objectives.
        q: Size of the batch.
        pending: Units being evaluated now.
        settings: How to choose.
        seed: Seed of the quasi Monte Carlo samples and of random choices.

    Raises:
        InvalidPool: `q` is not positive or there is no objective.
        UnknownSurrogate: An objective has no surrogate.
    """
    settings = settings or AcquisitionSettings()
    if q < 1:
        raise InvalidPool(f"batch size {q} is not positive; ask for at least one candidate")
    if not objectives:
        raise InvalidPool("no objective was given; name at least one property to improve")
    models = [surrogates.model(objective.property) for objective in objectives]
    taken = {unit.key for unit in (*surrogates.observations.units, *pending)}
    rows = _first_of_each(pool, taken)
    if len(rows) == 0:
        return Selection((), np.zeros(0))
    if settings.method == "random":
        drawn = np.random.default_rng(seed).permutation(rows)[:q]
        return Selection(tuple(int(i) for i in drawn), np.zeros(len(drawn)))

    features = surrogates.featurise([pool[i] for i in rows])
    penalty = np.zeros(len(rows))
    if settings.avoid_failures:
        for part, pairs in surrogates.chunks(features):
            penalty[part] = np.log1p(-surrogates.failure.probability(pairs))
    measured = _measured_rows(surrogates, objectives)
    waiting = surrogates.featurise(_distinct(pending))
    if settings.method == "max-variance" or len(measured) == 0:
        picks, values = most_uncertain(models, surrogates.features, features, waiting, penalty, q)
    else:
        picks, values = _improve(surrogates, objectives, features, measured, waiting, penalty, q, settings, seed)
    return Selection(tuple(int(rows[i]) for i in picks), np.asarray(values))


def _distinct(units: Sequence[RepeatUnit]) -> list[RepeatUnit]:
    return list({unit.key: unit for unit in units}.values())


def _first_of_each(pool: Sequence[RepeatUnit], taken: set[str]) -> NDArray[np.int64]:
    seen = set(taken)
    rows = []
    for i, unit in enumerate(pool):
        if unit.key not in seen:
            seen.add(unit.key)
            rows.append(i)
    return np.array(rows, dtype=np.int64)


def _measured_rows(surrogates: SurrogateSet, objectives: Sequence[Objective]) -> NDArray[np.int64]:
    """First row of each distinct unit with a measurement of some objective."""
    observations = surrogates.observations
    any_measured = np.zeros(len(observations), dtype=bool)
    for objective in objectives:
        any_measured |= observations.measured(objective.property)
    first: dict[str, int] = {}
    for i in np.flatnonzero(any_measured):
        first.setdefault(observations.units[i].key, int(i))
    return np.array(sorted(first.values()), dtype=np.int64)


class _Scorer:
    """Turns samples of properties into scaled scores and these into improvements."""

    def __init__(self, surrogates: SurrogateSet, objectives: Sequence[Objective], measured: Features) -> None:
        self.objectives = list(objectives)
        models = [surrogates.model(objective.property) for objective in objectives]
        self.scale = np.array([model.spread for model in models])
        prediction = surrogates.predict_features(measured)
        columns = [surrogates.properties.index(objective.property) for objective in objectives]
        means = self.scores(prediction.mean[:, columns])
        given = [
            None if objective.reference_score() is None else objective.reference_score() / scale
            for objective, scale in zip(self.objectives, self.scale, strict=True)
        ]
        if len(self.objectives) == 1 and given[0] is None:
            self.reference = np.array([-1e10])
        else:
            self.reference = reference_scores(means[non_dominated(means)], given)

    def scores(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = [objective.score(samples[..., j]) / self.scale[j] for j, objective in enumerate(self.objectives)]
        return np.stack(columns, axis=-1)

    def boxes(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return pad([boxes_of(sample, self.reference) for sample in self.scores(values)])


def _improve(
    surrogates: SurrogateSet,
    objectives: Sequence[Objective],
    features: Features,
    measured: NDArray[np.int64],
    pending: Features,
    penalty: NDArray[np.float64],
    q: int,
    settings: AcquisitionSettings,
    seed: int,
) -> tuple[list[int], list[float]]:
    """Choose greedily by the expected improvement.

    Each value given more pending points is, in expectation, at most the value given fewer: the first pass therefore bounds every
    later one, and only a shortlist is conditioned further. The shortlist is widened when a choice falls below the bound.
    """
    models = [surrogates.model(objective.property) for objective in objectives]
    scorer = _Scorer(surrogates, objectives, surrogates.features.take(measured))
    kept = _prune(surrogates, models, scorer, measured, seed)
    base = surrogates.features.take(kept).joined(pending)
    draws = normal_draws(settings.samples, (len(base) + q) * len(models), seed).reshape(
        settings.samples, -1, len(models)
    )

    first = _first_pass(JointSampler(models, surrogates.features, base, draws), scorer, features, penalty, surrogates)
    order = np.argsort(-first, kind="stable")
    width = min(max(settings.shortlist, 4 * q), len(order))
    while True:
        sampler = JointSampler(models, surrogates.features, base, draws)
        rows = order[:width]
        bound = first[order[width]] if width < len(order) else -np.inf
        picks, values = _greedy(sampler, sampler.block(features.take(rows)), scorer, penalty[rows], min(q, len(order)))
        if width == len(order) or width >= 8 * settings.shortlist or min(values) >= bound:
            return [int(rows[i]) for i in picks], values
        width = min(4 * width, len(order))


def _prune(
    surrogates: SurrogateSet, models: Sequence[PropertyGP], scorer: _Scorer, measured: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Keep the measured rows that lie on the front in some posterior sample; the others cannot change an improvement."""
    features = surrogates.features.take(measured)
    draws = (
        normal_draws(PRUNING_SAMPLES, len(measured) * len(models), seed + 1)
        if len(measured) * len(models) < 20000
        else None
    )
    if draws is None:
        draws = np.random.default_rng(seed + 1).standard_normal((PRUNING_SAMPLES, len(measured) * len(models)))
    sampler = JointSampler(models, surrogates.features, features, draws.reshape(PRUNING_SAMPLES, -1, len(models)))
    on_front = np.zeros(len(measured), dtype=bool)
    for sample in scorer.scores(sampler.values):
        on_front |= non_dominated(sample)
    return measured[on_front]


def _first_pass(
    sampler: JointSampler, scorer: _Scorer, features: Features, penalty: NDArray[np.float64], surrogates: SurrogateSet
) -> NDArray[np.float64]:
    lower, upper = scorer.boxes(sampler.values)
    exact = len(features) <= FULL_PASS
    result = np.empty(len(features))
    chunk = surrogates.settings.chunk
    for start in range(0, len(features), chunk):
        rows = slice(start, min(start + chunk, len(features)))
        samples = scorer.scores(sampler.samples(sampler.block(features.take(rows))))
        if exact:
            result[rows] = log_improvement(samples, lower, upper)
        else:
            with np.errstate(divide="ignore"):
                result[rows] = np.log(mean_improvement(samples, lower, upper))
    return np.asarray(result + penalty, dtype=np.float64)


def _greedy(
    sampler: JointSampler, block: PoolBlock, scorer: _Scorer, penalty: NDArray[np.float64], q: int
) -> tuple[list[int], list[float]]:
    picks: list[int] = []
    values: list[float] = []
    open_rows = np.ones(len(penalty), dtype=bool)
    while len(picks) < q:
        lower, upper = scorer.boxes(sampler.values)
        value = log_improvement(scorer.scores(sampler.samples(block)), lower, upper) + penalty
        best = int(np.argmax(np.where(open_rows, value, -np.inf)))
        picks.append(best)
        values.append(float(value[best]))
        open_rows[best] = False
        if len(picks) < q:
            sampler.choose(block, best)
    return picks, values
