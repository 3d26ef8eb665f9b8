"""Conformers of an oligomer cut out of a simulated cell."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Geometry import Point3D

from mdcore.chem import RepeatUnit
from mdcore.chem.box import lattice_shift
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.runner import read_final
from mdcore.optics import OpticsFailed
from mdcore.optics.geometry import cap_offset, relax_keeping_torsions

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CellConformers:
    """A `ConformerSource` that takes chain segments from the final configuration of a run.

    Bonds and angles are relaxed, to remove their thermal displacement; torsions are those of the cell.

    Attributes:
        unit: Repeat unit of the chains.
        arrays: Arrays of the bundle; see `SimulationBundle`.
        positions_nm: Shape (n, 3).
        box_nm: Box, shape (3, 3).
        content_hash: Identity of the run.
    """

    unit: RepeatUnit
    arrays: Mapping[str, NDArray[Any]]
    positions_nm: FloatArray
    box_nm: FloatArray
    content_hash: str

    @classmethod
    def read(cls, unit: RepeatUnit, bundle: SimulationBundle, run_folder: Path) -> "CellConformers":
        """Read the final configuration of a finished run.

        Raises:
            DamagedFile: The final configuration is missing or unreadable.
        """
        return cls(unit, bundle.arrays, *read_final(bundle, run_folder), bundle.content_hash)

    @property
    def name(self) -> str:
        """Return the identifier of these geometries in cache keys."""
        return f"cell {self.content_hash[:16]}|"

    def __call__(self, mol: Chem.Mol, count: int, seed: int) -> list[Chem.Mol]:
        """Return chain segments with the constitution of `mol`, each with explicit hydrogens and one conformer.

        Args:
            mol: Oligomer of the repeat unit between hydrogen ends, without explicit hydrogens.
            count: Number of segments.
            seed: Seed of the choice among all segments.

        Raises:
            OpticsFailed: The chains have fewer segments of this length.
        """
        primitive = RepeatUnit.from_psmiles(self.unit.key, elements=None)
        length = round(mol.GetNumAtoms() / primitive.n_heavy_atoms)
        stretches = self._stretches(length, primitive.n_atoms)
        if len(stretches) < count:
            raise OpticsFailed(
                f"conformers from the cell need {count} segments of {length} repeat units, got {len(stretches)}; "
                "simulate longer chains, or set conformers to etkdg"
            )
        chosen = np.random.default_rng(seed).choice(len(stretches), count, replace=False)
        target = Chem.AddHs(mol)
        return [relax_keeping_torsions(self._placed(target, stretches[i])) for i in sorted(chosen.tolist())]

    def _stretches(self, length: int, unit_atoms: int) -> list[list[int]]:
        """Return the atoms of each sequence of `length` units in a chain, excluding units bound to an end group."""
        atoms_of: dict[int, list[int]] = defaultdict(list)
        for atom, residue in enumerate(self.arrays["residue_index"].tolist()):
            atoms_of[residue].append(atom)
        chain_of = {r: int(self.arrays["chain_index"][atoms[0]]) for r, atoms in atoms_of.items()}
        found = []
        for first in sorted(atoms_of):
            members = range(first, first + length)
            if all(len(atoms_of.get(r, ())) == unit_atoms and chain_of.get(r) == chain_of[first] for r in members):
                found.append([atom for r in members for atom in atoms_of[r]])
        return found

    def _placed(self, target: Chem.Mol, atoms: list[int]) -> Chem.Mol:
        """Assign the coordinates of a segment to the target molecule, with severed bonds capped by hydrogens."""
        numbers, bonds, positions = self._capped(atoms)
        match = _plain(numbers, bonds).GetSubstructMatch(
            _plain(
                [a.GetAtomicNum() for a in target.GetAtoms()],
                [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in target.GetBonds()],
            )
        )
        if len(match) != target.GetNumAtoms() or len(numbers) != target.GetNumAtoms():
            raise OpticsFailed("a segment of the cell does not match the oligomer; set conformers to etkdg")
        placed = Chem.Mol(target)
        conformer = Chem.Conformer(target.GetNumAtoms())
        for index, source in enumerate(match):
            conformer.SetAtomPosition(index, Point3D(*positions[source].tolist()))
        placed.RemoveAllConformers()
        placed.AddConformer(conformer, assignId=True)
        Chem.AssignStereochemistryFrom3D(placed)
        return placed

    def _capped(self, atoms: list[int]) -> tuple[list[int], list[tuple[int, int]], FloatArray]:
        """Return atomic numbers, bonds and coordinates in angstrom of some atoms, made whole across periodic boundaries."""
        own = {atom: index for index, atom in enumerate(atoms)}
        neighbours: dict[int, list[int]] = defaultdict(list)
        for a, b in self.arrays["bonds"].tolist():
            if a in own or b in own:
                neighbours[a].append(b)
                neighbours[b].append(a)
        numbers = [int(self.arrays["atomic_numbers"][atom]) for atom in atoms]
        positions = {atoms[0]: np.zeros(3)}
        bonds: list[tuple[int, int]] = []
        caps: list[FloatArray] = []
        queue = [atoms[0]]
        for atom in queue:
            for other in neighbours[atom]:
                step = self.positions_nm[other] - self.positions_nm[atom]
                step = 10.0 * (step - lattice_shift(step, self.box_nm))
                if other not in own:
                    bonds.append((own[atom], len(atoms) + len(caps)))
                    caps.append(positions[atom] + cap_offset(numbers[own[atom]], step))
                elif other not in positions:
                    positions[other] = positions[atom] + step
                    queue.append(other)
                if other in own and own[atom] < own[other]:
                    bonds.append((own[atom], own[other]))
        return numbers + [1] * len(caps), bonds, np.array([positions[atom] for atom in atoms] + caps)


def _plain(numbers: list[int], bonds: list[tuple[int, int]]) -> Chem.Mol:
    """Return a molecule with elements and connectivity only, since a cell has neither charges nor aromaticity."""
    editable = Chem.RWMol()
    for number in numbers:
        atom = Chem.Atom(number)
        atom.SetNoImplicit(True)
        editable.AddAtom(atom)
    for a, b in bonds:
        editable.AddBond(a, b, Chem.BondType.SINGLE)
    return editable.GetMol()
