"""Box decomposition of the region that a front does not dominate."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.pareto import non_dominated

Boxes = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Lower and upper corners, each of shape (boxes, m); upper corners may be infinite."""


def boxes_of(points: NDArray[np.float64], reference: NDArray[np.float64]) -> Boxes:
    """Partition the part of score space above `reference` (m,) that `points` (k, m) do not dominate.

    The hypervolume improvement of a new point is the sum of its overlaps with the boxes. One score gives one
    box, two scores vertical strips, more scores the partition of Lacour et al. (10.1016/j.cor.2016.07.010).
    """
    m = reference.shape[0]
    inside = points[(points > reference).all(axis=1)] if len(points) else np.zeros((0, m))
    if m == 1:
        return np.maximum(inside.max(axis=0, initial=reference[0]), reference)[None, :], np.full((1, 1), np.inf)
    if m == 2:
        return _strips(inside, reference)
    return _partition(inside, reference)


def _strips(points: NDArray[np.float64], reference: NDArray[np.float64]) -> Boxes:
    """Cut two scores into strips between neighbours of the front along the first score."""
    order = np.lexsort((-points[:, 1], -points[:, 0]))
    heights = points[order, 1]
    rises = np.concatenate([np.full(min(1, len(order)), True), heights[1:] > np.maximum.accumulate(heights)[:-1]])
    front = points[order[rises]][::-1]
    left = np.concatenate([[reference[0]], front[:, 0]])
    floor = np.concatenate([front[:, 1], [reference[1]]])
    right = np.concatenate([front[:, 0], [np.inf]])
    return np.column_stack([left, floor]), np.column_stack([right, np.full(len(left), np.inf)])


def _partition(points: NDArray[np.float64], reference: NDArray[np.float64]) -> Boxes:
    """Partition three or more scores through the local bounds of the front and, once more, of these bounds.

    The region dominated by a set of points is a union of boxes, one per local upper bound (equation 2 of Lacour et al.). The region
    that a front does not dominate is the one that the front's own local bounds dominate towards infinity.
    """
    if len(points) == 0:
        return reference[None, :].copy(), np.full((1, len(reference)), np.inf)
    front = np.unique(points[non_dominated(points)], axis=0)[::-1]
    corners, _ = _local_bounds(-front, -reference)
    ceiling = np.full(len(reference), np.inf)
    bounds, defining = _local_bounds(-corners, ceiling)
    lower = np.empty_like(bounds)
    upper = np.empty_like(bounds)
    lower[:, 0] = defining[:, 0, 0]
    upper[:, 0] = np.inf
    for j in range(1, bounds.shape[1]):
        lower[:, j] = defining[:, :j, j].max(axis=1)
        upper[:, j] = bounds[:, j]
    filled = (upper > lower).all(axis=1)
    return lower[filled], upper[filled]


def _local_bounds(
    points: NDArray[np.float64], ceiling: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Local upper bounds of points to be minimised below a ceiling, algorithm 1 of Lacour et al.

    Returns:
        Bounds u, shape (k, m), and their defining points, shape (k, m, m): row j of one touches u in coordinate j.
    """
    m = len(ceiling)
    bounds = ceiling[None, :].copy()
    defining = np.full((1, m, m), -np.inf)
    defining[0, np.arange(m), np.arange(m)] = ceiling
    for point in points:
        hit = (bounds > point).all(axis=1)
        if not hit.any():
            continue
        new_bounds, new_defining = [bounds[~hit]], [defining[~hit]]
        for j in range(m):
            others = [k for k in range(m) if k != j]
            keep = point[j] >= defining[hit][:, others, j].max(axis=1)
            moved = bounds[hit][keep].copy()
            moved[:, j] = point[j]
            touched = defining[hit][keep].copy()
            touched[:, j] = point
            new_bounds.append(moved)
            new_defining.append(touched)
        bounds, defining = np.concatenate(new_bounds), np.concatenate(new_defining)
    return bounds, defining


def pad(boxes: Sequence[Boxes]) -> Boxes:
    """Stack S partitions into arrays (S, boxes, m), padded with boxes of zero volume."""
    most = max(lower.shape[0] for lower, _ in boxes)
    m = boxes[0][0].shape[1]
    lower = np.zeros((len(boxes), most, m))
    upper = np.zeros((len(boxes), most, m))
    for s, (low, high) in enumerate(boxes):
        lower[s, : len(low)] = low
        upper[s, : len(high)] = high
    return lower, upper
