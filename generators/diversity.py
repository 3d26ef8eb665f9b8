"""Diverse subsets and how diverse a set is."""

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

    Only environments centred on the middle unit of an oligomer count, so the result does not depend on cut and direction.
    """
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS, fpSize=_BITS)
    found = []
    for unit in units:
        mol, centre = unit.window(_RADIUS + 1)
        found.append(generator.GetFingerprint(mol, fromAtoms=list(centre)))
    return found


def diverse_subset(units: Sequence[RepeatUnit], n: int, seed: int = 0, first: Collection[int] = ()) -> tuple[int, ...]:
    """Choose n units that are far from each other: MaxMin on Tanimoto distances.

    Each next unit is the one whose nearest chosen neighbour is farthest (Ashton et al. 2002, doi
    10.1002/qsar.200290002), computed lazily, without a distance matrix.

    Args:
        units: The pool.
        n: Size of the subset, at most the pool's.
        seed: Of the first pick.
        first: Rows that are chosen already.

    Returns:
        Rows of the subset, those of `first` first.

    Raises:
        ValueError: n exceeds the pool.
    """
    if n > len(units):
        raise ValueError(f"a diverse subset of {n} exceeds the pool of {len(units)}; ask for at most that many")
    if n <= len(first):
        return tuple(first)[:n]
    with rdBase.BlockLogs():
        picks = rdSimDivPickers.MaxMinPicker().LazyBitVectorPick(
            fingerprints(units), len(units), n, list(first), seed + 1
        )
    return tuple(int(i) for i in picks)


CUTS = (1.0, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
"""Tanimoto similarities above which a unit is passed over, tried from the loosest to the strictest."""


def best_diverse(units: Sequence[RepeatUnit], scores: ArrayLike, n: int, diversity: float) -> tuple[int, ...]:
    """Choose the n units of the highest scores that are, together, as diverse as asked for.

    The best ones are taken in their order, and those too similar to one taken before are passed over (sphere exclusion). What is
    too similar is made stricter only until the internal diversity is reached, so that no score is given away for more.

    Args:
        units: The pool.
        scores: One number each, shape (len(units),), higher being better.
        n: Size of the subset, at most the pool's.
        diversity: Internal diversity to reach, 0 to 1; where no choice reaches it, the most diverse one found is returned.

    Returns:
        Rows of the subset, best first.

    Raises:
        ValueError: n exceeds the pool, or the scores do not fit it.
    """
    values = np.asarray(scores, dtype=np.float64)
    if n > len(units) or values.shape != (len(units),):
        raise ValueError(f"{n} of {len(units)} units by scores of shape {values.shape} cannot be chosen; give one each")
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
        # Where too few are far enough from each other, the best of the others fill up.
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
    """Return the fraction of units whose canonical key is not among the known ones; NaN for no units."""
    if not units:
        return float("nan")
    return sum(unit.key not in known for unit in units) / len(units)
