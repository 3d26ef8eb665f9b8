"""Spellings of a polymer from different cuts of its backbone."""

from itertools import pairwise

from rdkit import Chem

from mdcore.chem import RepeatUnit


def backbone_cuts(key: str) -> list[str]:
    """Return the pSMILES of a polymer for every cut of its backbone at a single bond outside rings."""
    mol = RepeatUnit.from_psmiles(key, elements=None).primitive_mol
    stars = {atom.GetIsotope(): atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0}
    head, tail = stars[1], stars[2]
    path = Chem.GetShortestPath(mol, head, tail)
    texts = [key]
    if len(path) < 4:
        return texts
    for one, other in pairwise(path[1:-1]):
        bond = mol.GetBondBetweenAtoms(one, other)
        if bond.IsInRing() or bond.GetBondType() != Chem.BondType.SINGLE:
            continue
        moved = Chem.RWMol(mol)
        for atom in (moved.GetAtomWithIdx(head), moved.GetAtomWithIdx(tail)):
            atom.SetIsotope(0)
        moved.RemoveBond(head, path[1])
        moved.RemoveBond(path[-2], tail)
        moved.RemoveBond(one, other)
        moved.AddBond(path[-2], path[1], Chem.BondType.SINGLE)
        moved.AddBond(one, tail, Chem.BondType.SINGLE)
        moved.AddBond(other, head, Chem.BondType.SINGLE)
        Chem.SanitizeMol(moved)
        texts.append(Chem.MolToSmiles(moved))
    return texts
