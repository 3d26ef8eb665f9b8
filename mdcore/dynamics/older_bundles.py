"""Reconstruction of arrays that bundles of older formats lack."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

ARRAYS_OF: Mapping[int, tuple[str, ...]] = {
    1: (
        "atomic_numbers", "masses_amu", "true_masses_amu", "bonds", "bond_orders", "residue_index", "local_index", "chain_index",
        "positions_nm", "box_nm",
    ),
    2: (
        "atomic_numbers", "masses_amu", "true_masses_amu", "bonds", "bond_orders", "residue_index", "local_index", "chain_index",
        "chain_ends", "chain_segments", "positions_nm", "box_nm",
    ),
}  # fmt: skip
"""Arrays of each older format; later bundles of format 1 also have `chain_ends`."""


def with_all_arrays(stored: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return arrays with the ends and segments of the chains, derived from the bonds between residues if they are missing.

    Raises:
        KeyError: An array is missing that every format has.
    """
    arrays = dict(stored)
    if "chain_ends" not in arrays:
        arrays["chain_ends"] = chain_ends(arrays)
    if "chain_segments" not in arrays:
        arrays["chain_segments"] = chain_segments(arrays)
    return arrays


def chain_ends(arrays: Mapping[str, NDArray[Any]]) -> IntArray:
    """Return the first and last backbone atom of every chain, shape (n_chains, 2); first and last atom of a molecule."""
    ends = []
    heads, tails = _links(arrays)
    for atoms, residues in _chains(arrays):
        units = [residue for residue in residues if residue in heads and residue in tails]
        ends.append((heads[units[0]], tails[units[-1]]) if units else (atoms[0], atoms[-1]))
    return np.array(ends, dtype=np.int64).reshape(-1, 2)


def chain_segments(arrays: Mapping[str, NDArray[Any]]) -> IntArray:
    """Return the segments of the nematic order, shape (s, 2): the heads of neighbouring repeat units.

    Where all units of a chain have a single backbone atom, the heads of next neighbours.
    """
    segments: list[tuple[int, int]] = []
    heads, tails = _links(arrays)
    for _, residues in _chains(arrays):
        units = [residue for residue in residues if residue in heads and residue in tails]
        own = [heads[residue] for residue in units]
        step = 2 if all(heads[residue] == tails[residue] for residue in units) else 1
        segments.extend(zip(own[:-step], own[step:], strict=True))
    return np.array(segments, dtype=np.int64).reshape(-1, 2)


def _links(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[int, int], dict[int, int]]:
    """Return the atom that binds each residue to the one before it, and the atom that binds it to the one after it."""
    residue = arrays["residue_index"]
    heads, tails = {}, {}
    for a, b in np.sort(arrays["bonds"], axis=1).tolist():
        if residue[a] != residue[b]:
            tails[int(residue[a])], heads[int(residue[b])] = a, b
    return heads, tails


def _chains(arrays: Mapping[str, NDArray[Any]]) -> list[tuple[list[int], list[int]]]:
    """Return the atoms and residues of each chain."""
    chains = arrays["chain_index"]
    return [
        (atoms.tolist(), np.unique(arrays["residue_index"][atoms]).tolist())
        for atoms in (np.flatnonzero(chains == chain) for chain in np.unique(chains))
    ]
