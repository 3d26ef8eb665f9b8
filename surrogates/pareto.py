"""Pareto fronts, reference points and hypervolumes of measured values."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogates.errors import InvalidObjective
from surrogates.objective import Objective

SMALLEST_RANGE = 1e-7
"""Range assumed for a front that consists of one point with a score of zero."""


def scores(values: ArrayLike, objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """Convert values, shape (n, m), in the objectives' order and units, to scores to be maximised, shape (n, m)."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(objectives):
        raise InvalidObjective(
            f"values must have one column per objective, got shape {table.shape} for {len(objectives)} objectives"
        )
    return np.column_stack([objective.score(table[:, j]) for j, objective in enumerate(objectives)])


def non_dominated(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the non-dominated rows of scores (n, m), shape (n,); rows with NaN are never marked.

    Equal rows do not dominate each other, so all of them are marked.
    """
    mask: NDArray[np.bool_] = np.asarray(~np.isnan(table).any(axis=1))
    if table.shape[1] <= 2:
        return _non_dominated_pairs(table, mask)
    order = np.argsort(-np.nansum(np.where(mask[:, None], table, -np.inf), axis=1), kind="stable")
    for i in order:
        if not mask[i]:
            continue
        rest = mask.copy()
        rest[i] = False
        worse = (table[rest] <= table[i]).all(axis=1) & (table[rest] < table[i]).any(axis=1)
        mask[np.flatnonzero(rest)[worse]] = False
    return mask


def _non_dominated_pairs(table: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the front of one or two scores in a single sweep, sorted by the first score."""
    mask = np.zeros(len(table), dtype=bool)
    first, last = table[:, 0], table[:, -1]
    rows = np.flatnonzero(valid)
    rows = rows[np.lexsort((-last[rows], -first[rows]))]
    if len(rows) == 0:
        return mask
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(last[rows])[:-1]])
    # A duplicate of the previous row is dominated exactly if that row is.
    leader = np.concatenate([[True], (np.diff(first[rows]) != 0) | (np.diff(last[rows]) != 0)])
    rises = (last[rows] > best_before) & leader
    group = np.cumsum(leader) - 1
    mask[rows] = rises[leader][group]
    return mask


def pareto_mask(values: ArrayLike, objectives: Sequence[Objective]) -> NDArray[np.bool_]:
    """Mark the values (n, m) on the Pareto front of the objectives, shape (n,); rows with NaN are never on it."""
    return non_dominated(scores(values, objectives))


def reference_scores(
    front: NDArray[np.float64], given: Sequence[float | None], scale: float = 0.1
) -> NDArray[np.float64]:
    """Infer a reference point, in scores, for a front of shape (k, m).

    Components defined by the objectives are kept. The others lie a tenth of the front's range below its worst point, the rule of
    Ishibuchi et al. (10.1145/2001858.2001905), as in BoTorch's `infer_reference_point`.

    Raises:
        InvalidObjective: The front is empty and a component is undefined.
    """
    fixed = np.array([np.nan if g is None else g for g in given])
    if front.shape[0] == 0:
        if np.isnan(fixed).any():
            raise InvalidObjective(
                "cannot infer a reference point from an empty front; set low or high of every objective"
            )
        return fixed
    if front.shape[0] == 1:
        span = np.maximum(np.abs(front[0]), SMALLEST_RANGE)
        inferred = front[0] - scale * span
    else:
        nadir = front.min(axis=0)
        inferred = nadir - scale * (front.max(axis=0) - nadir)
    return np.where(np.isnan(fixed), inferred, fixed)


def reference_point(values: ArrayLike, objectives: Sequence[Objective]) -> NDArray[np.float64]:
    """Return the reference point of measured values (n, m), in scores, shape (m,).

    Components come from the objectives' `low` and `high` where these are set, and are inferred from the front otherwise.
    """
    table = scores(values, objectives)
    front = table[non_dominated(table)]
    return reference_scores(front, [objective.reference_score() for objective in objectives])


def dominated_volume(front: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Hypervolume dominated by scores (k, m) above a reference point (m,), exact for any m.

    Slices along the last score and recurses (hypervolume by slicing objectives, 10.1109/TEVC.2005.851275); intended for
    fronts of up to a few hundred points in two to four scores.
    """
    points = front[(front > reference).all(axis=1)]
    if points.shape[0] == 0:
        return 0.0
    points = points[non_dominated(points)]
    if points.shape[1] == 1:
        return float(points.max() - reference[0])
    if points.shape[1] == 2:
        points = points[np.argsort(-points[:, 0], kind="stable")]
        floor = np.concatenate([[reference[1]], np.maximum.accumulate(points[:-1, 1])])
        heights = np.maximum(points[:, 1] - floor, 0.0)
        return float(((points[:, 0] - reference[0]) * heights).sum())
    points = points[np.argsort(-points[:, -1], kind="stable")]
    below = np.append(points[1:, -1], reference[-1])
    volume = 0.0
    for i, depth in enumerate(points[:, -1] - below):
        if depth > 0:
            volume += float(depth) * dominated_volume(points[: i + 1, :-1], reference[:-1])
    return volume


def hypervolume(values: ArrayLike, objectives: Sequence[Objective], reference: ArrayLike) -> float:
    """Hypervolume of values (n, m) above a reference point in scores (m,), as `reference_point` gives it.

    Rows with NaN are ignored.
    """
    table = scores(values, objectives)
    return dominated_volume(table[~np.isnan(table).any(axis=1)], np.asarray(reference, dtype=np.float64))
