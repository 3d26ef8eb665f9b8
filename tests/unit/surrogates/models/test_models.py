import warnings

import numpy as np
import pytest
from made_observations import DENSITY, UNITS, observe
from scipy.stats import multivariate_normal, norm

from mdcore.chem import RepeatUnit, property_spec
from surrogates import (
    InvalidObjective,
    InvalidObservations,
    JitterWarning,
    NoPriorRange,
    Observations,
    SurrogateSettings,
    UnknownSurrogate,
    fit_surrogates,
    load_surrogates,
    log_interval_probability,
    save_surrogates,
)
from surrogates.features import features_from_arrays
from surrogates.kernels import MEAN_VARIANCE, Covariance, TablePair, minmax, statistics
from surrogates.models import PropertyGP, TrainingData
from surrogates.models.failure import FailureModel
from surrogates.models.fitting import KernelForm, NegativeLogPosterior, _Layout
from surrogates.models.gp import measurement_covariance
from surrogates.models.inducing import condition_sparse
from surrogates.models.linalg import robust_cholesky


def test_minmax_equals_the_definition():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, size=(7, 12)), rng.integers(0, 4, size=(5, 12))
    a[2] = 0
    b[1] = 0
    expected = np.array([[np.minimum(x, y).sum() / max(np.maximum(x, y).sum(), 1) for y in b] for x in a])
    expected[2, 1] = 1.0
    np.testing.assert_allclose(minmax(features_from_arrays(a), features_from_arrays(b)), expected, rtol=1e-15)
    np.testing.assert_array_equal(features_from_arrays(a).counts(), a)


def pairs_of(n, seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, size=(n, 20))
    features = features_from_arrays(counts, rng.normal(size=(n, 5)))
    return statistics(features, features)


@pytest.mark.parametrize("form", [KernelForm(), KernelForm("rbf"), KernelForm("matern", trend=False)])
@pytest.mark.parametrize("tasks", [1, 2, 3])
def test_likelihood_and_gradient_of_the_fit(tasks, form):
    rng = np.random.default_rng(tasks)
    n = 12
    pairs = pairs_of(n, tasks)
    data = TrainingData(
        np.arange(n), np.arange(n) % tasks, rng.normal(size=n), rng.uniform(0.01, 0.1, size=n), 0.0, 1.0
    )
    objective = NegativeLogPosterior(pairs, data, tasks, form)
    layout = _Layout(tasks, form)
    theta = layout.priors()[:, 0] + 0.3 * rng.normal(size=len(layout.priors()))
    value, gradient = objective(theta)
    covariance = measurement_covariance(pairs, data, layout.unpack(theta))
    likelihood = multivariate_normal(np.zeros(n), covariance).logpdf(data.targets) + 0.5 * n * np.log(2 * np.pi)
    z = (theta - layout.priors()[:, 0]) / layout.priors()[:, 1]
    assert value == pytest.approx(0.5 * z @ z - likelihood, rel=1e-9)
    for i in range(len(theta)):
        step = np.eye(len(theta))[i] * 1e-5
        slope = (objective(theta + step)[0] - objective(theta - step)[0]) / 2e-5
        assert gradient[i] == pytest.approx(slope, rel=1e-4, abs=1e-6)


def test_covariance_is_the_sum_of_its_parts():
    features = features_from_arrays(np.array([[1, 0], [0, 2]]), np.array([[0.0, 0.0], [2.0, 4.0]]))
    kernel = Covariance(0.5, 2.0, 0.1, 1.5)
    root = np.sqrt(5.0) * np.sqrt(10.0) / 1.5
    off = 2.0 * (1 + root + root**2 / 3) * np.exp(-root)
    np.testing.assert_allclose(kernel(statistics(features, features)), [[2.5, off], [off, 2.5 + 0.1 * 10]], rtol=1e-12)
    np.testing.assert_allclose(kernel.structured_variances(features), [2.5, 3.5])
    similar, described, linear, slope = kernel.parts(statistics(features, features))
    np.testing.assert_allclose(similar + described + linear, kernel(statistics(features, features)))
    longer = Covariance(0.5, 2.0, 0.1, 1.5 * np.exp(1e-6)).parts(statistics(features, features))[1]
    np.testing.assert_allclose((longer - described) / 1e-6, slope, atol=1e-5)


def test_a_squared_exponential_has_its_own_shape():
    features = features_from_arrays(descriptors=np.array([[0.0, 0.0], [2.0, 4.0]]))
    kernel = Covariance(0.0, 2.0, 0.0, 1.5, "rbf")
    pairs = statistics(features, features)
    assert kernel(pairs)[0, 1] == pytest.approx(2.0 * np.exp(-0.5 * 10.0 / 1.5**2), rel=1e-12)
    longer = Covariance(0.0, 2.0, 0.0, 1.5 * np.exp(1e-6), "rbf")
    slope = (longer(pairs) - kernel(pairs)) / 1e-6
    np.testing.assert_allclose(slope, kernel.parts(pairs)[3], atol=1e-5)


def test_the_form_of_the_kernel_follows_the_settings(tmp_path):
    observations = Observations(UNITS, {"density": DENSITY})
    settings = SurrogateSettings(features="force-field", radial="rbf", trend=False)
    surrogates = fit_surrogates(observations, ["density"], settings)
    covariance = surrogates.models[0].parameters.covariance
    assert (covariance.radial, covariance.linear) == ("rbf", 0.0)
    save_surrogates(surrogates, tmp_path / "model.json")
    again = load_surrogates(tmp_path / "model.json")
    np.testing.assert_allclose(again.predict(UNITS).mean, surrogates.predict(UNITS).mean, rtol=1e-9)


def textbook(surrogates, units):
    model = surrogates.models[0]
    everything = surrogates.featurise(units)
    kernel = model.parameters.covariance
    own = kernel(statistics(surrogates.features, surrogates.features)) + MEAN_VARIANCE
    cross = kernel(statistics(everything, surrogates.features)) + MEAN_VARIANCE
    inverse = np.linalg.inv(own + np.diag(model.data.noise + model.parameters.noise[0]))
    mean = model.data.location + model.spread * cross @ inverse @ model.data.targets
    prior = kernel.structured_variances(everything) + MEAN_VARIANCE
    variance = model.spread**2 * (prior - np.einsum("ij,jk,ik->i", cross, inverse, cross))
    return mean, np.sqrt(variance), inverse


def test_posterior_equals_the_textbook_formula():
    surrogates = fit_surrogates(observe(6, stderrs={"density": np.full(6, 0.01)}), ["density"])
    prediction = surrogates.predict(UNITS)
    mean, sd, _ = textbook(surrogates, UNITS)
    np.testing.assert_allclose(prediction.mean[:, 0], mean, rtol=1e-9)
    np.testing.assert_allclose(prediction.sd[:, 0], sd, rtol=1e-6)
    np.testing.assert_allclose(surrogates.models[0].data.noise, (0.01 / surrogates.models[0].spread) ** 2, rtol=1e-12)


def test_leave_one_out_equals_leaving_each_point_out():
    surrogates = fit_surrogates(observe(8), ["density"])
    model = surrogates.models[0]
    means, sds = model.leave_one_out()
    pairs = statistics(surrogates.features, surrogates.features)
    for i in range(8):
        rest = np.delete(np.arange(8), i)
        other = PropertyGP.condition("density", pairs.block(rest), model.data.take(rest), model.parameters)
        point = surrogates.features.take(np.array([i]))
        posterior = other.posterior(TablePair(point, surrogates.features))
        noise = model.noise_variance + model.data.noise[i] * model.spread**2
        assert means[i] == pytest.approx(posterior.mean[0], rel=1e-8)
        assert sds[i] == pytest.approx(np.sqrt(posterior.variance[0] + noise), rel=1e-6)


def test_inducing_points_at_every_point_are_exact_and_fewer_are_close():
    surrogates = fit_surrogates(observe(8), ["density"])
    model = surrogates.models[0]
    tables = TablePair(surrogates.featurise(UNITS), surrogates.features)
    exact = model.posterior(tables)
    rng = np.random.default_rng(0)
    full = condition_sparse("density", surrogates.features, model.data, model.parameters, 8, rng).posterior(tables)
    np.testing.assert_allclose(full.mean, exact.mean, rtol=1e-5)
    np.testing.assert_allclose(full.variance, exact.variance, rtol=1e-3, atol=1e-7)
    few = condition_sparse("density", surrogates.features, model.data, model.parameters, 4, rng)
    found = few.posterior(tables)
    assert (np.abs(found.mean - exact.mean) < 3 * np.sqrt(found.variance)).all()
    assert model.leaves_one_out
    assert not few.leaves_one_out
    with pytest.raises(InvalidObservations, match="raise exact_points above 8"):
        few.leave_one_out()


def test_a_prior_fidelity_helps_and_its_shift_is_learned():
    truth = DENSITY
    cheap = Observations(
        (*UNITS, *UNITS[:3]),
        {"density": np.concatenate([truth - 0.2, truth[:3]])},
        fidelities=("md-gaff2",) * 8 + ("md-quick",) * 3,
    )
    helped = fit_surrogates(cheap, ["density"], SurrogateSettings(fidelity="md-quick")).predict(UNITS[3:])
    alone = fit_surrogates(observe(3), ["density"]).predict(UNITS[3:])
    assert np.abs(helped.mean[:, 0] - truth[3:]).mean() < 0.5 * np.abs(alone.mean[:, 0] - truth[3:]).mean()
    with pytest.raises(InvalidObservations, match="specify the one to predict"):
        fit_surrogates(cheap, ["density"])
    only_prior = fit_surrogates(cheap, ["density"], SurrogateSettings(fidelity="md-standard")).predict(UNITS)
    assert np.isfinite(only_prior.mean).all()
    assert (only_prior.sd > 0).all()


def test_four_fidelities_are_tied_and_the_closest_tells_most():
    rng = np.random.default_rng(5)
    shifted = {"experiment": 0.0, "md-standard": -0.06, "md-quick": -0.1, "md-gaff2": -0.2}
    scatter = {"experiment": 0.0, "md-standard": 0.005, "md-quick": 0.02, "md-gaff2": 0.2}
    rows = {"experiment": 5, "md-standard": 8, "md-quick": 8, "md-gaff2": 8}
    units = tuple(unit for level in rows for unit in UNITS[: rows[level]])
    values = [DENSITY[: rows[k]] + shifted[k] + scatter[k] * rng.normal(size=rows[k]) for k in rows]
    levels = tuple(level for level in rows for _ in range(rows[level]))
    seen = Observations(units, {"density": np.concatenate(values)}, fidelities=levels)
    surrogates = fit_surrogates(seen, ["density"], SurrogateSettings(fidelity="experiment"))
    model = surrogates.models[0]
    assert set(model.data.tasks.tolist()) == {0, 1, 2, 3}
    coupling = model.parameters.coupling.matrix()
    np.testing.assert_array_less(-1e-12, np.linalg.eigvalsh(coupling))
    helped = surrogates.predict(UNITS[5:])
    alone = fit_surrogates(observe(5), ["density"]).predict(UNITS[5:])
    assert np.abs(helped.mean[:, 0] - DENSITY[5:]).max() < 0.5 * np.abs(alone.mean[:, 0] - DENSITY[5:]).max()
    assert (helped.sd < alone.sd).all()


def test_another_property_helps_where_one_is_missing():
    values = {"density": np.where(np.arange(8) < 4, DENSITY, np.nan), "refractive_index": 2.0 - 0.5 * DENSITY}
    observations = Observations(UNITS, values)
    shared = fit_surrogates(observations, list(values), SurrogateSettings(share_properties=True)).predict(UNITS[4:])
    alone = fit_surrogates(observations, list(values)).predict(UNITS[4:])
    assert np.abs(shared.mean[:, 0] - DENSITY[4:]).mean() < np.abs(alone.mean[:, 0] - DENSITY[4:]).mean()


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_points_never_crash_and_keep_an_honest_spread(n):
    surrogates = fit_surrogates(observe(n), ["density", "refractive_index"])
    prediction = surrogates.predict(UNITS)
    assert np.isfinite(prediction.mean).all()
    assert (prediction.sd > 0).all()
    spec = property_spec("refractive_index")
    np.testing.assert_allclose(prediction.mean[:, 1], (spec.lower + spec.upper) / 2)
    assert prediction.properties == ("density", "refractive_index")


def test_duplicate_points_and_constant_outputs():
    twice = Observations((UNITS[0],) * 4 + UNITS[1:3], {"density": np.full(6, 1.0)})
    prediction = fit_surrogates(twice, ["density"]).predict(UNITS)
    np.testing.assert_allclose(prediction.mean[:, 0], 1.0, atol=1e-6)
    assert (prediction.sd > 0).all()


def test_what_is_peculiar_belongs_to_the_polymer():
    """Exact values that no smooth function explains are kept; other polymers are as uncertain as these scatter."""
    rough = DENSITY + 0.2 * np.random.default_rng(4).normal(size=len(UNITS))
    exact = Observations(UNITS, {"density": rough}, {"density": np.zeros(len(UNITS))})
    seen = fit_surrogates(exact, ["density"])
    model = seen.models[0]
    prediction = seen.predict(UNITS)
    np.testing.assert_allclose(prediction.mean[:, 0], rough, atol=1e-6)
    assert (prediction.sd[:, 0] < 1e-3 * model.spread).all()
    peculiar = model.spread * np.sqrt(model.parameters.covariance.peculiar)
    assert seen.predict([RepeatUnit.from_psmiles("*CC(*)CCCCC")]).sd[0, 0] > peculiar > 0
    smooth = fit_surrogates(exact, ["density"], SurrogateSettings(residual="noise"))
    assert np.abs(smooth.predict(UNITS).mean[:, 0] - rough).max() > 100 * np.abs(prediction.mean[:, 0] - rough).max()


def test_the_scatter_of_repeats_is_their_error():
    repeated = Observations(UNITS[:4] * 3, {"density": np.concatenate([DENSITY[:4] + d for d in (-0.02, 0.0, 0.02)])})
    surrogates = fit_surrogates(repeated, ["density"])
    model = surrogates.models[0]
    # 8 degrees of freedom of repeats, and 2 of the registry's 0.01 g/cm3.
    expected = np.sqrt((8 * 0.02**2 + 2 * 0.01**2) / 10)
    np.testing.assert_allclose(np.sqrt(model.data.noise) * model.spread, expected, rtol=1e-9)
    prediction = surrogates.predict(UNITS[:4])
    np.testing.assert_allclose(prediction.mean[:, 0], DENSITY[:4], atol=0.01)
    assert (prediction.sd[:, 0] < 0.02 / np.sqrt(3) * 1.01).all()


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("refractive_index", [1.5, 1.68899947], [0.005, 0.005]),
        ("self_diffusion", [1e-7, 1e-9], [3e-8, 3e-10]),
        ("sa_score", [2.0, 3.0], [0.0, 0.0]),
    ],
)
def test_a_value_without_an_error_has_that_of_the_registry(name, values, expected):
    observations = Observations(UNITS[:2], {name: np.array(values)})
    model = fit_surrogates(observations, [name]).models[0]
    np.testing.assert_allclose(np.sqrt(model.data.noise) * model.spread, expected, rtol=1e-9)
    given = Observations(UNITS[:2], {name: np.array(values)}, {name: np.array([np.nan, expected[1] / 2])})
    model = fit_surrogates(given, [name]).models[0]
    np.testing.assert_allclose(np.sqrt(model.data.noise) * model.spread, [expected[0], expected[1] / 2], rtol=1e-9)


def test_a_known_polymer_is_not_known_to_seven_digits():
    index = 1.4 + 0.2 * DENSITY
    prediction = fit_surrogates(Observations(UNITS, {"refractive_index": index}), ["refractive_index"]).predict(UNITS)
    assert (prediction.sd[:, 0] > 0.002).all()
    assert (prediction.sd[:, 0] < 0.0055).all()


def test_copies_of_a_measurement_are_not_repeats():
    copies = Observations(UNITS[:4] * 3, {"density": np.tile(DENSITY[:4], 3)})
    model = fit_surrogates(copies, ["density"]).models[0]
    np.testing.assert_allclose(np.sqrt(model.data.noise) * model.spread, 0.01, rtol=1e-9)


def test_another_fidelity_tells_what_is_peculiar():
    rng = np.random.default_rng(3)
    rough = DENSITY + 0.2 * rng.normal(size=len(UNITS))
    known = len(UNITS) - 2
    both = Observations(
        UNITS + UNITS[:known],
        {"density": np.concatenate([rough, rough[:known] + 0.1 + 0.01 * rng.normal(size=known)])},
        fidelities=("md-gaff2",) * len(UNITS) + ("md-quick",) * known,
    )
    surrogates = fit_surrogates(both, ["density"], SurrogateSettings(fidelity="md-quick"))
    error = surrogates.predict(UNITS[known:]).mean[:, 0] - (rough[known:] + 0.1)
    assert np.abs(error).max() < 0.1


def test_repeated_measurements_shrink_the_error():
    once = fit_surrogates(Observations(UNITS[:4], {"density": DENSITY[:4]}, {"density": np.full(4, 0.05)}), ["density"])
    units = UNITS[:4] + (UNITS[0],) * 5
    values = np.concatenate([DENSITY[:4], np.full(5, DENSITY[0])])
    often = fit_surrogates(Observations(units, {"density": values}, {"density": np.full(9, 0.05)}), ["density"])
    assert often.predict(UNITS[:1]).sd[0, 0] < once.predict(UNITS[:1]).sd[0, 0]


def test_all_failed_teaches_only_the_failure_model():
    observations = Observations(UNITS[:3], {"density": DENSITY[:3]}, failed=np.ones(3, dtype=bool))
    surrogates = fit_surrogates(observations, ["density"])
    assert len(surrogates.models[0].data) == 0
    assert (surrogates.failure_probability(UNITS[:3]) > 0.5).all()
    empty = fit_surrogates(Observations(()), ["density"])
    np.testing.assert_allclose(empty.failure_probability(UNITS), 0.05, rtol=1e-12)


def test_failure_probability_rises_near_failures_and_falls_near_successes():
    features = features_from_arrays(np.eye(4) * 3)
    model = FailureModel.fit(features.take(slice(0, 3)), np.array([True, False, False]), 0.05)
    probability = model.probability(statistics(features, features.take(slice(0, 3))))
    assert probability[0] > probability[3] > probability[1]
    assert probability[1] == pytest.approx(probability[2])
    # At the mode the latent value equals the kernel times the gradient of the likelihood.
    latent = 4.0 * model.gradient
    failed = np.array([1, 0, 0])
    np.testing.assert_allclose(model.gradient, failed - 1 / (1 + np.exp(-latent - model.prior_logit)), atol=1e-6)


def test_target_probability_in_both_tails_and_on_open_intervals():
    zero, one = np.zeros(1), np.ones(1)
    assert log_interval_probability(zero, one, 9.0, None)[0] == pytest.approx(norm.logsf(9.0), rel=1e-12)
    assert norm.logsf(9.0) == pytest.approx(-43.628, abs=1e-3)
    assert log_interval_probability(zero, one, None, -9.0)[0] == pytest.approx(norm.logcdf(-9.0), rel=1e-12)
    assert log_interval_probability(zero, one, 30.0, 31.0)[0] == pytest.approx(norm.logsf(30.0), rel=1e-9)
    assert log_interval_probability(zero, one, -31.0, -30.0)[0] == pytest.approx(norm.logsf(30.0), rel=1e-9)
    assert log_interval_probability(zero, one, -1.0, 1.0)[0] == pytest.approx(np.log(0.6826894921370859), rel=1e-12)
    assert log_interval_probability(zero, one, None, None)[0] == 0.0


def test_target_probability_sums_over_properties():
    surrogates = fit_surrogates(observe(5), ["density", "refractive_index"])
    targets = {"density": (0.5, 1.2), "refractive_index": (None, 1.5)}
    mean, sd = (table.T for table in (surrogates.predict(UNITS).mean, surrogates.predict(UNITS).sd))
    inside = norm.cdf(1.2, mean[0], sd[0]) - norm.cdf(0.5, mean[0], sd[0])
    expected = np.log(inside) + norm.logcdf(1.5, mean[1], sd[1])
    np.testing.assert_allclose(surrogates.log_probability_of_target(UNITS, targets), expected, rtol=1e-9)
    assert surrogates.log_probability_of_target([], targets).shape == (0,)
    with pytest.raises(UnknownSurrogate, match="available: density"):
        surrogates.log_probability_of_target(UNITS, {"abbe_number": (1.0, None)})
    with pytest.raises(InvalidObjective, match="must have low < high"):
        surrogates.log_probability_of_target(UNITS, {"density": (2.0, 1.0)})


def test_chunks_do_not_change_predictions():
    whole = fit_surrogates(observe(5), ["density"]).predict(UNITS * 5)
    parts = fit_surrogates(observe(5), ["density"], SurrogateSettings(chunk=16)).predict(UNITS * 5)
    np.testing.assert_allclose(whole.mean, parts.mean, rtol=1e-12)
    np.testing.assert_allclose(whole.sd, parts.sd, rtol=1e-12)


def test_jitter_escalates_with_a_warning_and_says_when_it_gives_up():
    singular = np.ones((3, 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        factor = robust_cholesky(singular - 1e-9 * np.eye(3))
    assert [w.category for w in caught] == [JitterWarning]
    np.testing.assert_allclose(factor @ factor.T, singular, atol=1e-6)
    with pytest.raises(ArithmeticError, match="singular even with"):
        robust_cholesky(-np.eye(2))
    with pytest.raises(ArithmeticError, match="NaN"):
        robust_cholesky(np.full((2, 2), np.nan))


def test_bad_observations_are_refused():
    with pytest.raises(InvalidObservations, match="shape"):
        Observations(UNITS[:2], {"density": np.zeros(3)})
    with pytest.raises(InvalidObservations, match="infinite"):
        Observations(UNITS[:1], {"density": np.array([np.inf])})
    with pytest.raises(InvalidObservations, match="non-negative"):
        Observations(UNITS[:1], {"density": np.ones(1)}, {"density": -np.ones(1)})
    with pytest.raises(NoPriorRange, match="measure it"):
        fit_surrogates(Observations(()), ["colour"])
