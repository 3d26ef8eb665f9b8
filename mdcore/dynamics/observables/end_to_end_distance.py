"""End-to-end distance of every chain."""

import numpy as np
from numpy.typing import NDArray

from mdcore.dynamics.observables.base import FloatArray, Observable, RecordState, per_chain


def end_to_end_distances(positions_nm: FloatArray, ends: NDArray[np.int64]) -> FloatArray:
    """Return the distance between the backbone ends of every chain, shape (n_chains,), nm.

    Args:
        positions_nm: Shape (n, 3), chains whole.
        ends: Shape (n_chains, 2), first and last backbone atom of each chain.
    """
    return np.asarray(np.linalg.norm(positions_nm[ends[:, 1]] - positions_nm[ends[:, 0]], axis=1))


def _read(state: RecordState) -> FloatArray:
    return end_to_end_distances(state.positions_nm, state.cell.arrays["chain_ends"])


END_TO_END_DISTANCE = Observable("end_to_end_distance_nm", "nm", _read, per_chain)
