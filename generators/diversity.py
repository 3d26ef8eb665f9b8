"""Diversity of sets of repeat units, and selection of diverse subsets."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike
from rdkit import DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator
from rdkit.SimDivFilters import rdSimDivPickers

from mdcore.chem import RepeatUnit

_BITS = 2048
_RADIUS = 2


def fingerprints(units: Sequence[RepeatUnit]) -> list[DataStructs.ExplicitBitVect]:
    """Return the Morgan bit fingerprint (radius 2, 2048 bits) of the periodic unit of each polymer.

    Only environments centred on the middle unit of an oligomer are included, so the result does not depend on cut and direction.
    """
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS, fpSize=_BITS)
    found = []
    for unit in units:
        mol, centre = unit.window(_RADIUS + 1)
        found.append(generator.GetFingerprint(mol, fromAtoms=list(centre)))
    return found


def diverse_subset(units: Sequence[RepeatUnit], n: int, seed: int = 0, first: Collection[int] = ()) -> tuple[int, ...]:
    """Select a diverse subset of n units by the MaxMin algorithm with Tanimoto distances.

    Each step adds the unit with the largest distance to its nearest selected neighbour (Ashton et al. 2002, doi
    10.1002/qsar.200290002), computed lazily, without a distance matrix.

    Args:
        units: The pool.
        n: Size of the subset, at most that of the pool.
        seed: Seed of the first pick.
        first: Rows that are already selected.

    Returns:
        Rows of the subset, those of `first` first.

    Raises:
        ValueError: n exceeds the pool.
    """
    if n > len(units):
        raise ValueError(f"subset size {n} exceeds the pool size {len(units)}; lower it")
    if n <= len(first):
        return tuple(first)[:n]
    with rdBase.BlockLogs():
        picks = rdSimDivPickers.MaxMinPicker().LazyBitVectorPick(
            fingerprints(units), len(units), n, list(first), seed + 1
        )
    return tuple(int(i) for i in picks)


CUTS = (1.0, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
"""Tanimoto similarities above which a unit is skipped, from the loosest to the strictest."""


def best_diverse(units: Sequence[RepeatUnit], scores: ArrayLike, n: int, diversity: float) -> tuple[int, ...]:
    """Select the n units with the highest scores that reach a given diversity as a set.

    Units are taken in the order of their scores, and those too similar to a unit taken before are skipped (sphere exclusion). The
    similarity threshold is lowered only until the internal diversity is reached, to lose as little of the scores as possible.

    Args:
        units: The pool.
        scores: Score of each unit, shape (len(units),); higher is better.
        n: Size of the subset, at most that of the pool.
        diversity: Internal diversity to reach, 0 to 1; if it cannot be reached, the most diverse subset found is returned.

    Returns:
        Rows of the subset, best first.

    Raises:
        ValueError: n exceeds the size of the pool, or the scores have another shape.
    """
    values = np.asarray(scores, dtype=np.float64)
    if n > len(units) or values.shape != (len(units),):
        raise ValueError(
            f"cannot select {n} of {len(units)} units with scores of shape {values.shape}; pass one score per unit and a smaller n"
        )
    order = [int(i) for i in np.argsort(-values, kind="stable")]
    if n < 2:
        return tuple(order[:n])
    prints = fingerprints(units)
    found: list[tuple[float, tuple[int, ...]]] = []
    for cut in CUTS:
        taken: list[int] = []
        passed: list[int] = []
        for row in order:
            if len(taken) == n:
                break
            near = DataStructs.BulkTanimotoSimilarity(prints[row], [prints[i] for i in taken])
            (passed if any(value > cut for value in near) else taken).append(row)
        # If too few are dissimilar enough, the best of the skipped ones are added.
        chosen = tuple(sorted(taken + passed[: n - len(taken)], key=order.index))
        found.append((_mean_distance([prints[i] for i in chosen]), chosen))
        if found[-1][0] >= diversity:
            return chosen
    return max(found)[1]


def internal_diversity(units: Sequence[RepeatUnit]) -> float:
    """Return one minus the mean Tanimoto similarity over all pairs; NaN for fewer than two units."""
    return _mean_distance(fingerprints(units))


def _mean_distance(prints: list[DataStructs.ExplicitBitVect]) -> float:
    if len(prints) < 2:
        return float("nan")
    total = sum(float(np.sum(DataStructs.BulkTanimotoSimilarity(prints[i], prints[:i]))) for i in range(1, len(prints)))
    return 1.0 - total / (len(prints) * (len(prints) - 1) / 2)


def novelty(units: Sequence[RepeatUnit], known: Collection[str]) -> float:
    """Return the fraction of units whose canonical key is not among the known ones; NaN without units."""
    if not units:
        return float("nan")
    return sum(unit.key not in known for unit in units) / len(units)
