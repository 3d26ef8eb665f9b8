import numpy as np
import pytest
from scipy.stats import norm

from mdcore.chem import RepeatUnit
from surrogates import (
    AcquisitionSettings,
    Constraint,
    InvalidObjective,
    InvalidPool,
    Objective,
    Observations,
    SurrogateSettings,
    UnknownSurrogate,
    fit_surrogates,
    select_batch,
)
from surrogates.acquisition import values
from surrogates.acquisition.exchange import exchange
from surrogates.acquisition.expectation import (
    expected_improvement,
    log_expected_hypervolume_improvement,
    log_front_probability,
)
from surrogates.acquisition.improvement import log_improvement, mean_improvement
from surrogates.acquisition.joint import JointSampler, normal_draws
from surrogates.acquisition.scorer import Scorer
from surrogates.boxes import boxes_of
from surrogates.kernels import TablePair, statistics

pytestmark = pytest.mark.seconds(20)

SIDES = (
    "",
    "C",
    "F",
    "Cl",
    "O",
    "OC",
    "C#N",
    "c1ccccc1",
    "C(=O)OC",
    "C(C)C",
    "CC",
    "N",
    "C(F)(F)F",
    "OC(C)=O",
    "C(N)=O",
)
POOL = tuple(RepeatUnit.from_psmiles(f"*CC(*){f'({a})' if a else ''}{b}") for a in SIDES[:4] for b in SIDES[1:])
rng = np.random.default_rng(3)
DENSITY = np.array([0.8 + 0.02 * unit.molar_mass_g_mol / unit.n_heavy_atoms for unit in POOL])
INDEX = np.array([1.4 + 0.01 * unit.n_heavy_atoms for unit in POOL])
TWO = (Objective("density"), Objective("refractive_index"))


def fitted(rows, failed=()):
    flags = np.isin(rows, failed)
    values = {"density": DENSITY[rows], "refractive_index": INDEX[rows]}
    exact = {name: np.zeros(len(rows)) for name in values}
    return fit_surrogates(Observations(tuple(POOL[i] for i in rows), values, exact, failed=flags), list(values))


def test_monte_carlo_improvement_matches_the_closed_form_of_one_normal():
    # EI = 0.19780 at mean -0.5, standard deviation 1, best 0.
    samples = (-0.5 + normal_draws(4096, 1, 0)).reshape(4096, 1, 1)
    lower, upper = np.zeros((4096, 1, 1)), np.full((4096, 1, 1), np.inf)
    exact = norm.pdf(0.5) - 0.5 * norm.sf(0.5)
    assert exact == pytest.approx(0.19780, abs=5e-6)
    assert mean_improvement(samples, lower, upper)[0] == pytest.approx(exact, rel=2e-3)
    assert np.exp(log_improvement(samples, lower, upper)[0]) == pytest.approx(exact, rel=2e-3)


def test_closed_forms_of_one_normal():
    mean, sd, best = np.array(-0.5), np.array(1.0), np.array(0.0)
    assert expected_improvement(mean, sd, best) == pytest.approx(0.19780, abs=5e-6)
    boxes = (np.zeros((1, 1, 1)), np.full((1, 1, 1), np.inf))
    value = log_expected_hypervolume_improvement(np.full((1, 1, 1), -0.5), np.ones((1, 1)), *boxes)
    assert np.exp(value[0]) == pytest.approx(norm.pdf(0.5) - 0.5 * norm.sf(0.5), rel=1e-12)
    chance = log_front_probability(np.full((1, 1, 1), -0.5), np.ones((1, 1)), *boxes)
    assert np.exp(chance[0]) == pytest.approx(norm.sf(0.5), rel=1e-12)


@pytest.mark.parametrize("m", [2, 3])
def test_closed_forms_agree_with_sampling(m):
    draws = np.random.default_rng(m)
    front = draws.normal(size=(6, m))
    reference = np.full(m, -2.0)
    lower, upper = boxes_of(front, reference)
    mean, sd = draws.normal(0.3, 0.5, size=(1, 5, m)), draws.uniform(0.3, 1.0, size=(5, m))
    size = 40000
    samples = mean + sd * draws.standard_normal((size, 5, m))
    improvement = np.clip(np.minimum(samples[:, :, None], upper) - lower, 0, None).prod(axis=3).sum(axis=2)
    joins = (samples > reference).all(axis=2) & ~(front[None, None] >= samples[:, :, None]).all(axis=3).any(axis=2)
    value = np.exp(log_expected_hypervolume_improvement(mean, sd, lower[None], upper[None]))
    chance = np.exp(log_front_probability(mean, sd, lower[None], upper[None]))
    assert (np.abs(improvement.mean(axis=0) - value) < 5 * improvement.std(axis=0) / np.sqrt(size)).all()
    assert (np.abs(joins.mean(axis=0) - chance) < 5 * np.sqrt(0.25 / size)).all()


def test_log_improvement_stays_finite_and_ordered_far_below_the_front():
    samples = np.array([-10.0, -20.0, -40.0]).reshape(1, 3, 1)
    value = log_improvement(samples, np.zeros((1, 1, 1)), np.full((1, 1, 1), np.inf))
    assert np.isfinite(value).all()
    assert (np.diff(value) < 0).all()


def test_incremental_conditioning_equals_conditioning_from_scratch():
    surrogates = fitted(np.arange(12))
    features = surrogates.featurise(POOL[20:30])
    draws = normal_draws(16, 16 * 2, 0).reshape(16, -1, 2)
    base = surrogates.features.take(slice(0, 5))
    grown = JointSampler(surrogates.models, surrogates.features, base, draws)
    block = grown.block(features)
    grown.choose(block, 3)
    grown.choose(block, 7)
    chosen = base.joined(features.take(np.array([3, 7])))
    fresh = JointSampler(surrogates.models, surrogates.features, chosen, draws)
    np.testing.assert_allclose(grown.values, fresh.values, rtol=1e-8, atol=1e-10)
    rest = np.array([0, 1, 2, 4, 5, 6, 8, 9])
    fresh_block = fresh.block(features.take(rest))
    np.testing.assert_allclose(grown.samples(block)[:, rest], fresh.samples(fresh_block), rtol=1e-7, atol=1e-9)


def test_joint_samples_have_the_posterior_moments():
    surrogates = fitted(np.arange(8))
    size = 4096
    draws = np.random.default_rng(0).standard_normal((size, 4, 2))
    base = surrogates.featurise(POOL[10:13])
    sampler = JointSampler(surrogates.models, surrogates.features, base, draws)
    block = sampler.block(surrogates.featurise(POOL[13:15]))
    together = np.concatenate([sampler.values, sampler.samples(block)[:, :1]], axis=1)
    units = POOL[10:14]
    features = surrogates.featurise(units)
    for j, model in enumerate(surrogates.models):
        posterior = model.posterior(TablePair(features, surrogates.features))
        covariance = posterior.covariance(posterior, TablePair(features, features))
        error = 5 * np.sqrt(2.0 / size) * covariance.diagonal().max()
        np.testing.assert_allclose(np.cov(together[:, :, j].T), covariance, atol=error)
        mean_error = 5 * np.sqrt(covariance.diagonal().max() / size)
        np.testing.assert_allclose(
            together[:, :, j].mean(axis=0), surrogates.predict(units).mean[:, j], atol=mean_error
        )


def test_a_thompson_draw_is_a_joint_one():
    surrogates = fitted(np.arange(8))
    base = surrogates.features.take(slice(0, 4))
    sampler = JointSampler(surrogates.models, surrogates.features, base, normal_draws(4, 12, 0).reshape(4, 6, 2))
    units = POOL[20:25]
    features = surrogates.featurise(units)
    block = sampler.block(features)
    sampler.choose(block, 4)
    size = 3000
    draws = np.array([sampler.draw(block, 2, np.random.default_rng(i)) for i in range(size)])
    for j, model in enumerate(surrogates.models):
        posterior = model.posterior(TablePair(features, surrogates.features))
        prior = posterior.covariance(posterior, TablePair(features, features))
        left = prior - np.outer(prior[:, 4], prior[4]) / prior[4, 4]
        atol = 5 * np.sqrt(2.0 / size) * prior.diagonal().max()
        np.testing.assert_allclose(np.cov(draws[:, :, j].T), left, atol=atol)
        np.testing.assert_allclose(
            draws[:, :, j].mean(axis=0), block.mean[2, :, j], atol=5 * np.sqrt(prior.max() / size)
        )
        # The covariance between candidates is what independent draws would miss.
        assert np.abs(left - np.diag(left.diagonal())).max() > atol


@pytest.mark.parametrize("count", [3, 4])
@pytest.mark.parametrize("method", ["mixed", "improvement"])
def test_three_and_four_objectives_with_one_of_each_aim(count, method):
    rows = np.arange(20)
    values = {
        "density": DENSITY,
        "refractive_index": INDEX,
        "heat_capacity_cp": 2.5 - DENSITY,
        "thermal_conductivity": 0.1 + 0.01 * np.arange(len(POOL)) / len(POOL),
    }
    aims = [
        Objective("density"),
        Objective("refractive_index", "minimise"),
        Objective("heat_capacity_cp", "target", target=1.6)
        if method == "improvement"
        else Objective("heat_capacity_cp"),
        Objective("thermal_conductivity", low=0.1),
    ][:count]
    names = [aim.property for aim in aims]
    exact = {name: np.zeros(len(rows)) for name in names}
    seen = Observations(tuple(POOL[i] for i in rows), {name: values[name][rows] for name in names}, exact)
    settings = AcquisitionSettings(method=method, samples=16)
    size = 4 if method == "mixed" else 2  # the exchange of members computes fronts of hundreds of samples for each
    chosen = select_batch(fit_surrogates(seen, names), POOL, aims, size, settings=settings)
    assert len({*chosen.indices}) == size
    assert not {*chosen.indices} & {*rows.tolist()}
    assert np.isfinite(chosen.values).all()
    assert (np.diff(chosen.values) < 0.1).all()


@pytest.mark.parametrize(
    "method", ["mixed", "expected", "front", "improvement", "upper-bound", "thompson", "max-variance", "random"]
)
@pytest.mark.parametrize("seen", [0, 1, 10])
def test_batches_are_new_distinct_and_reproducible(method, seen):
    surrogates = fitted(np.arange(seen), failed=[0] if seen > 1 else [])
    settings = AcquisitionSettings(method=method, samples=32)
    pending = POOL[20:22]
    first = select_batch(surrogates, POOL + POOL[30:40], TWO, 6, pending, settings, seed=5)
    again = select_batch(surrogates, POOL + POOL[30:40], TWO, 6, pending, settings, seed=5)
    assert first.indices == again.indices
    np.testing.assert_array_equal(first.values, again.values)
    keys = [(POOL + POOL[30:40])[i].key for i in first.indices]
    assert len(set(keys)) == len(keys) == 6
    assert not set(keys) & {unit.key for unit in POOL[:seen] + pending}
    assert np.isfinite(first.values).all()


def test_a_pool_smaller_than_the_batch_gives_what_it_has():
    surrogates = fitted(np.arange(6))
    assert len(select_batch(surrogates, POOL[4:9], TWO, 10).indices) == 3
    assert select_batch(surrogates, POOL[:6], TWO, 2).indices == ()
    assert select_batch(surrogates, [], TWO, 2).values.shape == (0,)


def test_pending_only_spreads_the_choice():
    surrogates = fit_surrogates(Observations(()), ["density", "refractive_index"])
    selection = select_batch(surrogates, POOL, TWO, 3, pending=POOL[:1])
    assert 0 not in selection.indices
    assert (np.diff(selection.values) <= 1e-12).all()
    alone = select_batch(surrogates, POOL, TWO, 1)
    assert selection.values[0] < alone.values[0]


def test_space_filling_is_the_pivoted_cholesky_of_the_prior():
    surrogates = fit_surrogates(Observations(()), ["density"])
    features = surrogates.featurise(POOL)
    gram = surrogates.models[0].parameters.covariance.correlation(statistics(features, features))
    chosen = []
    for _ in range(4):
        left = gram.diagonal().copy()
        if chosen:
            inner = np.linalg.inv(gram[np.ix_(chosen, chosen)])
            left -= np.einsum("ij,jk,ik->i", gram[:, chosen], inner, gram[:, chosen])
        left[chosen] = -1.0
        chosen.append(int(np.argmax(left)))
    # Before any data even the careful choice is careful everywhere alike.
    assert select_batch(surrogates, POOL, [Objective("density")], 4).indices == tuple(chosen)


def test_a_shortlist_does_not_change_the_batch():
    surrogates = fitted(np.arange(15))
    short = select_batch(surrogates, POOL, TWO, 4, settings=AcquisitionSettings(shortlist=16))
    full = select_batch(surrogates, POOL, TWO, 4, settings=AcquisitionSettings(shortlist=4096))
    assert short.indices == full.indices
    np.testing.assert_allclose(short.values, full.values, rtol=1e-9)


def test_without_conditioning_the_best_by_themselves_are_taken():
    surrogates = fitted(np.arange(10))
    alone = AcquisitionSettings(method="expected", conditioned=False)
    batch = select_batch(surrogates, POOL, TWO, 5, settings=alone)
    whole = select_batch(surrogates, POOL, TWO, len(POOL), settings=alone)
    assert batch.indices == whole.indices[:5]
    assert (np.diff(whole.values) <= 0).all()
    # The first choice is the same; the others make way for it.
    given = select_batch(surrogates, POOL, TWO, 5, settings=AcquisitionSettings(method="expected"))
    assert given.indices[0] == batch.indices[0]
    assert given.indices != batch.indices


def test_failures_are_avoided():
    units = (*POOL[:6], *POOL[14:20])
    failed = np.arange(12) >= 6
    values = {
        "density": np.where(failed, np.nan, np.ones(12)),
        "refractive_index": np.where(failed, np.nan, 1.5 * np.ones(12)),
    }
    surrogates = fit_surrogates(Observations(units, values, failed=failed), list(values))
    near_success, near_failure = 6, 20
    probability = surrogates.failure_probability([POOL[near_success], POOL[near_failure]])
    assert probability[1] > probability[0]
    careful = select_batch(surrogates, POOL, TWO, 1)
    careless = select_batch(surrogates, POOL, TWO, 1, settings=AcquisitionSettings(avoid_failures=False))
    risk = surrogates.failure_probability([POOL[careful.indices[0]], POOL[careless.indices[0]]])
    assert risk[0] <= risk[1]


@pytest.mark.parametrize(
    ("objective", "best"),
    [
        (Objective("refractive_index"), np.argmax(INDEX)),
        (Objective("refractive_index", "minimise"), np.argmin(INDEX)),
        (Objective("refractive_index", "target", target=1.46), np.argmin(np.abs(INDEX - 1.46))),
    ],
)
def test_one_objective_finds_its_optimum_in_few_steps(objective, best):
    goal = objective.score(INDEX[[best]])[0]
    seen = list(range(1, 6))
    for step in range(20):
        if objective.score(INDEX[seen]).max() >= goal - 1e-12:
            break
        seen.extend(select_batch(fitted(np.array(seen)), POOL, [objective], 1, seed=step).indices)
    assert objective.score(INDEX[seen]).max() >= goal - 1e-12


@pytest.mark.parametrize("method", ["mixed", "expected", "improvement", "upper-bound", "thompson"])
def test_a_target_is_aimed_at_by_every_method(method):
    """All but the units near the target are known; the middle of the range is wanted, which no end of it is."""
    target = float(np.median(INDEX))
    near = np.argsort(np.abs(INDEX - target), kind="stable")[:15]
    seen = np.setdiff1d(np.arange(len(POOL)), near)[::2]
    far = np.setdiff1d(np.arange(len(POOL)), [*near, *seen])
    aim = Objective("refractive_index", "target", target=target)
    settings = AcquisitionSettings(method=method, samples=32, optimism=0.5)
    chosen = select_batch(fitted(seen), POOL, [aim], 3, settings=settings, seed=2)
    missed = np.abs(INDEX[list(chosen.indices)] - target)
    assert missed.max() < np.abs(INDEX[far] - target).max()
    assert missed.mean() < np.abs(INDEX[far] - target).mean()


def test_upper_bounds_are_means_plus_deviations_of_the_scores():
    surrogates = fitted(np.arange(12))
    aims = (Objective("density", "minimise"), Objective("refractive_index", "target", target=1.46))
    settings = AcquisitionSettings(method="upper-bound", optimism=1.5)
    scorer = Scorer(surrogates, aims, (), surrogates.features, settings, values.upper_bound(1.5))
    draws = normal_draws(8, 26, 0).reshape(8, 13, 2)
    sampler = JointSampler(surrogates.models, surrogates.features, surrogates.features, draws)
    block = sampler.block(surrogates.featurise(POOL[20:26]))
    best = values._optimistic(scorer, block, 1.5)
    size = 200_000
    noise = np.random.default_rng(0).standard_normal((size, 6, 2))
    scores = scorer.scores(block.mean[3] + np.sqrt(block.residual) * noise)
    expected = scores.mean(axis=0) + 1.5 * scores.std(axis=0)
    np.testing.assert_allclose(best[3], expected, atol=10 * scores.std(axis=0).max() / np.sqrt(size))


def test_exchanges_raise_the_joint_value_of_a_greedy_batch():
    surrogates = fitted(np.arange(8))
    features, base = surrogates.featurise(POOL[8:]), surrogates.features
    settings = AcquisitionSettings(method="improvement", samples=32)
    scorer = Scorer(surrogates, TWO, (), base, settings, values.improvement)
    draws = normal_draws(32, 2 * 14, 1).reshape(32, 14, 2)
    free = np.zeros(len(features))

    def joint(members):
        """Sum of what each member adds to those before it, on the samples of the search."""
        sampler = JointSampler(surrogates.models, base, base, draws)
        block = sampler.block(features)
        total = 0.0
        for member in members:
            boxes = scorer.boxes(sampler.values, np.ones(sampler.values.shape[1], dtype=bool))
            total += float(np.exp(scorer.value(sampler, block, boxes)[member]))
            sampler.choose(block, member)
        return total

    # From the worst batch there is much to gain, and every member is looked at.
    sampler = JointSampler(surrogates.models, base, base, draws)
    block = sampler.block(features)
    value = scorer.value(sampler, block, scorer.boxes(sampler.values, np.ones(8, dtype=bool)))
    worst = np.argsort(value)[:3].tolist()
    better = exchange(surrogates.models, base, base, draws, features, scorer, free, worst)
    assert len({*better}) == 3
    assert joint(better) > joint(worst)


def test_constraints_keep_the_choice_inside():
    surrogates = fitted(np.arange(20))
    roof = np.median(DENSITY)
    free = select_batch(surrogates, POOL, [Objective("refractive_index")], 5)
    bound = select_batch(
        surrogates, POOL, [Objective("refractive_index")], 5, constraints=[Constraint("density", high=float(roof))]
    )
    assert DENSITY[list(bound.indices)].mean() < DENSITY[list(free.indices)].mean()
    assert surrogates.predict([POOL[bound.indices[0]]]).mean[0, 0] < roof
    with pytest.raises(InvalidObjective, match="has no bounds"):
        Constraint("density")


def test_a_cost_turns_the_choice_to_the_cheaper_twin():
    surrogates = fitted(np.arange(10))
    first = select_batch(surrogates, POOL, TWO, 1)
    costs = np.ones(len(POOL))
    costs[first.indices[0]] = 1e6
    second = select_batch(surrogates, POOL, TWO, 1, costs=costs)
    assert second.indices != first.indices
    dear = select_batch(surrogates, POOL, TWO, 1, costs=np.full(len(POOL), 10.0))
    assert dear.indices == first.indices
    assert dear.values[0] == pytest.approx(first.values[0] - np.log(10.0))
    with pytest.raises(InvalidPool, match="must be positive, got"):
        select_batch(surrogates, POOL, TWO, 1, costs=-costs)


def test_target_method_ranks_by_the_probability_of_the_region():
    surrogates = fitted(np.arange(10))
    region = [Objective("density", low=1.0, high=1.05)]
    selection = select_batch(surrogates, POOL, region, 3, settings=AcquisitionSettings(method="target"))
    value = surrogates.log_probability_of_target(POOL, {"density": (1.0, 1.05)})
    value[:10] = -np.inf
    failure = np.log1p(-surrogates.failure_probability(POOL))
    assert selection.indices == tuple(np.argsort(-(value + failure), kind="stable")[:3])


def test_bad_requests_are_refused():
    surrogates = fitted(np.arange(3))
    with pytest.raises(InvalidPool, match="batch size must be at least 1, got 0"):
        select_batch(surrogates, POOL, TWO, 0)
    with pytest.raises(InvalidPool, match="objective"):
        select_batch(surrogates, POOL, [], 1)
    with pytest.raises(UnknownSurrogate):
        select_batch(surrogates, POOL, [Objective("abbe_number")], 1)


def test_other_fidelities_steer_and_are_no_front():
    """Prior data alone choose by their predictions, and a unit that only they know may be chosen."""
    values = np.array([RepeatUnit.molar_mass_g_mol.fget(unit) / unit.n_heavy_atoms / 10 for unit in POOL])
    prior = Observations(tuple(POOL), {"density": values}, fidelities=("md-gaff2",) * len(POOL))
    settings = SurrogateSettings(fidelity="md-quick")
    surrogates = fit_surrogates(prior, ["density"], settings)
    for method in ("mixed", "expected", "improvement"):
        choice = select_batch(
            surrogates, POOL, [Objective("density")], 3, settings=AcquisitionSettings(method=method, samples=64)
        )
        assert choice.indices[0] in np.argsort(-values)[:3]
    best = int(np.argmax(values))
    worst = np.argsort(values)[:4]
    seen = Observations(
        tuple(POOL) + tuple(POOL[i] for i in worst),
        {"density": np.concatenate([values, values[worst] + 0.1])},
        fidelities=("md-gaff2",) * len(POOL) + ("md-quick",) * 4,
    )
    choice = select_batch(fit_surrogates(seen, ["density"], settings), POOL, [Objective("density")], 2)
    assert best in choice.indices
    assert not set(choice.indices) & set(worst.tolist())


def test_the_front_is_that_of_the_measured_values():
    """Without errors the base set has its measured values; a candidate keeps at least what is peculiar to it."""
    surrogates = fitted(np.arange(20))
    observed = surrogates.features
    base = observed.take(np.arange(5))
    sampler = JointSampler(surrogates.models, observed, base, normal_draws(16, 12, 0).reshape(16, 6, 2))
    for j, name in enumerate(surrogates.properties):
        model = surrogates.models[j]
        measured = surrogates.observations.values[name][:5]
        np.testing.assert_allclose(sampler.values[:, :, j], np.tile(measured, (16, 1)), atol=5e-4 * model.spread)
        seen = {unit.key for unit in surrogates.observations.units}
        block = sampler.block(surrogates.featurise([unit for unit in POOL[20:] if unit.key not in seen]))
        assert (block.residual[:, j] >= 0.99 * model.parameters.covariance.peculiar * model.spread**2).all()


def test_many_measured_units_are_reduced_to_those_that_may_lie_on_the_front(monkeypatch):
    from surrogates.acquisition import search
    from surrogates.acquisition.scorer import Scorer
    from surrogates.pareto import non_dominated

    rows = np.arange(0, len(POOL), 2)
    surrogates = fitted(rows)
    settings = AcquisitionSettings()
    scorer = Scorer(surrogates, TWO, (), surrogates.features, settings, values.improvement)
    models = [surrogates.model(objective.property) for objective in TWO]
    draws = np.random.default_rng(1).standard_normal((400, len(rows) + 1, 2))
    sampler = JointSampler(models, surrogates.features, surrogates.features, draws)
    often = np.mean([non_dominated(sample) for sample in scorer.scores(sampler.values)], axis=0)
    marked = search._hopeful(surrogates, scorer, surrogates.features)
    assert marked[often > 0.01].all()
    assert not marked.all(), "some are beaten beyond doubt"
    everything = select_batch(surrogates, POOL, TWO, 4, settings=settings, seed=2)
    monkeypatch.setattr(search, "JOINT", int(marked.sum()))
    reduced = select_batch(surrogates, POOL, TWO, 4, settings=settings, seed=2)
    assert set(reduced.indices) & set(everything.indices)
    monkeypatch.setattr(search, "JOINT", 3)  # fewer than may lie on the front: the most hopeful are kept
    assert 0 < search._hopeful(surrogates, scorer, surrogates.features).sum() < marked.sum()
    assert len(select_batch(surrogates, POOL, TWO, 4, settings=settings, seed=2).indices) == 4
