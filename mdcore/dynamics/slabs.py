"""Slabs of a periodic cell along one of its vectors: membership of clusters, temperatures, thickness and area."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mdcore.dynamics.clusters import Clusters

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Axis = Literal["x", "y", "z"]
AXES: tuple[Axis, ...] = ("x", "y", "z")
"""Names of the box vectors a, b and c, which lie along these axes in a rectangular box."""
DEFAULT_SLABS = 12
"""Number of slabs where no stage of a run has slabs of its own."""


@dataclass(frozen=True)
class Slabs:
    """Slabs of equal thickness between parallel planes that cut one box vector.

    Attributes:
        axis: The box vector that they follow.
        n: Number of slabs.
    """

    axis: Axis = "x"
    n: int = DEFAULT_SLABS

    @classmethod
    def of(cls, stages: Sequence[Any]) -> "Slabs":
        """Return the slabs of the first stage that has some; the default ones if there is none."""
        return next((stage.slabs for stage in stages if isinstance(getattr(stage, "slabs", None), cls)), cls())

    def length_nm(self, box_nm: FloatArray) -> float:
        """Return the distance in nm after which the cell repeats, perpendicular to the slabs."""
        return float(np.linalg.det(box_nm)) / self.area_nm2(box_nm)

    def area_nm2(self, box_nm: FloatArray) -> float:
        """Return the area of a slab in nm2."""
        index = AXES.index(self.axis)
        return float(np.linalg.norm(np.cross(box_nm[(index + 1) % 3], box_nm[(index + 2) % 3])))

    def members(self, clusters: Clusters, positions_nm: FloatArray, box_nm: FloatArray) -> IntArray:
        """Return the slab of each cluster by its centre of mass, shape (c,).

        Args:
            clusters: Constraint clusters.
            positions_nm: Shape (n, 3), chains whole.
            box_nm: Shape (3, 3).
        """
        fraction = clusters.centres_nm(positions_nm) @ np.linalg.inv(box_nm)[:, AXES.index(self.axis)]
        return np.asarray(np.floor((fraction % 1.0) * self.n).astype(np.int64) % self.n)

    def thermal(
        self, clusters: Clusters, members: IntArray, velocities_nm_ps: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the thermal kinetic energy of each slab in kJ/mol and its degrees of freedom, each of shape (n,).

        The motion of the slab as a whole is in neither; both are 0 for a slab without atoms.

        Args:
            clusters: Constraint clusters.
            members: Slab of each cluster, shape (c,).
            velocities_nm_ps: Shape (atoms, 3).
        """
        slab, mass = members[clusters.label], clusters.masses_amu
        total = np.bincount(slab, mass, self.n)
        momentum = np.stack([np.bincount(slab, mass * column, self.n) for column in velocities_nm_ps.T], axis=1)
        filled = np.where(total > 0.0, total, 1.0)
        relative = velocities_nm_ps - (momentum / filled[:, None])[slab]
        energy = np.asarray(np.bincount(slab, 0.5 * mass * (relative**2).sum(axis=1), self.n), dtype=np.float64)
        freedom = np.bincount(members, clusters.degrees_of_freedom, self.n)
        return energy, np.where(total > 0.0, freedom - 3.0, 0.0)
