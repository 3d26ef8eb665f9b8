"""Synthetic accessibility of a repeat unit."""

from functools import cache, lru_cache
from types import ModuleType

from rdkit import Chem

from mdcore.chem.repeat_unit import RepeatUnit


@lru_cache(maxsize=65536)
def sa_score(unit: RepeatUnit) -> float:
    """Return the synthetic accessibility score of a repeat unit, 1 (easy) to 10 (hard).

    Ertl & Schuffenhauer 2009 (doi 10.1186/1758-2946-1-8) in RDKit's implementation, computed for the primitive unit capped with
    methyl groups. The caps represent the neighbouring units; unlike stars or hydrogens, they give atom environments that occur in the
    score's training data. The score was made for molecules, not polymerisations: use it to rank candidates, not as proof of
    synthesisability.
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
