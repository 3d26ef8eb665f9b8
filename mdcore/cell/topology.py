"""Topology of a cell as plain arrays, shared by the force field and the bundle on disk."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.isotopes import atomic_masses_amu

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Topology:
    """Atoms, bonds, residues and chains of a cell.

    Attributes:
        atomic_numbers: Shape (n,).
        isotopes: Shape (n,), mass number of each labelled atom; 0 for the natural element.
        formal_charges: Shape (n,), in e.
        bonds: Shape (m, 2), atom indices.
        bond_orders: Shape (m,), orders of the Kekulé structure.
        residue_index: Shape (n,), residue of each atom, counted through the whole cell.
        local_index: Shape (n,), index of each atom in the template of its residue.
        chain_index: Shape (n,), chain (or molecule) of each atom.
        residue_names: Name of each residue.
        rings: Atom indices of every ring of up to eight atoms.
    """

    atomic_numbers: IntArray
    isotopes: IntArray
    formal_charges: IntArray
    bonds: IntArray
    bond_orders: IntArray
    residue_index: IntArray
    local_index: IntArray
    chain_index: IntArray
    residue_names: tuple[str, ...]
    rings: tuple[tuple[int, ...], ...]

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.atomic_numbers)

    @cached_property
    def masses_amu(self) -> FloatArray:
        """Atomic masses in dalton, shape (n,): the element's average, or that of the isotope."""
        masses = atomic_masses_amu(self.atomic_numbers.tolist(), self.isotopes.tolist())
        return np.array(masses, dtype=np.float64)

    @property
    def n_chains(self) -> int:
        """Number of chains or molecules."""
        return int(self.chain_index[-1]) + 1 if self.n_atoms else 0
