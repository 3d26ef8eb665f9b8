"""Molecules that cannot be monomers because they do not exist as such."""

from functools import cache, lru_cache

import yaml
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

from generators.lists import built_in

_SMALL_RING = 8
"""Size from which a ring can hold a trans double bond, and a bridgehead a double bond."""


def impossible(mol: Chem.Mol) -> str | None:
    """Return the name of what keeps a molecule from existing as a monomer, or None.

    The motifs are those of `generators/data/motifs.yaml`, sections `monomers` and `incompatible`; two more are looked for in the
    rings: one that bridges an aromatic ring, as in a cyclic anhydride of terephthalic acid, and a double bond at a bridgehead
    (Bredt's rule).
    """
    motifs, pairs = _motifs()
    for name, pattern in motifs:
        if mol.HasSubstructMatch(pattern):
            return name
    for name, one, other in pairs:
        if mol.HasSubstructMatch(one) and mol.HasSubstructMatch(other):
            return name
    return _strained(mol)


def react_together(one: Chem.Mol, other: Chem.Mol) -> str | None:
    """Return the name of two groups, one on each molecule, that react with each other at room temperature, or None."""
    for name, first, second in _motifs()[1]:
        if (one.HasSubstructMatch(first) and other.HasSubstructMatch(second)) or (
            other.HasSubstructMatch(first) and one.HasSubstructMatch(second)
        ):
            return name
    return None


@lru_cache(maxsize=65_536)
def impossible_smiles(smiles: str) -> str | None:
    """Return what `impossible` says of a SMILES.

    One that is not valid, as in a damaged store, is `not a valid SMILES`.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    return "not a valid SMILES" if mol is None else impossible(mol)


def _strained(mol: Chem.Mol) -> str | None:
    bridgeheads: list[int] = []
    # The types that RDKit ships name another class here.
    rdMolDescriptors.CalcNumBridgeheadAtoms(mol, bridgeheads)  # type: ignore[arg-type]
    for index in bridgeheads:
        atom = mol.GetAtomWithIdx(index)
        if atom.GetIsAromatic():
            return "ring that bridges an aromatic one"
        rings = [size for size in mol.GetRingInfo().AtomRingSizes(index) if size < _SMALL_RING]
        if len(rings) > 1 and any(
            bond.GetBondType() == Chem.BondType.DOUBLE and bond.IsInRing() for bond in atom.GetBonds()
        ):
            return "double bond at a bridgehead"
    return None


@cache
def _motifs() -> tuple[tuple[tuple[str, Chem.Mol], ...], tuple[tuple[str, Chem.Mol, Chem.Mol], ...]]:
    data = yaml.safe_load(built_in("motifs.yaml"))
    motifs = tuple((name, Chem.MolFromSmarts(smarts)) for name, smarts in data["monomers"].items())
    pairs = tuple((name, *map(Chem.MolFromSmarts, both)) for name, both in data["incompatible"].items())
    return motifs, pairs
