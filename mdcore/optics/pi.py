"""Pi systems of a molecule, for the errors of both tiers."""

from collections.abc import Collection

from rdkit import Chem


def n_pi_atoms(mol: Chem.Mol, centre: Collection[int] | None = None) -> int:
    """Count heavy atoms in aromatic, double or triple bonds, among those in `centre` or all, excluding S=O and P=O."""
    indices = range(mol.GetNumAtoms()) if centre is None else centre
    return sum(
        any(b.GetBondTypeAsDouble() > 1.0 and b.GetOtherAtom(a).GetAtomicNum() < 9 for b in a.GetBonds())
        for a in (mol.GetAtomWithIdx(i) for i in indices)
        if a.GetAtomicNum() < 9 or a.GetIsAromatic()
    )


def fused_atoms(mol: Chem.Mol, centre: Collection[int] | None = None) -> set[int]:
    """Return the atoms shared by fused aromatic rings, among those in `centre` or all."""
    rings = mol.GetRingInfo()
    return {
        i
        for i in (range(mol.GetNumAtoms()) if centre is None else centre)
        if mol.GetAtomWithIdx(i).GetIsAromatic()
        and sum(n.GetIsAromatic() for n in mol.GetAtomWithIdx(i).GetNeighbors()) == 3
        and rings.NumAtomRings(i) >= 2
    }
