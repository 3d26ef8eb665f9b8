"""Partitions of the region that a front does not dominate, into boxes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from surrogates.pareto import non_dominated

Boxes = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Lower and upper corners, each of shape (boxes, m); upper corners may be infinite."""


def boxes_of(points: NDArray[np.float64], reference: NDArray[np.float64]) -> Boxes:
    """Partition the part of score space above `reference` (m,) that `points` (k, m) do not dominate.

    The hypervolume improvement of a new point is the sum of its overlaps with the boxes. One score gives one
    box, two scores vertical strips, more scores the partition of Lacour et al. (10.1016/j.cor.2016.07.010) from BoTorch.
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
    import torch
    from botorch.utils.multi_objective.box_decompositions.non_dominated import FastNondominatedPartitioning

    front = points[non_dominated(points)] if len(points) else points
    partitioning = FastNondominatedPartitioning(
        ref_point=torch.from_numpy(reference.copy()),
        Y=torch.from_numpy(np.ascontiguousarray(front)) if len(front) else None,
    )
    lower, upper = partitioning.get_hypercell_bounds()
    return lower.numpy(), upper.numpy()


def pad(boxes: Sequence[Boxes]) -> Boxes:
    """Stack S partitions into arrays (S, boxes, m), filling up with boxes of no volume."""
    most = max(lower.shape[0] for lower, _ in boxes)
    m = boxes[0][0].shape[1]
    lower = np.zeros((len(boxes), most, m))
    upper = np.zeros((len(boxes), most, m))
    for s, (low, high) in enumerate(boxes):
        lower[s, : len(low)] = low
        upper[s, : len(high)] = high
    return lower, upper
