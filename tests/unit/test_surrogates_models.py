import warnings

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from mdcore.chem import RepeatUnit, property_spec
from surrogates import (
    InvalidObjective,
    InvalidObservations,
    JitterWarning,
    NoPriorRange,
    Observations,
    UnknownSurrogate,
    fit_surrogates,
    log_interval_probability,
)
from surrogates.features import features_from_counts
from surrogates.kernels import minmax
from surrogates.models.failure import FailureModel
from surrogates.models.fitting import LOG_NOISE_PRIOR, LOG_OUTPUTSCALE_PRIOR, MEAN_VARIANCE, _Objective
from surrogates.models.linalg import robust_cholesky

TEXTS = ("*CC*", "*CC(*)C", "*CC(*)c1ccccc1", "*CCO*", "*OC(=O)CCCC*", "*CC(*)(C)C(=O)OC", "*NC(=O)CCCCC*", "*CC(*)F")
UNITS = tuple(RepeatUnit.from_psmiles(text) for text in TEXTS)
DENSITY = np.array([0.85, 0.86, 1.05, 1.12, 1.08, 1.18, 1.13, 1.30])


def observe(n, **more):
    return Observations(UNITS[:n], {"density": DENSITY[:n]}, **more)


def test_features_do_not_depend_on_spelling_cut_or_direction():
    spellings = [RepeatUnit.from_psmiles(text) for text in ("*CCO*", "*COC*", "*OCC*", "[*]OCCOCC[*]", "C(*)CO*")]
    surrogates = fit_surrogates(Observations(()), ["density"])
    table = surrogates.featurise(spellings).counts()
    assert table.sum() > 0
    for row in table[1:]:
        np.testing.assert_array_equal(row, table[0])
    reversed_pair = [RepeatUnit.from_psmiles(text) for text in ("*CC(C)C(=O)O*", "*OC(=O)C(C)C*")]
    np.testing.assert_array_equal(*surrogates.featurise(reversed_pair).counts())


def test_every_atom_of_the_period_counts_once_for_each_radius():
    surrogates = fit_surrogates(Observations(()), ["density"])
    np.testing.assert_array_equal(surrogates.featurise([RepeatUnit.from_psmiles("*CC(*)c1ccccc1")]).sizes, [8 * 4])


def test_minmax_equals_the_definition():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, size=(7, 12)), rng.integers(0, 4, size=(5, 12))
    a[2] = 0
    b[1] = 0
    expected = np.array([[np.minimum(x, y).sum() / max(np.maximum(x, y).sum(), 1) for y in b] for x in a])
    expected[2, 1] = 1.0
    np.testing.assert_allclose(minmax(features_from_counts(a), features_from_counts(b)), expected, rtol=1e-15)
    np.testing.assert_array_equal(features_from_counts(a).counts(), a)


def test_likelihood_and_gradient_of_the_fit():
    rng = np.random.default_rng(1)
    root = rng.normal(size=(6, 6))
    gram = root @ root.T / 6
    targets, noise = rng.normal(size=6), rng.uniform(0.01, 0.1, size=6)
    objective = _Objective(gram, targets, noise)
    theta = np.array([0.3, -2.0])
    value, gradient = objective(theta)
    covariance = np.exp(theta[0]) * gram + np.diag(noise + np.exp(theta[1]))
    _, mean, _ = objective.solve(theta)

    def reference(constant):
        likelihood = multivariate_normal(np.full(6, constant), covariance).logpdf(targets) + 3 * np.log(2 * np.pi)
        prior = sum(
            0.5 * ((theta[i] - c) / w) ** 2 for i, (c, w) in enumerate((LOG_OUTPUTSCALE_PRIOR, LOG_NOISE_PRIOR))
        )
        return -likelihood + prior + 0.5 * constant**2 / MEAN_VARIANCE

    assert value == pytest.approx(reference(mean), rel=1e-10)
    assert reference(mean) < min(reference(mean + 1e-3), reference(mean - 1e-3))
    for i in range(2):
        step = np.eye(2)[i] * 1e-5
        slope = (objective(theta + step)[0] - objective(theta - step)[0]) / 2e-5
        assert gradient[i] == pytest.approx(slope, rel=1e-5)


def test_posterior_equals_the_textbook_formula():
    observations = observe(6, stderrs={"density": np.full(6, 0.01)})
    surrogates = fit_surrogates(observations, ["density"])
    model = surrogates.models[0]
    prediction = surrogates.predict(UNITS)
    everything = minmax(surrogates.featurise(UNITS), surrogates.featurise(UNITS))
    scale = model.parameters.outputscale * model.spread**2
    noise = np.diag(np.full(6, 0.01**2) + model.parameters.noise * model.spread**2)
    inverse = np.linalg.inv(scale * everything[:6, :6] + noise)
    centre = model.location + model.spread * model.parameters.mean
    np.testing.assert_allclose(
        prediction.mean[:, 0], centre + scale * everything[:, :6] @ inverse @ (DENSITY[:6] - centre), rtol=1e-10
    )
    explained = scale**2 * np.einsum("ij,jk,ik->i", everything[:, :6], inverse, everything[:, :6])
    np.testing.assert_allclose(prediction.sd[:, 0] ** 2, scale - explained, rtol=1e-8)


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


def test_repeated_measurements_shrink_the_error():
    once = fit_surrogates(Observations(UNITS[:4], {"density": DENSITY[:4]}, {"density": np.full(4, 0.05)}), ["density"])
    units = UNITS[:4] + (UNITS[0],) * 5
    values = np.concatenate([DENSITY[:4], np.full(5, DENSITY[0])])
    often = fit_surrogates(Observations(units, {"density": values}, {"density": np.full(9, 0.05)}), ["density"])
    assert often.predict(UNITS[:1]).sd[0, 0] < once.predict(UNITS[:1]).sd[0, 0]


def test_all_failed_teaches_only_the_failure_model():
    observations = Observations(UNITS[:3], {"density": DENSITY[:3]}, failed=np.ones(3, dtype=bool))
    surrogates = fit_surrogates(observations, ["density"])
    assert len(surrogates.models[0].rows) == 0
    assert (surrogates.failure_probability(UNITS[:3]) > 0.5).all()
    empty = fit_surrogates(Observations(()), ["density"])
    np.testing.assert_allclose(empty.failure_probability(UNITS), 0.05, rtol=1e-12)


def test_failure_probability_rises_near_failures_and_falls_near_successes():
    similarity = np.eye(3)
    model = FailureModel.fit(similarity, np.array([True, False, False]), 0.05)
    probability = model.probability(np.vstack([similarity, np.zeros(3)]))
    assert probability[0] > probability[3] > probability[1]
    assert probability[1] == pytest.approx(probability[2])
    # At the mode the latent value equals the kernel times the gradient of the likelihood.
    latent = 4.0 * model.gradient
    np.testing.assert_allclose(
        model.gradient, np.array([1, 0, 0]) - 1 / (1 + np.exp(-latent - model.prior_logit)), atol=1e-6
    )


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
    with pytest.raises(UnknownSurrogate, match="fitted are"):
        surrogates.log_probability_of_target(UNITS, {"abbe_number": (1.0, None)})
    with pytest.raises(InvalidObjective, match="empty"):
        surrogates.log_probability_of_target(UNITS, {"density": (2.0, 1.0)})


def test_chunks_do_not_change_predictions():
    from surrogates import SurrogateSettings

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
    with pytest.raises(ArithmeticError, match="stays singular"):
        robust_cholesky(-np.eye(2))
    with pytest.raises(ArithmeticError, match="NaN"):
        robust_cholesky(np.full((2, 2), np.nan))


def test_bad_observations_are_refused():
    with pytest.raises(InvalidObservations, match="shape"):
        Observations(UNITS[:2], {"density": np.zeros(3)})
    with pytest.raises(InvalidObservations, match="infinite"):
        Observations(UNITS[:1], {"density": np.array([np.inf])})
    with pytest.raises(InvalidObservations, match="not negative"):
        Observations(UNITS[:1], {"density": np.ones(1)}, {"density": -np.ones(1)})
    with pytest.raises(NoPriorRange, match="measure it"):
        fit_surrogates(Observations(()), ["colour"])
