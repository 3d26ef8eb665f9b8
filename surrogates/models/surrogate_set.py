"""The surrogates of a campaign: a model of each property and one of the failure probability."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from mdcore.chem import Composition
from surrogates.errors import InvalidObjective, UnknownSurrogate
from surrogates.features import Features, names_of, shared_featuriser
from surrogates.kernels import TablePair
from surrogates.models import gaussian_process as _built_in  # noqa: F401
from surrogates.models.failure import FailureModel
from surrogates.models.learner import TrainingSet, check_tasks, learner_of
from surrogates.models.property_model import PropertyModel
from surrogates.models.training import training_data
from surrogates.observations import Observations
from surrogates.settings import SurrogateSettings

Interval = tuple[float | None, float | None]
UnitFeatures = Callable[[Sequence[Composition]], Features]


@dataclass(frozen=True)
class Prediction:
    """Predicted properties of N repeat units.

    Attributes:
        mean: Shape (N, m), in the properties' units.
        sd: Standard deviation of the latent property, without measurement error, shape (N, m).
        properties: The m property names.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    properties: tuple[str, ...]


@dataclass(frozen=True)
class SurrogateSet:
    """Fitted surrogates; build them with `fit_surrogates`.

    Attributes:
        observations: Training data.
        properties: Property names.
        models: One model for each property, same order.
        failure: Model of the probability of failure.
        features: Features of the observed units, n rows.
        fidelity: Predicted fidelity.
        settings: Settings of the models.
        featurise: Computes (or looks up) the features of units.
        seed: Random seed of the fit.
    """

    observations: Observations
    properties: tuple[str, ...]
    models: tuple[PropertyModel, ...]
    failure: FailureModel
    features: Features
    fidelity: str
    settings: SurrogateSettings
    featurise: UnitFeatures
    seed: int = 0

    def model(self, name: str) -> PropertyModel:
        """Return the model of a property.

        Raises:
            UnknownSurrogate: No model was fitted for it.
        """
        if name not in self.properties:
            raise UnknownSurrogate(f"no surrogate was fitted for {name!r}; available: {', '.join(self.properties)}")
        return self.models[self.properties.index(name)]

    def chunks(self, features: Features) -> Iterator[tuple[slice, TablePair]]:
        """Yield slices of a feature table, each with the features of its rows and of the observed units."""
        for start in range(0, len(features), self.settings.chunk):
            rows = slice(start, min(start + self.settings.chunk, len(features)))
            yield rows, TablePair(features.take(rows), self.features)

    def predict(self, units: Sequence[Composition]) -> Prediction:
        """Predict mean and standard deviation of every property for N units; without data, the prior."""
        return self.predict_features(self.featurise(units))

    def predict_features(self, features: Features) -> Prediction:
        """Predict from a feature table; see `predict`."""
        mean = np.empty((len(features), len(self.models)))
        sd = np.empty_like(mean)
        for rows, tables in self.chunks(features):
            for j, model in enumerate(self.models):
                posterior = model.posterior(tables)
                mean[rows, j] = posterior.mean
                sd[rows, j] = np.sqrt(posterior.variance)
        return Prediction(mean, sd, self.properties)

    def failure_probability(self, units: Sequence[Composition]) -> NDArray[np.float64]:
        """Probability that the evaluation of each of N units fails, shape (N,)."""
        features = self.featurise(units)
        result = np.empty(len(features))
        for rows, tables in self.chunks(features):
            result[rows] = self.failure.probability(tables.statistics)
        return result

    def log_probability_of_target(
        self, units: Sequence[Composition], targets: Mapping[str, Interval]
    ) -> NDArray[np.float64]:
        """Log-probability that every targeted property of each of N units lies in its interval, shape (N,).

        Properties are independent given the data; an open end is None. The result is accurate in both tails.

        Raises:
            UnknownSurrogate: A targeted property has no surrogate.
            InvalidObjective: An interval is empty.
        """
        for name, (low, high) in targets.items():
            self.model(name)
            if low is not None and high is not None and not low < high:
                raise InvalidObjective(f"target interval of {name} must have low < high, got {low:g} to {high:g}")
        total = np.zeros(len(units))
        if not targets or not len(units):
            return total
        prediction = self.predict(units)
        for name, (low, high) in targets.items():
            j = self.properties.index(name)
            total += log_interval_probability(prediction.mean[:, j], prediction.sd[:, j], low, high)
        return total


def log_interval_probability(
    mean: NDArray[np.float64], sd: NDArray[np.float64], low: float | None, high: float | None
) -> NDArray[np.float64]:
    """Return log P(low < y < high) for y ~ N(mean, sd^2), shape (N,), stable in both tails."""
    a = np.full_like(mean, -np.inf) if low is None else (low - mean) / sd
    b = np.full_like(mean, np.inf) if high is None else (high - mean) / sd
    # An interval above the mean is mirrored, so that the difference is between small tail probabilities.
    flip = a > 0
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    upper, lower = log_ndtr(b), log_ndtr(a)
    with np.errstate(divide="ignore"):
        return np.asarray(upper + np.log(-np.expm1(np.minimum(lower - upper, 0.0))), dtype=np.float64)


def fit_surrogates(
    observations: Observations,
    properties: Sequence[str],
    settings: SurrogateSettings | None = None,
    seed: int = 0,
    featurise: UnitFeatures | None = None,
    fitted: Mapping[str, Mapping[str, Any]] | None = None,
) -> SurrogateSet:
    """Fit a model of each property and the model of the failure probability.

    Works with any number of observations, including zero. Failed rows enter the model of the failure probability only.

    Args:
        observations: Measured and failed units.
        properties: Properties to model.
        settings: Settings of the models, with the name of the learner.
        seed: Seed of the random draws of the fit.
        featurise: Custom featuriser, used instead of the one that the settings specify.
        fitted: Documents (`PropertyModel.document`) of properties whose models are not fitted but restored.

    Raises:
        NoPriorRange: A property has neither data nor a range in the registry.
        InvalidObservations: There are several fidelities and the settings do not specify one.
        Unsupported: The learner does not support what the settings or the observations require.
    """
    settings = settings or SurrogateSettings()
    learner = learner_of(settings)
    featurise = shared_featuriser(settings) if featurise is None else _named(featurise)
    fidelity = observations.target_fidelity(settings.fidelity)
    features = featurise(observations.units)
    tables = TablePair(features, features)
    models = []
    for j, name in enumerate(properties):
        companions = tuple(other for other in properties if other != name) if settings.share_properties else ()
        check_tasks(learner, name, fidelity, observations.fidelities_of(name) - {fidelity}, companions)
        data, tasks = training_data(observations, name, fidelity, companions)
        training = TrainingSet(name, data, tasks, tables, (seed, j))
        known = (fitted or {}).get(name)
        models.append(learner.fit(training) if known is None else learner.restore(training, known))
    failure = FailureModel.fit(features, observations.failed, settings.failure_rate)
    return SurrogateSet(
        observations, tuple(properties), tuple(models), failure, features, fidelity, settings, featurise, seed
    )


def _named(featurise: UnitFeatures) -> UnitFeatures:
    """Identify polymers by their keys, because different polymers may have the same custom features."""

    def with_names(units: Sequence[Composition]) -> Features:
        features = featurise(units)
        return features if features.names is not None else replace(features, names=names_of(units))

    return with_names
