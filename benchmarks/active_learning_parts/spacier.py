"""Reimplementation of the peer's search after its publication and code, with the same library: scikit-learn."""

import warnings

import numpy as np

from benchmarks.active_learning_parts.data import peer_table
from surrogates import Objective, Observations
from surrogates.acquisition.expectation import log_expected_hypervolume_improvement
from surrogates.boxes import boxes_of
from surrogates.replay import Oracle, Replay, replay_of

REFERENCE = -5.0
"""Reference point of both objectives, in standard deviations of the measured values."""


def search(
    oracle: Oracle,
    objectives: tuple[Objective, ...],
    known: Observations | None,
    seed: int,
    evaluations: int,
    batch: int,
) -> Replay:
    """Replay SPACIER (github.com/s-nanjo/Spacier) from known polymers, or from the random polymers of `replay` with the same seed.

    Independent Gaussian processes with one isotropic RBF kernel and white noise on its unscaled descriptors, fitted by likelihood;
    expected hypervolume improvement of two maximised objectives; a batch consists of the individually best of the pool.
    """
    table = peer_table()
    inputs = np.array([table[unit.key] for unit in oracle.units])
    values = oracle.table(objectives)
    before = (
        np.array([table[unit.key] for unit in known.units]) if known is not None else np.empty((0, inputs.shape[1]))
    )
    told = np.column_stack([known.values[o.property] for o in objectives]) if known is not None else np.empty((0, 2))
    start = 0 if known is not None else 10
    seen = np.random.default_rng(seed).permutation(len(values))[:start].tolist()
    while len(seen) - start < evaluations:
        x, y = np.vstack([before, inputs[seen]]), np.vstack([told, values[seen]])
        fine = ~np.isnan(y).any(axis=1)
        x, y = x[fine], y[fine]
        y = (y - y.mean(axis=0)) / y.std(axis=0)
        left = np.setdiff1d(np.arange(len(values)), seen)
        predicted = [_predict(x, column, inputs[left]) for column in y.T]
        mean, sd = (np.column_stack(part) for part in zip(*predicted, strict=True))
        lower, upper = boxes_of(y, np.full(2, REFERENCE))
        gain = log_expected_hypervolume_improvement(mean[None], sd, lower[None], upper[None])
        seen.extend(left[np.argsort(-gain, kind="stable")[:batch]].tolist())
    return replay_of(oracle, objectives, "spacier-like", seed, seen, start)


def _predict(x: np.ndarray, y: np.ndarray, pool: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    model = GaussianProcessRegressor(ConstantKernel() * RBF() + WhiteKernel(), alpha=0.0, normalize_y=True)
    with warnings.catch_warnings():
        # The peer also accepts hyperparameters at their bounds.
        warnings.simplefilter("ignore")
        return model.fit(x, y).predict(pool, return_std=True)
