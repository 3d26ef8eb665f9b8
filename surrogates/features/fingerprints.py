"""Count fingerprints of the periodic repeat unit."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator

from mdcore.chem import RepeatUnit

LARGEST_COUNT = 256
"""Counts above it are clipped. In the thermometer code, count k in column c sets the bits c * LARGEST_COUNT + 0 ... k - 1."""


@lru_cache(maxsize=8)
def _generator(radius: int) -> Any:
    # Redundant environments are kept, because which duplicate is dropped depends on the atom order.
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, includeRedundantEnvironments=True)


def morgan_bits(unit: RepeatUnit, radius: int, columns: int, bonds: int) -> NDArray[np.int32]:
    """Count the Morgan environments of one period of the infinite chain, as a sorted thermometer code.

    Every atom of the centre period contributes one environment for each radius from 0 to `radius`, so the counts do not
    depend on spelling, direction or cut. Identifiers are folded to `columns`. A count of k in column c sets
    the k bits c * LARGEST_COUNT ... c * LARGEST_COUNT + k - 1, so that the minimum of two counts is the number of shared bits.

    Args:
        unit: The repeat unit.
        radius: Largest radius, in bonds.
        columns: Length to which identifiers are folded.
        bonds: Bonds between the centre period and the caps, larger than `radius`.

    Returns:
        Positions of the bits that are set, shape (sum of counts,).
    """
    window, centre = unit.window(bonds)
    counts = _generator(radius).GetSparseCountFingerprint(window, fromAtoms=list(centre)).GetNonzeroElements()
    folded = np.zeros(len(counts), dtype=np.int64)
    amounts = np.zeros(len(counts), dtype=np.int64)
    for i, (identifier, count) in enumerate(counts.items()):
        folded[i] = identifier % columns
        amounts[i] = count
    columns_hit, inverse = np.unique(folded, return_inverse=True)
    totals = np.minimum(
        np.bincount(inverse, weights=amounts, minlength=len(columns_hit)).astype(np.int64), LARGEST_COUNT
    )
    return _thermometer(columns_hit, totals)


def mean_bits(rows: Sequence[NDArray[np.int32]], weights: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the weighted mean of count fingerprints, rounded to whole counts (half to even).

    Args:
        rows: Thermometer codes, as `morgan_bits` returns them.
        weights: Weight of each; they sum to 1, shape (number of rows,).

    Returns:
        Positions of the bits that are set.
    """
    columns = np.concatenate(rows) // LARGEST_COUNT
    amounts = np.repeat(weights, [len(row) for row in rows])
    columns_hit, inverse = np.unique(columns, return_inverse=True)
    totals = np.rint(np.bincount(inverse, weights=amounts, minlength=len(columns_hit))).astype(np.int64)
    return _thermometer(columns_hit, totals)


def _thermometer(columns: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the positions of the bits that encode a count for each of some columns, ascending."""
    starts = np.repeat(columns * LARGEST_COUNT, counts)
    steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(starts + steps, dtype=np.int32)
