"""Constraint clusters: atoms joined by constraints, which are scaled and accelerated as one.

A cluster is a connected component of the constraints of a System, such as a carbon with its hydrogens, or a single atom. Three
operations act on whole clusters, so that constraints stay satisfied without a solver:

* scaling a cell moves each cluster by the displacement of its centre of mass;
* scaling velocities v_i' = V + a (v_i - V) with one factor and one mean velocity for all atoms of a group of clusters keeps
  r_ij . (v_i - v_j) = 0 for every constraint;
* a group of clusters has three degrees of freedom for each atom, less its constraints, so that its temperature is unbiased.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import box_matrix
from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K
from mdcore.chem.errors import SimulationExploded

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_LEAST_SHARE = 0.2
"""Share of a group's thermal kinetic energy that must be left when heat is taken from it."""


@dataclass(frozen=True)
class Clusters:
    """Constraint clusters of a System.

    Attributes:
        label: Cluster of each atom, shape (n,).
        masses_amu: Mass of each atom, shape (n,).
        pairs: Constrained pairs of atoms, shape (m, 2).
    """

    label: IntArray
    masses_amu: FloatArray
    pairs: IntArray

    @classmethod
    def of(cls, system: Any) -> Self:
        """Return the clusters of an OpenMM System."""
        n = system.getNumParticles()
        masses = np.array([system.getParticleMass(i)._value for i in range(n)])
        found = [system.getConstraintParameters(i)[:2] for i in range(system.getNumConstraints())]
        pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
        return cls(_components(n, pairs), masses, pairs)

    def __len__(self) -> int:
        return int(self.label.max()) + 1

    @cached_property
    def cluster_masses_amu(self) -> FloatArray:
        """Mass of each cluster, shape (c,)."""
        return np.asarray(np.bincount(self.label, self.masses_amu), dtype=np.float64)

    @cached_property
    def degrees_of_freedom(self) -> IntArray:
        """Degrees of freedom of each cluster: three for each atom, less one for each constraint; shape (c,)."""
        constraints = np.bincount(self.label[self.pairs[:, 0]], minlength=len(self))
        return np.asarray(3 * np.bincount(self.label) - constraints, dtype=np.int64)

    def centres_nm(self, positions_nm: FloatArray) -> FloatArray:
        """Return the centres of mass, shape (c, 3); clusters must be whole.

        Args:
            positions_nm: Shape (n, 3).
        """
        return np.asarray(self.sums(self.masses_amu[:, None] * positions_nm) / self.cluster_masses_amu[:, None])

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sums over the atoms of each cluster.

        Args:
            values: Shape (n, k).

        Returns:
            Shape (c, k).
        """
        return np.stack([np.bincount(self.label, column) for column in np.asarray(values).T], axis=1)

    def scaled(self, positions_nm: FloatArray, box_nm: FloatArray, volume_nm3: float) -> tuple[FloatArray, FloatArray]:
        """Scale a cell to a volume at constant shape; each cluster moves with its centre, so that constraints stay satisfied.

        Args:
            positions_nm: Shape (n, 3), chains whole.
            box_nm: Shape (3, 3).
            volume_nm3: Volume of the scaled box.

        Returns:
            Positions and box.
        """
        box = box_matrix(box_nm)
        factor = (volume_nm3 / float(np.linalg.det(box))) ** (1.0 / 3.0)
        shift = (factor - 1.0) * self.centres_nm(positions_nm)
        return positions_nm + shift[self.label], box * factor

    def mean_velocity_nm_ps(self, velocities_nm_ps: FloatArray, chosen: BoolArray | None = None) -> FloatArray:
        """Return the velocity of the centre of mass, shape (3,).

        Args:
            velocities_nm_ps: Shape (n, 3).
            chosen: Atoms, shape (n,); all if None.
        """
        masses, velocities = self.masses_amu, velocities_nm_ps
        if chosen is not None:
            masses, velocities = masses[chosen], velocities[chosen]
        return np.asarray(masses @ velocities / masses.sum())

    def thermal_kj_mol(self, velocities_nm_ps: FloatArray, group: BoolArray) -> tuple[float, int]:
        """Return the kinetic energy of a group of clusters about its mean velocity in kJ/mol, and its degrees of freedom.

        Those of the mean velocity are not counted, so that 2 K / (f k) is the temperature.

        Args:
            velocities_nm_ps: Shape (n, 3).
            group: Clusters of the group, shape (c,).
        """
        chosen = group[self.label]
        mean = self.mean_velocity_nm_ps(velocities_nm_ps, chosen)
        relative = velocities_nm_ps[chosen] - mean
        energy = 0.5 * float((self.masses_amu[chosen][:, None] * relative**2).sum())
        return energy, int(self.degrees_of_freedom[group].sum()) - 3

    def heated(self, velocities_nm_ps: FloatArray, group: BoolArray, heat_kj_mol: float) -> FloatArray:
        """Return velocities after heat was added to the thermal kinetic energy of a group of clusters; its momentum is kept.

        Args:
            velocities_nm_ps: Shape (n, 3).
            group: Clusters of the group, shape (c,).
            heat_kj_mol: Heat; negative to take it away.

        Raises:
            SimulationExploded: The group has too little kinetic energy to give the heat.
        """
        energy, _ = self.thermal_kj_mol(velocities_nm_ps, group)
        if energy + heat_kj_mol <= _LEAST_SHARE * energy:
            raise SimulationExploded(
                f"{-heat_kj_mol:.3g} kJ/mol of heat cannot be taken from a group of atoms that has {energy:.3g} kJ/mol; exchange "
                "heat in smaller portions"
            )
        return self._rescaled(velocities_nm_ps, group, float(np.sqrt(1.0 + heat_kj_mol / energy)))

    def thermalised(self, velocities_nm_ps: FloatArray, group: BoolArray, temperature_k: float) -> FloatArray:
        """Return velocities after a group of clusters was scaled to a kinetic temperature; its momentum is kept.

        Args:
            velocities_nm_ps: Shape (n, 3).
            group: Clusters of the group, shape (c,).
            temperature_k: Temperature in K.

        Raises:
            SimulationExploded: The group is at rest.
        """
        energy, freedom = self.thermal_kj_mol(velocities_nm_ps, group)
        if energy <= 0.0:
            raise SimulationExploded(
                "a group of atoms at rest cannot be scaled to a temperature; draw velocities first"
            )
        wanted = 0.5 * freedom * BOLTZMANN_KJ_MOL_K * temperature_k
        return self._rescaled(velocities_nm_ps, group, float(np.sqrt(wanted / energy)))

    def _rescaled(self, velocities_nm_ps: FloatArray, group: BoolArray, factor: float) -> FloatArray:
        chosen = group[self.label]
        mean = self.mean_velocity_nm_ps(velocities_nm_ps, chosen)
        result = np.array(velocities_nm_ps, dtype=np.float64)
        result[chosen] = mean + factor * (result[chosen] - mean)
        return result


def _components(n: int, pairs: IntArray) -> IntArray:
    """Return the connected component of each of n atoms, numbered in the order of their first atoms."""
    smallest = np.arange(n)
    first, second = pairs[:, 0], pairs[:, 1]
    while True:
        least = np.minimum(smallest[first], smallest[second])
        before = smallest.copy()
        np.minimum.at(smallest, first, least)
        np.minimum.at(smallest, second, least)
        if np.array_equal(before, smallest):
            return np.unique(smallest, return_inverse=True)[1].reshape(-1).astype(np.int64)
