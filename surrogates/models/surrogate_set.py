"""The surrogates of a campaign: one Gaussian process for each property and one model of failure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from mdcore.chem import RepeatUnit
from surrogates.errors import InvalidObjective, UnknownSurrogate
from surrogates.features import Features, shared_featuriser
from surrogates.kernels import minmax
from surrogates.models.failure import FailureModel
from surrogates.models.fitting import fit_hyperparameters
from surrogates.models.gp import ExactGP
from surrogates.models.standardise import standardisation
from surrogates.observations import Observations
from surrogates.settings import SurrogateSettings

Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class Prediction:
    """Predicted properties of N repeat units.

    Attributes:
        mean: Shape (N, m), in the properties' units.
        sd: Standard deviation of the latent property, measurement error excluded, shape (N, m).
        properties: The m property names.
    """

    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    properties: tuple[str, ...]


@dataclass(frozen=True)
class SurrogateSet:
    """Fitted surrogates; build them with `fit_surrogates`.

    Attributes:
        observations: What they were fitted to.
        properties: Property names.
        models: One Gaussian process for each property, same order.
        failure: Model of the probability of failure.
        features: Features of the observed units, n rows.
        settings: Settings they were built with.
    """

    observations: Observations
    properties: tuple[str, ...]
    models: tuple[ExactGP, ...]
    failure: FailureModel
    features: Features
    settings: SurrogateSettings

    def model(self, name: str) -> ExactGP:
        """Return the model of a property.

        Raises:
            UnknownSurrogate: No model was fitted for it.
        """
        if name not in self.properties:
            raise UnknownSurrogate(f"{name!r} has no surrogate; fitted are {', '.join(self.properties)}")
        return self.models[self.properties.index(name)]

    def featurise(self, units: Sequence[RepeatUnit]) -> Features:
        """Return the features of units, computed or recalled."""
        return shared_featuriser(self.settings)(units)

    def chunks(self, features: Features) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Yield slices of a feature table with their similarities to the observed units, shape (rows, n)."""
        for start in range(0, len(features), self.settings.chunk):
            rows = slice(start, min(start + self.settings.chunk, len(features)))
            yield rows, minmax(features.take(rows), self.features)

    def predict(self, units: Sequence[RepeatUnit]) -> Prediction:
        """Predict mean and standard deviation of every property for N units; without data the prior is returned."""
        return self.predict_features(self.featurise(units))

    def predict_features(self, features: Features) -> Prediction:
        """Predict from a feature table; see `predict`."""
        mean = np.empty((len(features), len(self.models)))
        sd = np.empty_like(mean)
        for rows, similarity in self.chunks(features):
            for j, model in enumerate(self.models):
                mean[rows, j] = model.mean(similarity)
                sd[rows, j] = np.sqrt(model.variance(model.whiten(similarity)))
        return Prediction(mean, sd, self.properties)

    def failure_probability(self, units: Sequence[RepeatUnit]) -> NDArray[np.float64]:
        """Probability that the evaluation of each of N units fails, shape (N,)."""
        features = self.featurise(units)
        result = np.empty(len(features))
        for rows, similarity in self.chunks(features):
            result[rows] = self.failure.probability(similarity)
        return result

    def log_probability_of_target(
        self, units: Sequence[RepeatUnit], targets: Mapping[str, Interval]
    ) -> NDArray[np.float64]:
        """Log-probability that every targeted property of each of N units lies in its interval, shape (N,).

        Properties are independent given the data; an open end is None. Both tails keep their relative precision.

        Raises:
            UnknownSurrogate: A targeted property has no surrogate.
            InvalidObjective: An interval is empty.
        """
        for name, (low, high) in targets.items():
            self.model(name)
            if low is not None and high is not None and not low < high:
                raise InvalidObjective(f"target {low:g} to {high:g} of {name} is empty; give the lower edge first")
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
    # An interval above the mean is mirrored, so that the difference is taken between small tail areas.
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
) -> SurrogateSet:
    """Fit one Gaussian process for each property and the model of failure.

    Works with any number of observations, none included. Failed rows teach only the model of failure.

    Args:
        observations: Measured and failed units.
        properties: Properties to model.
        settings: How to build them.
        seed: Seed of the random starts of the fit.

    Raises:
        NoPriorRange: A property has neither data nor a range in the registry.
    """
    settings = settings or SurrogateSettings()
    features = shared_featuriser(settings)(observations.units)
    gram = minmax(features, features)
    models = []
    for j, name in enumerate(properties):
        rows = np.flatnonzero(observations.measured(name))
        values = observations.values[name][rows] if len(rows) else np.zeros(0)
        location, spread = standardisation(name, values)
        targets = (values - location) / spread
        noise = observations.noise_variance(name)[rows] / spread**2
        block = gram[np.ix_(rows, rows)]
        rng = np.random.default_rng([seed, j])
        parameters = fit_hyperparameters(block, targets, noise, settings.restarts, rng)
        models.append(ExactGP.condition(name, rows, block, targets, noise, location, spread, parameters))
    failure = FailureModel.fit(gram, observations.failed, settings.failure_rate)
    return SurrogateSet(observations, tuple(properties), tuple(models), failure, features, settings)
