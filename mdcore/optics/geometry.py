"""Three-dimensional geometries for the quantum-chemical tier."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from mdcore.optics.errors import OpticsFailed

# Bond lengths to a capping hydrogen in angstrom (CRC Handbook, bond lengths in gas-phase molecules).
_CAP_ANGSTROM = {6: 1.09, 7: 1.01, 8: 0.96, 14: 1.48, 15: 1.42, 16: 1.34}


@dataclass(frozen=True)
class Geometry:
    """Atoms of a closed-shell molecule.

    Attributes:
        symbols: Element symbols.
        positions_angstrom: Coordinates, shape (n, 3).
    """

    symbols: tuple[str, ...]
    positions_angstrom: NDArray[np.float64]


def conformers(mol: Chem.Mol, count: int, seed: int) -> list[Chem.Mol]:
    """Embed distinct random conformers (ETKDGv3) and relax them with MMFF94s, or with UFF if MMFF lacks a term.

    Args:
        mol: Molecule without explicit hydrogens.
        count: Number of conformers.
        seed: Seed of the embedding, 0 to 2**31 - 1.

    Returns:
        Molecules with explicit hydrogens and one conformer each.

    Raises:
        OpticsFailed: No conformer was found.
    """
    full = Chem.AddHs(mol)
    parameters: Any = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.useRandomCoords = full.GetNumAtoms() > 60
    found = list(rdDistGeom.EmbedMultipleConfs(full, count, parameters))
    if len(found) < count:
        raise OpticsFailed(f"only {len(found)} of {count} conformers of {Chem.MolToSmiles(mol)} could be embedded")
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(full):
        rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(full, numThreads=1, maxIters=2000, mmffVariant="MMFF94s")
    else:
        rdForceFieldHelpers.UFFOptimizeMoleculeConfs(full, numThreads=1, maxIters=2000)
    return [Chem.Mol(full, confId=identifier) for identifier in found]


class ConformerSource(Protocol):
    """Source of geometries of an oligomer."""

    @property
    def name(self) -> str:
        """Identifier of its geometries in cache keys: empty for embedded ones, else a text that ends in `|`."""
        ...

    def __call__(self, mol: Chem.Mol, count: int, seed: int) -> list[Chem.Mol]:
        """Return molecules with explicit hydrogens and one conformer each; see `conformers`."""
        ...


@dataclass(frozen=True)
class EmbeddedConformers:
    """Random conformers in the gas phase."""

    name: str = ""

    def __call__(self, mol: Chem.Mol, count: int, seed: int) -> list[Chem.Mol]:
        """Return conformers; see `conformers`."""
        return conformers(mol, count, seed)


ETKDG = EmbeddedConformers()


def relax_keeping_torsions(mol: Chem.Mol) -> Chem.Mol:
    """Relax bonds and angles with MMFF94s (UFF if it lacks a term), keeping all torsions about single bonds fixed.

    This removes the thermal displacement of stiff modes, to which polarizabilities are sensitive, from a geometry of molecular
    dynamics, and keeps its conformation.

    Args:
        mol: Molecule with explicit hydrogens and one conformer.
    """
    relaxed = Chem.Mol(mol)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(relaxed, mmffVariant="MMFF94s")
    if properties is not None:
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(relaxed, properties)
        constrain = field.MMFFAddTorsionConstraint
    else:
        field = rdForceFieldHelpers.UFFGetMoleculeForceField(relaxed)
        constrain = field.UFFAddTorsionConstraint
    field.Initialize()
    for bond in relaxed.GetBonds():
        a, b = bond.GetBeginAtom(), bond.GetEndAtom()
        if bond.IsInRing() or bond.GetBondTypeAsDouble() != 1.0 or min(a.GetDegree(), b.GetDegree()) < 2:
            continue
        first = next(n.GetIdx() for n in a.GetNeighbors() if n.GetIdx() != b.GetIdx())
        last = next(n.GetIdx() for n in b.GetNeighbors() if n.GetIdx() != a.GetIdx())
        constrain(first, a.GetIdx(), b.GetIdx(), last, True, 0.0, 0.0, 100.0)
    field.Minimize(maxIts=2000)
    return relaxed


def geometry(mol: Chem.Mol) -> Geometry:
    """Read symbols and coordinates of a molecule with one conformer."""
    return Geometry(
        tuple(atom.GetSymbol() for atom in mol.GetAtoms()),
        np.array(mol.GetConformer().GetPositions(), dtype=np.float64),
    )


def cut(mol: Chem.Mol, kept: set[int]) -> Geometry:
    """Keep some heavy atoms with their hydrogens and cap each severed bond with a hydrogen along the bond.

    Args:
        mol: Molecule with explicit hydrogens and one conformer.
        kept: Indices of the heavy atoms to keep.

    Raises:
        OpticsFailed: A severed bond is not a single bond, so that it cannot be capped with a hydrogen.
    """
    positions = mol.GetConformer().GetPositions()
    symbols: list[str] = []
    coordinates: list[NDArray[np.float64]] = []
    for index in sorted(kept):
        atom = mol.GetAtomWithIdx(index)
        symbols.append(atom.GetSymbol())
        coordinates.append(positions[index])
        for bond in atom.GetBonds():
            other = bond.GetOtherAtom(atom)
            if other.GetIdx() in kept:
                continue
            symbols.append("H")
            if other.GetAtomicNum() == 1:
                coordinates.append(positions[other.GetIdx()])
                continue
            if bond.GetBondType() != Chem.BondType.SINGLE:
                raise OpticsFailed(f"cannot cap the {bond.GetBondType()} bond {atom.GetSymbol()}-{other.GetSymbol()}")
            direction = positions[other.GetIdx()] - positions[index]
            coordinates.append(positions[index] + cap_offset(atom.GetAtomicNum(), direction))
    return Geometry(tuple(symbols), np.array(coordinates, dtype=np.float64))


def cap_offset(atomic_number: int, direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the displacement of a capping hydrogen from its atom along the severed bond, in angstrom."""
    length = _CAP_ANGSTROM.get(atomic_number, 1.09)
    return np.asarray(direction * (length / math.sqrt(float(direction @ direction))), dtype=np.float64)
