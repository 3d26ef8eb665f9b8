"""Radius of gyration of every chain."""

import numpy as np
from numpy.typing import NDArray

from mdcore.dynamics.observables.base import FloatArray, Observable, RecordState, per_chain


def radii_of_gyration(positions_nm: FloatArray, masses_amu: FloatArray, chain_index: NDArray[np.int64]) -> FloatArray:
    """Return the mass-weighted radius of gyration of every chain, shape (n_chains,), nm.

    Args:
        positions_nm: Shape (n, 3), chains whole.
        masses_amu: Shape (n,).
        chain_index: Shape (n,), sorted.
    """
    starts = np.flatnonzero(np.diff(chain_index, prepend=-1))
    mass = np.add.reduceat(masses_amu, starts)
    centre = np.add.reduceat(masses_amu[:, None] * positions_nm, starts) / mass[:, None]
    square = ((positions_nm - centre[chain_index]) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(np.add.reduceat(masses_amu * square, starts) / mass))


def _read(state: RecordState) -> FloatArray:
    arrays = state.cell.arrays
    return radii_of_gyration(state.positions_nm, arrays["true_masses_amu"], arrays["chain_index"])


RADIUS_OF_GYRATION = Observable("radius_of_gyration_nm", "nm", _read, per_chain)
