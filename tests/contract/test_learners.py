"""What the surrogates promise with every kind of features, kernel and residual that the settings offer; a new one is tested by itself."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from golden_surrogates import POOL, UNITS, observations, predicted

from surrogates import Observations, SurrogateSet, SurrogateSettings, fit_surrogates, load_surrogates, save_surrogates

PROPERTIES = ("density", "refractive_index")


def choices(name: str) -> list[dict[str, Any]]:
    return [{name: choice} for choice in get_args(SurrogateSettings.model_fields[name].annotation)]


KINDS = [*choices("features"), *choices("radial"), *choices("residual"), {"exact_points": 6, "inducing_points": 5}]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: "-".join(map(str, kind.values())))
def settings(request: pytest.FixtureRequest) -> SurrogateSettings:
    return SurrogateSettings(fidelity="md-quick", restarts=1, columns=256, **request.param)


@pytest.fixture(scope="module")
def fitted(settings: SurrogateSettings) -> SurrogateSet:
    return fit_surrogates(observations(), PROPERTIES, settings, seed=2)


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


def test_predictions_of_measured_units_follow_the_measurements(fitted: SurrogateSet) -> None:
    seen = observations()
    own = np.flatnonzero(seen.measured("density") & (np.array(seen.fidelities) == "md-quick"))
    mean = fitted.predict([seen.units[i] for i in own]).mean[:, 0]
    measured = seen.values["density"][own]
    assert np.corrcoef(mean, measured)[0, 1] > 0.9
    assert np.abs(mean - measured).mean() < np.abs(measured - measured.mean()).mean()


def test_failure_is_a_probability_that_is_higher_where_it_failed(fitted: SurrogateSet) -> None:
    probability = fitted.failure_probability(UNITS)
    assert ((probability > 0) & (probability < 1)).all()
    assert np.argmax(probability) == 3, "the unit that failed"


def test_a_saved_set_predicts_the_same(fitted: SurrogateSet, tmp_path: Path) -> None:
    save_surrogates(fitted, tmp_path / "surrogates.json")
    loaded = load_surrogates(tmp_path / "surrogates.json")
    assert loaded.settings == fitted.settings
    for name, values in predicted(loaded).items():
        np.testing.assert_allclose(values, predicted(fitted)[name], rtol=1e-10, atol=1e-12, err_msg=name)
