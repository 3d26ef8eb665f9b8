"""Saved surrogates of earlier versions load, predict and choose what they did there; a fit with the same seed gives the same."""

import json

import numpy as np
import pytest
from golden_surrogates import GOLDEN, METHODS, SETTINGS, chosen, fitted, predicted, saved

THEN = json.loads((GOLDEN / "surrogates.json").read_text())
CLOSE = {"rtol": 1e-10, "atol": 1e-10}


@pytest.fixture(scope="module", params=list(SETTINGS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    return saved(request.param, tmp_path_factory.mktemp("surrogates")), THEN[request.param], request.param


def test_predictions_are_what_they_were(case) -> None:
    surrogates, then, _ = case
    for name, values in predicted(surrogates).items():
        np.testing.assert_allclose(values, then["predicted"][name], **CLOSE, err_msg=name)


@pytest.mark.parametrize("method", METHODS)
def test_batches_are_what_they_were(case, method: str) -> None:
    surrogates, then, _ = case
    found, wanted = chosen(surrogates, method), then["chosen"][method]
    assert found["indices"] == wanted["indices"]
    np.testing.assert_allclose(found["values"], wanted["values"], rtol=1e-8, atol=1e-8)


def test_a_fit_with_the_same_seed_gives_the_same_model(case) -> None:
    surrogates, _, name = case
    for again, before in zip(fitted(name).models, surrogates.models, strict=True):
        np.testing.assert_allclose(again.parameters.noise, before.parameters.noise, rtol=1e-6)
        np.testing.assert_allclose(
            list(vars(again.parameters.covariance).values())[:4],
            list(vars(before.parameters.covariance).values())[:4],
            rtol=1e-6,
        )
