"""Cross-validation of the surrogates, with polymers or clusters of similar polymers as groups to prevent leakage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from mdcore.chem import property_spec
from mdcore.drawing import LINE, MUTED, NOVEL, SMALL, SOFT, TEXT, THIN, drawn
from surrogates.errors import InvalidObservations
from surrogates.features import shared_featuriser
from surrogates.kernels import minmax
from surrogates.models import SurrogateSet, fit_surrogates
from surrogates.models.scatter import Scatter, stderrs_of
from surrogates.models.surrogate_set import UnitFeatures
from surrogates.observations import Observations
from surrogates.settings import SurrogateSettings

LEVELS = (0.5, 0.8, 0.95)
"""Confidence levels of the central intervals whose coverage is reported."""

CLUSTER_SIMILARITY = 0.6
"""Similarity to a cluster's first member from which on a unit joins the cluster."""


@dataclass(frozen=True)
class Metrics:
    """Metrics of predictions against held-out measurements.

    Attributes:
        n: Number of held-out measurements.
        r2: Coefficient of determination.
        mae: Mean absolute error, in the property's unit.
        rmse: Root mean square error, in the property's unit.
        nll: Mean negative log-likelihood, in nats, of values in the property's unit.
        crps: Mean continuous ranked probability score, in the property's unit.
        coverage: Fraction of measurements inside the central intervals of `LEVELS`, same order.
    """

    n: int
    r2: float
    mae: float
    rmse: float
    nll: float
    crps: float
    coverage: tuple[float, ...]


@dataclass(frozen=True)
class CrossValidation:
    """Held-out predictions of one property.

    Attributes:
        property: Registry name.
        groups: Grouping of the folds, or `leave-one-out`.
        rows: Rows of the observations, shape (n,).
        measured: Held-out measurements, in the property's unit, shape (n,).
        mean: Their predictions, shape (n,).
        sd: Standard deviations of the predicted measurements, including noise, shape (n,).
        metrics: Summary metrics.
    """

    property: str
    groups: str
    rows: NDArray[np.int64]
    measured: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    metrics: Metrics


def metrics_of(measured: NDArray[np.float64], mean: NDArray[np.float64], sd: NDArray[np.float64]) -> Metrics:
    """Compare normal predictions with measurements, arrays of shape (n,).

    The CRPS of a normal is that of Gneiting and Raftery (10.1198/016214506000001437), equation 21.
    """
    error = measured - mean
    z = error / sd
    spread = float(((measured - measured.mean()) ** 2).sum())
    crps = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    return Metrics(
        n=len(measured),
        r2=1.0 - float((error**2).sum()) / spread if spread > 0 else float("nan"),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        nll=float(-norm.logpdf(measured, mean, sd).mean()),
        crps=float(crps.mean()),
        coverage=tuple(float((np.abs(z) <= norm.ppf(0.5 + level / 2)).mean()) for level in LEVELS),
    )


def clusters(observations: Observations, featurise: UnitFeatures) -> NDArray[np.int64]:
    """Cluster units by fingerprint similarity to the first member of each cluster (leader algorithm), shape (n,)."""
    features = featurise(observations.units)
    labels = np.full(len(observations), -1, dtype=np.int64)
    label = 0
    for i in range(len(observations)):
        if labels[i] >= 0:
            continue
        unassigned = np.flatnonzero(labels < 0)
        near = minmax(features.take(unassigned), features.take(slice(i, i + 1)))[:, 0] >= CLUSTER_SIMILARITY
        labels[unassigned[near]] = label
        labels[i] = label
        label += 1
    return labels


def folds(groups: Sequence[Any] | NDArray[np.int64], k: int, seed: int) -> NDArray[np.int64]:
    """Distribute whole groups over k folds of similar size, shape (n,).

    Raises:
        InvalidObservations: There are fewer groups than folds.
    """
    _, inverse, sizes = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if len(sizes) < k:
        raise InvalidObservations(
            f"{k} folds require at least {k} groups, got {len(sizes)}; measure more polymers or use fewer folds"
        )
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    load = np.zeros(k)
    fold_of = np.empty(len(sizes), dtype=np.int64)
    for group in order:
        fold_of[group] = int(np.argmin(load))
        load[fold_of[group]] += sizes[group]
    return np.asarray(fold_of[inverse], dtype=np.int64)


def cross_validate(
    observations: Observations,
    name: str,
    settings: SurrogateSettings | None = None,
    groups: Literal["key", "cluster"] = "key",
    k: int = 5,
    seed: int = 0,
    featurise: UnitFeatures | None = None,
) -> CrossValidation:
    """Predict every measurement of a property from folds without the same polymer or, with `cluster`, without similar polymers.

    Args:
        observations: Measurements.
        name: Property.
        settings: Settings of the surrogates.
        groups: Keep all rows of one key, or of one cluster of similar units, in the same fold.
        k: Number of folds.
        seed: Seed of the folds and fits.
        featurise: Custom featuriser, used instead of the one that the settings specify.

    Raises:
        InvalidObservations: There are fewer groups than folds.
    """
    settings = settings or SurrogateSettings()
    fidelity = observations.target_fidelity(settings.fidelity)
    featurise = featurise or shared_featuriser(settings)
    if groups == "cluster":
        labels = clusters(observations, featurise)
    else:
        labels = np.unique([unit.key for unit in observations.units], return_inverse=True)[1]
    rows = observations.measured_at(name, fidelity)
    parts = np.full(len(observations), -1, dtype=np.int64)
    parts[rows] = folds(labels[rows], k, seed)
    held_groups = {int(part): set(labels[parts == part].tolist()) for part in range(k)}
    mean, sd = np.empty(len(observations)), np.empty(len(observations))
    for part in range(k):
        out = np.flatnonzero(parts == part)
        # Rows of other fidelities of a held-out group would leak as well.
        kept = np.flatnonzero([label not in held_groups[part] for label in labels.tolist()])
        seen = observations.take(kept)
        surrogates = fit_surrogates(seen, [name], settings, seed + part, featurise)
        prediction = surrogates.predict([observations.units[i] for i in out])
        mean[out] = prediction.mean[:, 0]
        # A measurement without a standard error has the scatter of the repeats in the training data.
        scatter = Scatter.of(seen, name, seen.measured_at(name, fidelity))
        errors = scatter.variances(stderrs_of(observations, name)[out], mean[out])
        sd[out] = np.sqrt(prediction.sd[:, 0] ** 2 + surrogates.models[0].noise_variance + errors)
    measured = observations.values[name][rows]
    return CrossValidation(
        name, groups, rows, measured, mean[rows], sd[rows], metrics_of(measured, mean[rows], sd[rows])
    )


def leave_one_out(surrogates: SurrogateSet, name: str) -> CrossValidation:
    """Predict each measurement of a property from all others in closed form, without a new fit.

    Fast, but a polymer that was measured twice is predicted from its other measurement, and the hyperparameters were fitted to
    all measurements; `cross_validate` is stricter.

    Raises:
        UnknownSurrogate: The property has no model.
        InvalidObservations: There are fewer than two measurements, or so many that the model uses inducing points.
        Unsupported: The learner has no closed form.
    """
    model = surrogates.model(name)
    own = surrogates.observations.measured_at(name, surrogates.fidelity)
    if len(own) < 2:
        raise InvalidObservations(f"leave-one-out requires at least 2 measurements of {name}, got {len(own)}")
    mean, sd = model.leave_one_out()
    measured = surrogates.observations.values[name][own]
    return CrossValidation(name, "leave-one-out", own, measured, mean, sd, metrics_of(measured, mean, sd))


HELD_OUT = {"key": "polymers held out", "cluster": "clusters held out", "leave-one-out": "one value held out at a time"}


def parity_figure(validation: CrossValidation) -> Any:
    """Plot predicted against measured values with standard deviations; returns a matplotlib figure."""
    spec, metrics = property_spec(validation.property), validation.metrics
    with drawn(4.4, 4.4) as figure:
        axes = figure.subplots()
        axes.errorbar(
            validation.measured,
            validation.mean,
            yerr=validation.sd,
            fmt="o",
            ms=3,
            elinewidth=THIN,
            alpha=0.45,
            color=NOVEL,
        )
        # Equal ranges of both axes; error bars may extend beyond them.
        both = np.concatenate([validation.measured, validation.mean])
        edges = both.min() - 0.04 * np.ptp(both), both.max() + 0.04 * np.ptp(both)
        axes.axline((edges[0], edges[0]), slope=1.0, color=SOFT, lw=LINE, zorder=3)
        axes.set(xlim=edges, ylim=edges, aspect="equal")
        axes.set_xlabel("Measured")
        axes.set_ylabel(f"Predicted ± standard deviation, {HELD_OUT[validation.groups]}")
        unit = "" if spec.unit == "1" else f" {spec.unit}"
        axes.set_title(
            f"{spec.axis_label}\nR² {metrics.r2:.3f}, MAE {metrics.mae:.3g}{unit}, n = {metrics.n}", fontsize=TEXT
        )
    return figure


def calibration_figure(validation: CrossValidation) -> Any:
    """Plot observed against expected coverage of central intervals; returns a matplotlib figure."""
    expected = np.linspace(0.01, 0.99, 99)
    z = np.abs(validation.measured - validation.mean) / validation.sd
    observed = [(z <= norm.ppf(0.5 + level / 2)).mean() for level in expected]
    with drawn(4.4, 4.4) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=MUTED, lw=LINE)
        axes.plot(expected, observed, color=NOVEL)
        for level, share in zip(LEVELS, validation.metrics.coverage, strict=True):
            axes.plot(level, share, "o", ms=5, color=NOVEL)
            axes.annotate(
                f"{100 * share:.0f} % in {100 * level:g} %",
                (level, share),
                (-6, 5),
                textcoords="offset points",
                ha="right",
                fontsize=SMALL,
            )
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
        axes.set_xlabel("Expected share inside the central interval")
        axes.set_ylabel(f"Observed share, {HELD_OUT[validation.groups]}")
        label = property_spec(validation.property).label
        axes.set_title(
            f"{label}: calibration\nabove the line: wider than needed, below: too narrow", fontsize=TEXT, pad=16
        )
    return figure
