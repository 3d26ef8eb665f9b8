"""Learners that can do less than the built-in one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from pydantic import Field, ValidationError

from designer.backtest.plan import Plan
from mdcore.chem import RepeatUnit
from mdcore.chem.errors import PluginError
from surrogates import (
    Objective,
    Observations,
    SurrogateSettings,
    UnreadableModel,
    Unsupported,
    fit_surrogates,
    load_surrogates,
    save_surrogates,
    select_batch,
)
from surrogates.models import LEARNERS, GaussianProcess, Learner, Posterior, PropertyModel, learner_of, register_learner
from surrogates.replay import Oracle, Strategy
from surrogates.settings import OF_GP
from surrogates.validation import cross_validate, leave_one_out

UNITS = tuple(RepeatUnit.from_psmiles(f"*CC(*){side}") for side in ("C", "F", "O", "Cl", "CC", "C#N"))
VALUES = {"density": np.array([0.85, 1.3, 1.2, 1.4, 0.86, 1.15])}


@dataclass(frozen=True)
class Independent(Posterior):
    def covariance(self, other, tables):
        return np.where(
            tables.left.identities[:, None] == tables.right.identities[None, :], self.variance[:, None], 0.0
        )

    def take(self, rows):
        return replace(self, mean=self.mean[rows], variance=self.variance[rows])


@dataclass(frozen=True)
class MeanModel(PropertyModel):
    scale: float

    @property
    def prior_variance(self):
        return (self.scale * self.spread) ** 2

    def posterior(self, tables):
        n = len(tables.left)
        return Independent(np.full(n, self.data.location), np.full(n, self.prior_variance))


class MeanLearner(Learner):
    """Predicts the mean of the measurements everywhere."""

    name: ClassVar[str] = "mean"
    scale: float = Field(default=1.0, gt=0)

    def fit(self, training):
        return MeanModel(training.name, training.data, self.scale)


@pytest.fixture(autouse=True)
def mean() -> Iterator[None]:
    register_learner(MeanLearner)
    yield
    LEARNERS.withdraw("mean")


def settings(**more):
    return SurrogateSettings(learner="mean", learners={"mean": {"scale": 2.0}}, **more)


def test_a_learner_gets_its_settings_and_is_used_everywhere():
    surrogates = fit_surrogates(Observations(UNITS, VALUES), ["density"], settings())
    prediction = surrogates.predict(UNITS)
    np.testing.assert_allclose(prediction.mean, VALUES["density"].mean())
    np.testing.assert_allclose(prediction.sd, 2.0 * surrogates.models[0].spread)
    new = [RepeatUnit.from_psmiles(f"*{'C' * n}O*") for n in (2, 3, 4)]
    assert len(select_batch(surrogates, new, [Objective("density")], 2).indices) == 2
    held_out = cross_validate(Observations(UNITS, VALUES), "density", settings(), k=3)
    # The mean of four others is not the value itself.
    assert held_out.metrics.r2 < 0.0


def test_what_a_learner_cannot_do_is_one_line(tmp_path):
    surrogates = fit_surrogates(Observations(UNITS, VALUES), ["density"], settings())
    with pytest.raises(
        Unsupported, match=r"^the model of density has no closed-form leave-one-out; use cross_validate$"
    ):
        leave_one_out(surrogates, "density")
    with pytest.raises(
        Unsupported, match=r"^models of learner 'mean' cannot be saved; use a learner that can, such as gp$"
    ):
        save_surrogates(surrogates, tmp_path / "model.json")
    assert not (tmp_path / "model.json").exists()
    two = Observations(UNITS, VALUES, fidelities=("experiment",) * 2 + ("md-quick",) * 4)
    line = "^learner 'mean' learns from one fidelity, 'md-quick', but density was also measured at 'experiment'; leave"
    with pytest.raises(Unsupported, match=line):
        fit_surrogates(two, ["density"], settings(fidelity="md-quick"))
    # Another property at another fidelity does not matter.
    fit_surrogates(two, ["refractive_index"], settings(fidelity="md-quick"))


def test_settings_that_a_learner_does_not_use_are_refused():
    with pytest.raises(ValidationError, match="learner 'mean' cannot couple properties"):
        settings(share_properties=True)
    changed = {
        "restarts": 7,
        "exact_points": 7,
        "inducing_points": 7,
        "radial": "rbf",
        "trend": False,
        "residual": "noise",
    }
    assert set(changed) == set(OF_GP)
    for name, value in changed.items():
        with pytest.raises(ValidationError, match=f"{name} {value!r} is a setting of learner gp, got learner 'mean'"):
            settings(**{name: value})
    with pytest.raises(ValidationError, match=r"mean.scale -1.0: Input should be greater than 0"):
        SurrogateSettings(learners={"mean": {"scale": -1.0}})
    with pytest.raises(ValidationError, match=r"mean.size 1: Extra inputs are not permitted"):
        SurrogateSettings(learners={"mean": {"size": 1}})
    with pytest.raises(ValidationError, match="gp: the settings of this learner are restarts"):
        SurrogateSettings(learners={"gp": {}})
    with pytest.raises(ValidationError, match=r"learner 'men' is unknown; known: .*mean"):
        SurrogateSettings(learners={"men": {}})
    with pytest.raises(ValidationError, match="Input should be 'gp'"):
        SurrogateSettings(learner="men")
    with pytest.raises(PluginError, match="learner 'men' is unknown; did you mean mean"):
        learner_of(SurrogateSettings().model_copy(update={"learner": "men"}))
    assert isinstance(learner_of(SurrogateSettings(radial="rbf")), GaussianProcess)


def test_a_name_is_taken_once():
    with pytest.raises(PluginError, match="learner 'mean' is already registered"):
        register_learner(type("Other", (MeanLearner,), {}))


def test_a_model_of_a_learner_that_is_not_installed_is_refused(tmp_path):
    surrogates = fit_surrogates(Observations(UNITS, VALUES), ["density"])
    save_surrogates(surrogates, tmp_path / "model.json")
    document = json.loads((tmp_path / "model.json").read_text()) | {"sha256": None}
    document["settings"]["learner"] = "forest"
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(
        UnreadableModel, match="fitted with learner 'forest', which is not installed; install its plug-in"
    ):
        load_surrogates(tmp_path / "model.json")


def test_stored_replays_of_the_default_learner_stay_valid():
    def digest(settings):
        oracle = Oracle(UNITS, VALUES)
        return Plan(oracle, (Objective("density"),), (), (Strategy("a", settings),), (0,), 2, 1, 2).digest(0)

    # What the version without learners wrote.
    assert digest(SurrogateSettings()) == "f01550b63889dfca"
    assert digest(settings()) != digest(SurrogateSettings(learners={"mean": {"scale": 3.0}}, learner="mean"))
