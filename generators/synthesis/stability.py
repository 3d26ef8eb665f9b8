"""Detection of unstable molecules, which cannot be monomers."""

from functools import cache, lru_cache

import yaml
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

from generators.lists import built_in

_SMALL_RING = 8
"""Smallest ring that can contain a trans double bond, or a double bond at a bridgehead."""


def impossible(mol: Chem.Mol) -> str | None:
    """Return the name of a motif that makes a molecule unstable, or None.

    The motifs are those of `generators/data/motifs.yaml`, sections `monomers` and `incompatible`, and two ring motifs: a ring that
    bridges an aromatic ring, as in a cyclic anhydride of terephthalic acid, and a double bond at a bridgehead (Bredt's rule).
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
    """Return the name of a pair of groups on two molecules that react with each other at room temperature, or None."""
    for name, first, second in _motifs()[1]:
        if (one.HasSubstructMatch(first) and other.HasSubstructMatch(second)) or (
            other.HasSubstructMatch(first) and one.HasSubstructMatch(second)
        ):
            return name
    return None


@lru_cache(maxsize=65_536)
def impossible_smiles(smiles: str) -> str | None:
    """Return the result of `impossible` for a SMILES, or `not a valid SMILES` for an invalid one."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    return "not a valid SMILES" if mol is None else impossible(mol)


def _strained(mol: Chem.Mol) -> str | None:
    bridgeheads: list[int] = []
    # RDKit's type annotations are wrong here.
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
