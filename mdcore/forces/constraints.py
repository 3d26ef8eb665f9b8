"""Forces of constrained distances, solved cluster by cluster."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.forces.interactions import Batch, whole
from mdcore.forces.terms import SystemTerms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class _Group:
    """Clusters with the same number c of constraints.

    Attributes:
        rows: Constraints of each cluster, shape (q, c).
        coupling: Sums of the inverse masses of shared atoms with the signs of their ends, shape (q, c, c) in 1/dalton.
    """

    rows: IntArray
    coupling: FloatArray


@dataclass(frozen=True)
class Constraints:
    """Constrained distances of a System; their forces keep each distance constant along the true trajectory.

    Attributes:
        atoms: Shape (c, 2).
        masses_amu: Shape (n,).
    """

    atoms: IntArray
    masses_amu: FloatArray
    _groups: tuple[_Group, ...]

    @classmethod
    def of(cls, terms: SystemTerms) -> "Constraints":
        """Find the clusters of constraints that share atoms."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        atoms = terms.constraints.atoms
        links = coo_array((np.ones(len(atoms)), atoms.T), shape=(terms.n_atoms, terms.n_atoms))
        _, cluster_of_atom = connected_components(links, directed=False)
        cluster = cluster_of_atom[atoms[:, 0]]
        order = np.argsort(cluster, kind="stable")
        _, starts, sizes = np.unique(cluster[order], return_index=True, return_counts=True)
        groups = []
        for size in np.unique(sizes):
            rows = order[starts[sizes == size][:, None] + np.arange(size)]
            inverse = np.zeros((len(rows), size, size))
            for i, sign_i in ((0, 1.0), (1, -1.0)):
                for j, sign_j in ((0, 1.0), (1, -1.0)):
                    ends_i, ends_j = atoms[rows, i], atoms[rows, j]
                    shared = ends_i[:, :, None] == ends_j[:, None, :]
                    inverse += sign_i * sign_j * shared / terms.masses_amu[ends_i][:, :, None]
            groups.append(_Group(rows, inverse))
        return cls(atoms, terms.masses_amu, tuple(groups))

    def forces(
        self, positions_nm: FloatArray, box_nm: FloatArray, velocities_nm_ps: FloatArray, others: FloatArray
    ) -> Batch:
        """Return the forces of the constraints.

        The force on the first atom of a constraint is lambda r, with r the vector from its second atom. The second derivative of
        each squared distance vanishes: r . (a_1 - a_2) + |v_1 - v_2|^2 = 0, with accelerations that include these forces.

        Args:
            positions_nm: Shape (n, 3).
            box_nm: Shape (3, 3).
            velocities_nm_ps: Shape (n, 3).
            others: Sum of all other forces, shape (n, 3) in kJ/mol/nm.
        """
        arms = self._arms(positions_nm, box_nm)
        relative = self._differences(velocities_nm_ps)
        accelerations = self._differences(others / self.masses_amu[:, None])
        wanted = -np.einsum("ij,ij->i", arms, accelerations) - np.einsum("ij,ij->i", relative, relative)
        force = self._solve(arms, wanted)[:, None] * arms
        return Batch("constraints", self.atoms, np.zeros(len(arms)), force[:, None])

    def projected(self, positions_nm: FloatArray, box_nm: FloatArray, velocities_nm_ps: FloatArray) -> FloatArray:
        """Return the nearest velocities, weighted by mass, that change no constrained distance, shape (n, 3)."""
        arms = self._arms(positions_nm, box_nm)
        wanted = -np.einsum("ij,ij->i", arms, self._differences(velocities_nm_ps))
        impulse = self._solve(arms, wanted)[:, None] * arms
        found = velocities_nm_ps.copy()
        for end, sign in ((0, 1.0), (1, -1.0)):
            np.add.at(found, self.atoms[:, end], sign * impulse / self.masses_amu[self.atoms[:, end], None])
        return found

    def _solve(self, arms: FloatArray, wanted: FloatArray) -> FloatArray:
        """Return the multipliers whose accelerations have these projections on the arms, shape (c,)."""
        multipliers = np.zeros(len(arms))
        for group in self._groups:
            own = arms[group.rows]
            matrix = np.einsum("qix,qjx->qij", own, own) * group.coupling
            multipliers[group.rows] = np.linalg.solve(matrix, wanted[group.rows][..., None])[..., 0]
        return multipliers

    def _arms(self, positions_nm: FloatArray, box_nm: FloatArray) -> FloatArray:
        places = whole(positions_nm, box_nm, self.atoms)
        return np.asarray(places[:, 0] - places[:, 1])

    def _differences(self, vectors: FloatArray) -> FloatArray:
        return np.asarray(vectors[self.atoms[:, 0]] - vectors[self.atoms[:, 1]])
