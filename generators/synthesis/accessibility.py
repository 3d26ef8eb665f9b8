"""Synthetic accessibility of a repeat unit."""

from functools import cache, lru_cache
from types import ModuleType

from rdkit import Chem

from mdcore.chem import RepeatUnit


@lru_cache(maxsize=65536)
def sa_score(unit: RepeatUnit) -> float:
    """Return the synthetic accessibility score of a repeat unit, 1 (easy) to 10 (hard).

    Ertl & Schuffenhauer 2009 (doi 10.1186/1758-2946-1-8) as implemented in RDKit, for the primitive unit capped with methyl groups,
    which represent the neighbouring units by environments that occur in the score's training set. The score was made for molecules, not
    for polymerisations: use it to rank candidates, not as evidence that one can be synthesised.
    """
    capped = unit.natural.primitive_mol
    for atom in capped.GetAtoms():
        if atom.GetAtomicNum() == 0:
            atom.SetAtomicNum(6)
            atom.SetIsotope(0)
    Chem.SanitizeMol(capped)
    return float(_scorer().calculateScore(capped))


@cache
def _scorer() -> ModuleType:
    from rdkit.Contrib.SA_Score import sascorer

    return sascorer  # type: ignore[no-any-return]
