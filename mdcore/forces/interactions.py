"""All interactions of a configuration, term by term."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import lattice_shift
from mdcore.forces.bonded import harmonic_angles, harmonic_bonds, periodic_torsions
from mdcore.forces.pairs import Pairs, ShiftedForce, bare_coulomb, lennard_jones, near_pairs, reaction_field
from mdcore.forces.terms import SystemTerms, TermTable

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COULOMB_CUTOFF_NM = 1.2
"""Cutoff of the damped interaction in place of a lattice sum, at least; at most the distance of an atom from its own images."""
_DAMPING_RANGE = 1.2
"""Product of damping and cutoff with the smallest difference from the forces of the lattice sum: 6 % in a dilute polyamide at 1.2 nm."""


@dataclass(frozen=True)
class Batch:
    """Terms of one kind.

    Attributes:
        kind: `bonds`, `angles`, `torsions`, `impropers`, `van_der_waals`, `electrostatic`, `exceptions` or `constraints`.
        atoms: Atoms of each term, shape (m, k).
        energies_kj_mol: Shape (m,).
        leading_forces: Force of each term on each of its atoms but the last, shape (m, k - 1, 3) in kJ/mol/nm.
    """

    kind: str
    atoms: IntArray
    energies_kj_mol: FloatArray
    leading_forces: FloatArray

    @property
    def forces(self) -> FloatArray:
        """Force on each atom, shape (m, k, 3); the forces of a term sum to zero."""
        last = -self.leading_forces.sum(axis=1, keepdims=True)
        return np.concatenate([self.leading_forces, last], axis=1)


@dataclass(frozen=True)
class Interactions:
    """The interactions of a System without its constraints.

    A lattice sum (PME, Ewald) has no pairs. It is replaced by a damped shifted force, also between excluded pairs, from which the bare
    interaction is subtracted, as in a lattice sum. The dispersion correction is constant at constant volume and left out.

    Attributes:
        terms: The System.
        coulomb_cutoff_nm: Cutoff of the damped shifted force.
    """

    terms: SystemTerms
    coulomb_cutoff_nm: float = COULOMB_CUTOFF_NM
    _excluded: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pairs = np.sort(self.terms.exceptions.atoms, axis=1)
        object.__setattr__(self, "_excluded", np.sort(pairs @ np.array([self.terms.n_atoms, 1])))

    def __call__(self, positions_nm: FloatArray, box_nm: FloatArray) -> Iterator[Batch]:
        """Yield all terms of a configuration in batches of limited size.

        Args:
            positions_nm: Shape (n, 3), wrapped or not: terms take the nearest images.
            box_nm: Shape (3, 3), rows are the vectors.
        """
        terms = self.terms
        for kind, table, evaluate in (
            ("bonds", terms.bonds, harmonic_bonds),
            ("angles", terms.angles, harmonic_angles),
            ("torsions", terms.torsions, periodic_torsions),
            ("impropers", terms.impropers, periodic_torsions),
        ):
            if len(table):
                energies, forces = evaluate(whole(positions_nm, box_nm, table.atoms), table.values)
                yield Batch(kind, table.atoms, energies, forces[:, :-1])
        yield from self._exceptions(positions_nm, box_nm)
        yield from self._pairs(positions_nm, box_nm)

    def own_energies(self, box_nm: FloatArray) -> FloatArray:
        """Return the constant part of the electrostatic energy of each atom, shape (n,)."""
        if self.terms.coulomb != "ewald":
            return np.zeros(self.terms.n_atoms)
        return self._shifted(box_nm).own_energies(self.terms.charges)

    def _shifted(self, box_nm: FloatArray) -> ShiftedForce:
        heights = 1.0 / np.linalg.norm(np.linalg.inv(box_nm), axis=0)
        cutoff = max(self.terms.cutoff_nm, min(self.coulomb_cutoff_nm, 0.99 * float(heights.min())))
        return ShiftedForce(cutoff, _DAMPING_RANGE / cutoff)

    def _exceptions(self, positions_nm: FloatArray, box_nm: FloatArray) -> Iterator[Batch]:
        """Yield what replaces the interactions of pairs that are bonded or nearly so."""
        terms = self.terms
        table = terms.exceptions
        if not len(table):
            return
        products, _, epsilons = table.values.T
        interacting = (products != 0.0) | (epsilons != 0.0)
        if interacting.any():
            own = TermTable(table.atoms[interacting], table.values[interacting])
            arms, distances = _separations(positions_nm, box_nm, own.atoms)
            lj, lj_force = lennard_jones(distances, own.values[:, 1], own.values[:, 2], np.inf, np.inf)
            coulomb, coulomb_force = bare_coulomb(distances, own.values[:, 0])
            yield _pair_batch("exceptions", own.atoms, arms, distances, lj + coulomb, lj_force + coulomb_force)
        if terms.coulomb == "ewald":
            arms, distances = _separations(positions_nm, box_nm, table.atoms)
            full = terms.charges[table.atoms].prod(axis=1)
            energy, force = self._shifted(box_nm)(distances, full)
            bare, bare_force = bare_coulomb(distances, full)
            yield _pair_batch("electrostatic", table.atoms, arms, distances, energy - bare, force - bare_force)

    def _pairs(self, positions_nm: FloatArray, box_nm: FloatArray) -> Iterator[Batch]:
        terms = self.terms
        ewald = terms.coulomb == "ewald"
        charged = bool(terms.charges.any())
        shifted = self._shifted(box_nm)
        reach = shifted.cutoff_nm if ewald and charged else terms.cutoff_nm
        longest = 0.0
        if len(terms.exceptions):
            longest = float(_separations(positions_nm, box_nm, terms.exceptions.atoms)[1].max())
        roots = np.sqrt(terms.epsilons)
        for found in near_pairs(positions_nm, box_nm, reach):
            atoms, arms, distances = self._interacting(found, longest)
            near = distances < terms.cutoff_nm if reach > terms.cutoff_nm else slice(None)
            a, b = atoms[near].T
            sigmas, epsilons = 0.5 * (terms.sigmas[a] + terms.sigmas[b]), roots[a] * roots[b]
            r = distances[near]
            results = lennard_jones(r, sigmas, epsilons, terms.switch_nm, terms.cutoff_nm)
            yield _pair_batch("van_der_waals", atoms[near], arms[near], r, *results)
            if charged:
                products = terms.charges[atoms[:, 0]] * terms.charges[atoms[:, 1]]
                results = (
                    shifted(distances, products)
                    if ewald
                    else reaction_field(distances, products, terms.cutoff_nm, terms.dielectric)
                )
                yield _pair_batch("electrostatic", atoms, arms, distances, *results)

    def _interacting(self, pairs: Pairs, longest_nm: float) -> Pairs:
        """Remove the pairs that are exceptions, all of which are closer than a distance."""
        (close,) = np.nonzero(pairs.distances_nm <= longest_nm * (1.0 + 1e-9))
        keys = pairs.atoms[close] @ np.array([self.terms.n_atoms, 1])
        kept = np.ones(len(pairs.atoms), dtype=np.bool_)
        if len(self._excluded):
            place = np.minimum(np.searchsorted(self._excluded, keys), len(self._excluded) - 1)
            kept[close[self._excluded[place] == keys]] = False
        return Pairs(pairs.atoms[kept], pairs.arms_nm[kept], pairs.distances_nm[kept])


def whole(positions_nm: FloatArray, box_nm: FloatArray, atoms: IntArray) -> FloatArray:
    """Return the places of the atoms of m terms, shape (m, k, 3), each atom as the image nearest to the one before."""
    places = positions_nm[atoms]
    steps = np.diff(places, axis=1)
    steps -= lattice_shift(steps, box_nm)
    return np.asarray(places[:, :1] + np.concatenate([np.zeros_like(places[:, :1]), np.cumsum(steps, axis=1)], axis=1))


def _separations(positions_nm: FloatArray, box_nm: FloatArray, atoms: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the vectors from the second atoms to the nearest images of the first, and their lengths."""
    arms = positions_nm[atoms[:, 0]] - positions_nm[atoms[:, 1]]
    arms -= lattice_shift(arms, box_nm)
    return arms, np.linalg.norm(arms, axis=1)


def _pair_batch(
    kind: str, atoms: IntArray, arms: FloatArray, distances: FloatArray, energies: FloatArray, along: FloatArray
) -> Batch:
    return Batch(kind, atoms, energies, ((along / distances)[:, None] * arms)[:, None])
