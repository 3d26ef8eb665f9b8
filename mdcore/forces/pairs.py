"""Pairs of atoms closer than a cutoff in a periodic box, and their interactions."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import COULOMB_KJ_NM_MOL_E2

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PAIRS_AT_A_TIME = 200_000
"""Largest number of pairs that are held in memory, about."""


class Pairs(NamedTuple):
    """Pairs of atoms.

    Attributes:
        atoms: Both atoms, shape (m, 2).
        arms_nm: Vector from the second atom to the first, shape (m, 3).
        distances_nm: Shape (m,).
    """

    atoms: IntArray
    arms_nm: FloatArray
    distances_nm: FloatArray


def near_pairs(positions_nm: FloatArray, box_nm: FloatArray, cutoff_nm: float) -> Iterator[Pairs]:
    """Yield all pairs of different atoms closer than a cutoff, each once; if images of an atom are, a pair with each of them.

    Args:
        positions_nm: Shape (n, 3), wrapped or not.
        box_nm: Shape (3, 3).
        cutoff_nm: The cutoff, shorter than the distance of an atom from its own images.
    """
    from scipy.spatial import cKDTree

    inverse = np.linalg.inv(box_nm)
    fractions = positions_nm @ inverse
    fractions -= np.floor(fractions)
    reach = cutoff_nm * np.linalg.norm(inverse, axis=0)
    steps = [range(-int(np.ceil(r)), int(np.ceil(r)) + 1) for r in reach]
    origins, images = [], []
    for shift in product(*steps):
        moved = fractions + np.array(shift)
        (near,) = np.nonzero(((moved > -reach) & (moved < 1.0 + reach)).all(axis=1))
        origins.append(near)
        images.append(moved[near])
    origin, image = np.concatenate(origins), np.concatenate(images) @ box_nm
    tree = cKDTree(image)
    positions = fractions @ box_nm
    # Neighbours in space are searched together.
    order = np.argsort(fractions[:, int(np.argmin(reach))], kind="stable")
    expected = max(1.0, len(positions) / abs(float(np.linalg.det(box_nm))) * 4.0 / 3.0 * np.pi * cutoff_nm**3)
    for chosen in np.array_split(order, int(np.ceil(len(order) * expected / (2 * PAIRS_AT_A_TIME)))):
        found = cKDTree(positions[chosen]).sparse_distance_matrix(tree, cutoff_nm, output_type="ndarray")
        first, second = chosen[found["i"]], origin[found["j"]]
        once = first < second
        first, second, other = first[once], second[once], found["j"][once]
        yield Pairs(np.stack([first, second], axis=1), positions[first] - image[other], found["v"][once])


def lennard_jones(
    distances_nm: FloatArray, sigmas: FloatArray, epsilons: FloatArray, switch_nm: float, cutoff_nm: float
) -> tuple[FloatArray, FloatArray]:
    """Return energies and forces along the distance of m pairs, both (m,), with OpenMM's switching function between two distances."""
    sixth = (sigmas / distances_nm) ** 6
    energy = 4.0 * epsilons * (sixth**2 - sixth)
    force = 24.0 * epsilons * (2.0 * sixth**2 - sixth) / distances_nm
    if switch_nm < cutoff_nm:
        width = cutoff_nm - switch_nm
        x = np.clip((distances_nm - switch_nm) / width, 0.0, 1.0)
        factor = 1.0 - x**3 * (10.0 - x * (15.0 - 6.0 * x))
        slope = -30.0 * (x * (1.0 - x)) ** 2 / width
        energy, force = factor * energy, factor * force - slope * energy
    return energy, force


@dataclass(frozen=True)
class ShiftedForce:
    """Damped shifted Coulomb interaction of charges, in place of a lattice sum (Fennell and Gezelter 2006, doi:10.1063/1.2206581).

    Energy and force of a pair vanish at the cutoff; the neutralising charges are on the sphere of the cutoff (equation 13).
    Differences from a lattice sum are of the order of 1 % of the forces.

    Attributes:
        cutoff_nm: The cutoff R.
        damping_per_nm: The damping alpha.
    """

    cutoff_nm: float
    damping_per_nm: float

    def __call__(self, distances_nm: FloatArray, products: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return energies and forces along the distance of m pairs with these products of charges, both (m,)."""
        from scipy.special import erfc

        r, alpha, cutoff = distances_nm, self.damping_per_nm, self.cutoff_nm
        gauss, end, end_slope = self._ends()
        bare = erfc(alpha * r) / r
        slope = bare / r + gauss * np.exp(-((alpha * r) ** 2)) / r
        strength = COULOMB_KJ_NM_MOL_E2 * products
        return strength * (bare - end + end_slope * (r - cutoff)), strength * (slope - end_slope)

    def own_energies(self, charges: FloatArray) -> FloatArray:
        """Return the energy of each charge with its own damping and neutralising charges, shape (n,)."""
        _, end, end_slope = self._ends()
        limit = -2.0 * self.damping_per_nm / np.sqrt(np.pi) - end - end_slope * self.cutoff_nm
        return np.asarray(0.5 * COULOMB_KJ_NM_MOL_E2 * limit * charges**2)

    def _ends(self) -> tuple[float, float, float]:
        """Return the factor of the Gaussian, and value and negative slope of the damped interaction at the cutoff."""
        from scipy.special import erfc

        alpha, cutoff = self.damping_per_nm, self.cutoff_nm
        gauss = 2.0 * alpha / np.sqrt(np.pi)
        end = float(erfc(alpha * cutoff)) / cutoff
        return gauss, end, end / cutoff + gauss * float(np.exp(-((alpha * cutoff) ** 2))) / cutoff


def bare_coulomb(distances_nm: FloatArray, products: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return energies and forces along the distance of m pairs in vacuum, both (m,)."""
    energy = COULOMB_KJ_NM_MOL_E2 * products / distances_nm
    return energy, energy / distances_nm


def reaction_field(
    distances_nm: FloatArray, products: FloatArray, cutoff_nm: float, dielectric: float
) -> tuple[FloatArray, FloatArray]:
    """Return energies and forces along the distance of m pairs with a reaction field as OpenMM defines it, both (m,)."""
    k = (dielectric - 1.0) / (2.0 * dielectric + 1.0) / cutoff_nm**3
    c = 3.0 * dielectric / (2.0 * dielectric + 1.0) / cutoff_nm
    strength = COULOMB_KJ_NM_MOL_E2 * products
    energy = strength * (1.0 / distances_nm + k * distances_nm**2 - c)
    return energy, strength * (1.0 / distances_nm**2 - 2.0 * k * distances_nm)
