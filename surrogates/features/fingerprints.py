"""Count fingerprints of the periodic repeat unit."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit.Chem import rdFingerprintGenerator

from mdcore.chem import RepeatUnit

LEVELS = 256
"""Largest count that is told apart: column c at count k fills the levels c * LEVELS + 0 ... k - 1."""


@lru_cache(maxsize=8)
def _generator(radius: int) -> Any:
    # Redundant environments are kept: which of two equal ones is dropped depends on the atom order.
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, includeRedundantEnvironments=True)


def morgan_levels(unit: RepeatUnit, radius: int, columns: int, bonds: int) -> NDArray[np.int32]:
    """Count the Morgan environments of one period of the infinite chain, as sorted thermometer levels.

    Every atom of the centre period contributes one environment for each radius from 0 to `radius`, so the counts do not
    depend on spelling, direction or cut. Identifiers are folded to `columns`. A count of k in column c is written as
    the k levels c * LEVELS ... c * LEVELS + k - 1: the minimum of two counts is then the number of shared levels.

    Args:
        unit: The repeat unit.
        radius: Largest radius, in bonds.
        columns: Length to which identifiers are folded.
        bonds: Bonds between the centre period and the caps, larger than `radius`.

    Returns:
        Levels, shape (sum of counts,).
    """
    window, centre = unit.window(bonds)
    counts = _generator(radius).GetSparseCountFingerprint(window, fromAtoms=list(centre)).GetNonzeroElements()
    folded = np.zeros(len(counts), dtype=np.int64)
    amounts = np.zeros(len(counts), dtype=np.int64)
    for i, (identifier, count) in enumerate(counts.items()):
        folded[i] = identifier % columns
        amounts[i] = count
    columns_hit, inverse = np.unique(folded, return_inverse=True)
    totals = np.minimum(np.bincount(inverse, weights=amounts, minlength=len(columns_hit)).astype(np.int64), LEVELS)
    starts = np.repeat(columns_hit * LEVELS, totals)
    steps = np.arange(totals.sum()) - np.repeat(np.cumsum(totals) - totals, totals)
    return np.asarray(starts + steps, dtype=np.int32)
