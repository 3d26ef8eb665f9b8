"""What every learner promises, with the kinds of features, kernel and residual that the settings offer.

A new entry of `LEARNERS` is tested by itself.
"""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from golden_surrogates import METHODS, OBJECTIVES, POOL, UNITS, observations, predicted

from surrogates import (
    AcquisitionSettings,
    InvalidObservations,
    Observations,
    SurrogateSet,
    SurrogateSettings,
    Unsupported,
    fit_surrogates,
    load_surrogates,
    save_surrogates,
    select_batch,
)
from surrogates.acquisition.joint import JointSampler, normal_draws
from surrogates.kernels import TablePair
from surrogates.models import LEARNERS, Learner, PropertyModel, learner_of
from surrogates.validation import leave_one_out

PROPERTIES = ("density", "refractive_index")


def choices(name: str) -> list[dict[str, Any]]:
    return [{name: choice} for choice in get_args(SurrogateSettings.model_fields[name].annotation)]


def kinds() -> list[dict[str, Any]]:
    """Every learner, and what the built-in one can be."""
    of_gp = [*choices("features"), *choices("radial"), *choices("residual"), {"exact_points": 6, "inducing_points": 5}]
    return [*({"learner": name} for name in LEARNERS if name != "gp"), *of_gp]


@pytest.fixture(scope="module", params=kinds(), ids=lambda kind: "-".join(map(str, kind.values())))
def settings(request: pytest.FixtureRequest) -> SurrogateSettings:
    quick = {} if "learner" in request.param else {"restarts": 1}
    return SurrogateSettings(fidelity="md-quick", columns=256, **quick, **request.param)


@pytest.fixture(scope="module")
def learner(settings: SurrogateSettings) -> Learner:
    return learner_of(settings)


@pytest.fixture(scope="module")
def seen(learner: Learner) -> Observations:
    """Measurements at two fidelities, for learners that couple them, or else at one."""
    both = observations()
    own = np.flatnonzero(np.array(both.fidelities) == "md-quick")
    return both if learner.couples_tasks else both.take(own)


@pytest.fixture(scope="module")
def fitted(settings: SurrogateSettings, seen: Observations) -> SurrogateSet:
    return fit_surrogates(seen, PROPERTIES, settings, seed=2)


@pytest.fixture(params=PROPERTIES)
def model(fitted: SurrogateSet, request: pytest.FixtureRequest) -> PropertyModel:
    return fitted.model(request.param)


def test_the_settings_name_the_built_in_learners() -> None:
    listed = set(get_args(SurrogateSettings.model_fields["learner"].annotation))  # for editors; others are accepted too
    assert listed <= {name for name in LEARNERS if LEARNERS[name].__module__.startswith("surrogates.")}
    for name in LEARNERS:
        assert LEARNERS[name].name == name
        settings = SurrogateSettings(learner=name)
        assert SurrogateSettings.model_validate_json(settings.model_dump_json()) == settings


def test_covariances_are_a_joint_distribution(fitted: SurrogateSet, model: PropertyModel) -> None:
    """Symmetric, positive semi-definite, with the variances on the diagonal, the same in whole and in parts."""
    units = (*POOL, *UNITS[:4])
    features = fitted.featurise(units)
    whole = model.posterior(TablePair(features, fitted.features))
    covariance = whole.covariance(whole, TablePair(features, features))
    assert len(whole) == len(units)
    size = model.prior_variance
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-9 * size)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9 * size
    np.testing.assert_allclose(np.diag(covariance), whole.variance, rtol=1e-6, atol=1e-9 * size)
    assert (whole.variance > 0).all()
    prediction = fitted.predict(units)
    column = fitted.properties.index(model.name)
    np.testing.assert_allclose(prediction.mean[:, column], whole.mean, rtol=1e-12)
    np.testing.assert_allclose(prediction.sd[:, column] ** 2, whole.variance, rtol=1e-9)
    rows, rest = np.array([1, 5, 14]), slice(6, 9)
    left, right = features.take(rows), features.take(rest)
    alone = model.posterior(TablePair(left, fitted.features))
    for part in (whole.take(rows), alone):
        np.testing.assert_allclose(part.mean, whole.mean[rows], rtol=1e-9)
        np.testing.assert_allclose(part.variance, whole.variance[rows], rtol=1e-6, atol=1e-9 * size)
        block = part.covariance(whole.take(rest), TablePair(left, right))
        np.testing.assert_allclose(block, covariance[rows, rest], atol=1e-9 * size)
    # The acquisition changes what it is given.
    block[:] = 0.0
    again = part.covariance(whole.take(rest), TablePair(left, right))
    np.testing.assert_allclose(again, covariance[rows, rest], atol=1e-9 * size)


def test_joint_samples_have_the_posterior_moments(fitted: SurrogateSet, model: PropertyModel) -> None:
    features, size = fitted.featurise(POOL[:4]), 4096
    sampler = JointSampler([model], fitted.features, features.take(slice(0, 3)), normal_draws(size, 4, 1)[:, :, None])
    block = sampler.block(features.take(slice(3, 4)))
    drawn = np.concatenate([sampler.values, sampler.samples(block)], axis=1)[:, :, 0]
    posterior = model.posterior(TablePair(features, fitted.features))
    covariance = posterior.covariance(posterior, TablePair(features, features))
    worst = posterior.variance.max()
    np.testing.assert_allclose(drawn.mean(axis=0), posterior.mean, atol=5 * np.sqrt(worst / size))
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=5 * np.sqrt(2.0 / size) * worst)


def test_without_data_the_posterior_is_the_prior(settings: SurrogateSettings, fitted: SurrogateSet) -> None:
    prior = fit_surrogates(Observations(()), PROPERTIES, settings, seed=2)
    features = prior.featurise(POOL)
    for model in prior.models:
        posterior = model.posterior(TablePair(features, prior.features))
        # A typical unit has the prior variance; others are farther from, or closer to, the centre of the features.
        assert 0.2 < np.median(posterior.variance) / model.prior_variance < 5.0
        assert np.ptp(posterior.mean) < 1e-9 * model.spread
        assert model.noise_variance >= 0.0


@pytest.mark.parametrize("method", METHODS)
def test_every_acquisition_method_selects_with_it(fitted: SurrogateSet, method: str) -> None:
    settings = AcquisitionSettings(method=method, samples=16)
    found = select_batch(fitted, POOL, OBJECTIVES, 3, (POOL[1],), settings, seed=5)
    assert len({*found.indices, 1}) == 4
    assert np.isfinite(found.values).all()


def test_the_same_seed_gives_the_same_posterior(
    fitted: SurrogateSet, seen: Observations, settings: SurrogateSettings
) -> None:
    again = fit_surrogates(seen, PROPERTIES, settings, seed=2).predict(POOL)
    np.testing.assert_array_equal(again.mean, fitted.predict(POOL).mean)
    np.testing.assert_array_equal(again.sd, fitted.predict(POOL).sd)


def test_leave_one_out_is_a_fit_without_the_measurement_or_is_refused(
    fitted: SurrogateSet, model: PropertyModel, learner: Learner, seen: Observations, settings: SurrogateSettings
) -> None:
    if not model.leaves_one_out:
        with pytest.raises((Unsupported, InvalidObservations), match=model.name):
            leave_one_out(fitted, model.name)
        return
    found = leave_one_out(fitted, model.name)
    assert (found.sd > 0).all()
    own = seen.measured_at(model.name, "md-quick")
    np.testing.assert_array_equal(found.rows, own)
    errors = model.data.noise[model.data.tasks == 0] * model.spread**2
    known = {model.name: model.document()} if learner.saves else None
    for i in (0, 4, len(own) - 1):
        rest = seen.take(np.delete(np.arange(len(seen)), own[i]))
        without = fit_surrogates(rest, [model.name], settings, seed=2, fitted=known)
        prediction = without.predict([seen.units[own[i]]])
        noise = without.models[0].noise_variance + errors[i]
        # The standardisation of the rest is a little different.
        assert found.mean[i] == pytest.approx(prediction.mean[0, 0], abs=0.25 * found.sd[i])
        assert found.sd[i] == pytest.approx(np.sqrt(prediction.sd[0, 0] ** 2 + noise), rel=0.25)


def test_other_tasks_are_used_or_refused(learner: Learner, settings: SurrogateSettings) -> None:
    if learner.couples_tasks:
        fitted = fit_surrogates(observations(), PROPERTIES, settings.model_copy(update={"share_properties": True}))
        assert fitted.models[0].data.tasks.max() >= 1
        return
    with pytest.raises(Unsupported, match="one fidelity, 'md-quick', but density was also measured at 'additive'"):
        fit_surrogates(observations(), PROPERTIES, settings)
    alone = observations().take(np.arange(12))
    with pytest.raises(Unsupported, match="cannot couple properties"):
        fit_surrogates(alone, PROPERTIES, settings.model_copy(update={"share_properties": True}))


def test_predictions_are_finite_and_measurements_reduce_the_uncertainty(fitted: SurrogateSet, settings) -> None:
    prior = fit_surrogates(Observations(()), PROPERTIES, settings, seed=2).predict(POOL)
    found = fitted.predict(POOL)
    for prediction in (prior, found):
        assert prediction.properties == PROPERTIES
        assert prediction.mean.shape == prediction.sd.shape == (len(POOL), 2)
        assert np.isfinite(prediction.mean).all()
        assert (prediction.sd > 0).all()
    assert (found.sd.mean(axis=0) < prior.sd.mean(axis=0)).all()


def test_a_prediction_does_not_depend_on_the_other_units_or_their_order(fitted: SurrogateSet) -> None:
    whole = fitted.predict(POOL)
    turned = fitted.predict(POOL[::-1])
    np.testing.assert_allclose(turned.mean[::-1], whole.mean, rtol=1e-9)
    np.testing.assert_allclose(fitted.predict(POOL[4:5]).sd, whole.sd[4:5], rtol=1e-7)


def test_predictions_of_measured_units_follow_the_measurements(fitted: SurrogateSet, seen: Observations) -> None:
    own = seen.measured_at("density", "md-quick")
    mean = fitted.predict([seen.units[i] for i in own]).mean[:, 0]
    measured = seen.values["density"][own]
    assert np.corrcoef(mean, measured)[0, 1] > 0.9
    assert np.abs(mean - measured).mean() < np.abs(measured - measured.mean()).mean()


def test_failure_is_a_probability_that_is_higher_where_it_failed(fitted: SurrogateSet) -> None:
    probability = fitted.failure_probability(UNITS)
    assert ((probability > 0) & (probability < 1)).all()
    assert np.argmax(probability) == 3, "the unit that failed"


def test_a_saved_set_predicts_the_same(fitted: SurrogateSet, learner: Learner, tmp_path: Path) -> None:
    if not learner.saves:
        with pytest.raises(Unsupported, match=f"{learner.name!r} cannot be saved"):
            save_surrogates(fitted, tmp_path / "surrogates.json")
        assert not list(tmp_path.iterdir())
        return
    save_surrogates(fitted, tmp_path / "surrogates.json")
    loaded = load_surrogates(tmp_path / "surrogates.json")
    assert loaded.settings == fitted.settings
    for name, values in predicted(loaded).items():
        np.testing.assert_allclose(values, predicted(fitted)[name], rtol=1e-10, atol=1e-12, err_msg=name)
