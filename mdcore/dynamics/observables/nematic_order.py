"""Nematic order parameter of the chain segments."""

import numpy as np

from mdcore.dynamics.observables.base import FloatArray, Observable, RecordState


def nematic_order(vectors: FloatArray) -> float:
    """Return the nematic order parameter P2, the largest eigenvalue of Q = (3 <u u> - 1) / 2.

    Eppenga and Frenkel 1984, doi:10.1080/00268978400101951. It is 1 for parallel segments and about sqrt(1/s) for s segments of
    random direction; 0 for none.

    Args:
        vectors: Shape (s, 3), directions of any length; the sign does not matter.
    """
    if not len(vectors):
        return 0.0
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    q = 1.5 * (unit.T @ unit) / len(unit) - 0.5 * np.eye(3)
    return float(np.linalg.eigvalsh(q)[-1])


def _read(state: RecordState) -> float:
    segments = state.positions_nm[state.cell.arrays["chain_segments"]]
    return nematic_order(segments[:, 1] - segments[:, 0])


NEMATIC_ORDER = Observable("nematic_order", "1", _read)
