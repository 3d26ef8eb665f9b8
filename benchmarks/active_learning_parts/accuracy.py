"""Cross-validation on simulated polymers, compared with a random forest and a Gaussian process on the peer's descriptors."""

import sys

import numpy as np

from benchmarks.active_learning_parts.data import (
    PROPERTIES,
    column,
    peer_descriptors,
    peer_features,
    simulations,
    units_of,
)
from benchmarks.common import figure
from surrogates import Observations, SurrogateSettings
from surrogates.validation import LEVELS, cross_validate, folds, metrics_of

FOLDS = 5


def run(quick: bool, options) -> dict[str, dict]:
    """Run five-fold cross-validation over polymers, with the same folds for all models."""
    table, described = simulations(), peer_descriptors()
    units = units_of(table.smiles)
    kept = np.array([unit.key in described for unit in units])
    if quick:
        kept &= np.arange(len(kept)) % 3 == 0
    rbf = SurrogateSettings(features="descriptors", radial="rbf", trend=False)
    figures = {}
    for name in PROPERTIES:
        values = column(table, name)
        rows = np.flatnonzero(kept & ~np.isnan(values))
        seen = Observations(tuple(units[i] for i in rows), {name: values[rows]})
        ours = cross_validate(seen, name, k=FOLDS).metrics
        relatives = cross_validate(seen, name, groups="cluster", k=FOLDS).metrics
        gaussian = cross_validate(seen, name, rbf, k=FOLDS, featurise=lambda u: peer_features(u, described)).metrics
        forest = _forest(seen, values[rows], described)
        best_r2, best_mae = max(gaussian.r2, forest.r2), min(gaussian.mae, forest.mae)
        figures[f"{name}: R2"] = figure(ours.r2, "1", {"at_least": best_r2}, peer=best_r2)
        figures[f"{name}: MAE"] = figure(ours.mae, "registry", {"at_most": best_mae}, peer=best_mae)
        for label, metrics in (("random forest", forest), ("RBF Gaussian process", gaussian)):
            figures[f"{name}: R2 of a {label} on the peer's descriptors"] = figure(metrics.r2, "1")
            figures[f"{name}: MAE of a {label} on the peer's descriptors"] = figure(metrics.mae, "registry")
        figures[f"{name}: negative log-likelihood"] = figure(ours.nll, "1", None, peer=gaussian.nll)
        figures[f"{name}: CRPS"] = figure(ours.crps, "registry", None, peer=gaussian.crps)
        figures[f"{name}: R2, whole clusters held out"] = figure(relatives.r2, "1")
        for label, metrics in (("", ours), (", whole clusters held out", relatives)):
            for level, share in zip(LEVELS, metrics.coverage, strict=True):
                goal = {"at_least": 0.92, "at_most": 0.98} if level == 0.95 and not label else None
                figures[f"{name}: coverage of {100 * level:g} % intervals{label}"] = figure(share, "1", goal)
        print(
            f"{name}: R2 {ours.r2:.3f}, Gaussian process {gaussian.r2:.3f}, forest {forest.r2:.3f}",
            file=sys.stderr,
            flush=True,
        )
    return figures


def _forest(seen: Observations, values: np.ndarray, described: dict[str, np.ndarray]):
    from sklearn.ensemble import RandomForestRegressor

    parts = folds(np.unique([unit.key for unit in seen.units], return_inverse=True)[1], FOLDS, 0)
    inputs = np.array([described[unit.key] for unit in seen.units])
    predicted = np.empty(len(values))
    for part in range(FOLDS):
        model = RandomForestRegressor(200, max_features=1 / 3, random_state=0)
        model.fit(inputs[parts != part], values[parts != part])
        predicted[parts == part] = model.predict(inputs[parts == part])
    return metrics_of(values, predicted, np.ones(len(values)))
