"""Saved surrogates predict the same, and damaged files are refused."""

import json

import numpy as np
import pytest
from made_observations import DENSITY, UNITS, mixture

from surrogates import (
    Observations,
    SurrogateSettings,
    UnreadableModel,
    fit_surrogates,
    load_surrogates,
    save_surrogates,
)


@pytest.mark.parametrize("exact_points", [5000, 5])
def test_saved_surrogates_predict_the_same(tmp_path, exact_points):
    values = {"density": np.concatenate([DENSITY[:6], [np.nan, np.nan], DENSITY[:2] - 0.1])}
    observations = Observations(
        (*UNITS, *UNITS[:2]),
        values,
        {"density": np.full(10, 0.01)},
        np.arange(10) == 7,
        ("md-quick",) * 8 + ("md-gaff2",) * 2,
    )
    settings = SurrogateSettings(fidelity="md-quick", exact_points=exact_points, inducing_points=4)
    surrogates = fit_surrogates(observations, ["density", "refractive_index"], settings, seed=3)
    save_surrogates(surrogates, tmp_path / "model.json")
    again = load_surrogates(tmp_path / "model.json")
    np.testing.assert_allclose(again.predict(UNITS).mean, surrogates.predict(UNITS).mean, rtol=1e-10)
    np.testing.assert_allclose(again.predict(UNITS).sd, surrogates.predict(UNITS).sd, rtol=1e-6)
    np.testing.assert_allclose(again.failure_probability(UNITS), surrogates.failure_probability(UNITS))


def test_a_foreign_file_is_refused(tmp_path):
    with pytest.raises(UnreadableModel, match="cannot be read"):
        load_surrogates(tmp_path / "missing.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UnreadableModel, match="format"):
        load_surrogates(tmp_path / "other.json")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda text: text.replace('"seed": 3', '"seed": 4'), "does not match its digest"),
        (lambda text: text[:-200], "cannot be read as surrogates"),
        (lambda text: "[" * 100_000, "cannot be read as surrogates"),
        (lambda text: json.dumps(json.loads(text) | {"values": None, "sha256": None}), "cannot be read as surrogates"),
        (lambda text: json.dumps(json.loads(text) | {"units": ["CC"], "sha256": None}), "0 stars"),
        (
            lambda text: json.dumps(json.loads(text) | {"failed": [True], "sha256": None}),
            "cannot be read as surrogates",
        ),
    ],
)
def test_a_damaged_model_is_refused_and_never_predicts_something_else(tmp_path, change, match):
    observations = Observations(
        UNITS, {"density": np.linspace(0.9, 1.4, len(UNITS))}, {"density": np.full(len(UNITS), 0.01)},
        np.zeros(len(UNITS), bool), ("md-quick",) * len(UNITS),
    )  # fmt: skip
    path = tmp_path / "model.json"
    save_surrogates(fit_surrogates(observations, ["density"], SurrogateSettings(fidelity="md-quick"), seed=3), path)
    path.write_text(change(path.read_text()))
    with pytest.raises(UnreadableModel, match=match):
        load_surrogates(path)


def test_saved_surrogates_keep_their_mixtures(tmp_path):
    units = (*UNITS, mixture(0.5, 0.5))
    fitted = fit_surrogates(Observations(units, {"density": np.append(DENSITY, 0.95)}), ("density",))
    save_surrogates(fitted, tmp_path / "model.json")
    document = json.loads((tmp_path / "model.json").read_text())
    assert document["units"][0] == "*CC*"  # as ever
    again = load_surrogates(tmp_path / "model.json")
    assert again.observations.units[-1] == units[-1]
    asked = [mixture(0.2, 0.8), units[-1], UNITS[1]]
    before, after = fitted.predict(asked), again.predict(asked)
    np.testing.assert_allclose(after.mean, before.mean, rtol=1e-9)
    np.testing.assert_allclose(after.sd, before.sd, rtol=1e-6)
    assert abs(after.mean[1, 0] - 0.95) < 0.03
    document["units"][-1]["fractions"] = [0.5, 0.6]
    del document["sha256"]
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(UnreadableModel, match="sum to 1"):
        load_surrogates(tmp_path / "model.json")
