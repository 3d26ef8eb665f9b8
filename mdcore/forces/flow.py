"""The heat that flows from a hot to a cold slab of a cell, by the terms that carry it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdcore.forces.constraints import Constraints
from mdcore.forces.interactions import Batch, Interactions
from mdcore.forces.terms import SystemTerms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

COMPONENTS = (
    "kinetic_convection", "potential_convection", "bonds", "angles", "torsions", "impropers", "van_der_waals", "electrostatic",
    "exceptions", "constraints",
)  # fmt: skip
"""Names of the components; `exceptions` are the scaled interactions of atoms three bonds apart."""
WITHIN, BETWEEN = 0, 1
"""Index of the part within chains and of that between different chains."""


@dataclass(frozen=True)
class HeatPath:
    """The regions between a hot and a cold slab, on both ways through the periodic cell.

    Attributes:
        axis: Box vector along which heat flows.
        hot: Ends of the hot slab as fractions of the box vector, the lower one first; it may reach beyond 1.
        cold: Ends of the cold slab, in the same way.

    Raises:
        ValueError: The slabs overlap or are empty.
    """

    axis: int
    hot: tuple[float, float]
    cold: tuple[float, float]

    def __post_init__(self) -> None:
        if self.axis not in (0, 1, 2):
            raise ValueError(f"axis {self.axis} is not a box vector; choose 0, 1 or 2")
        widths = self._widths()
        if min(*widths, self.hot[1] - self.hot[0], self.cold[1] - self.cold[0]) <= 0.0 or abs(
            sum(widths) + self.hot[1] - self.hot[0] + self.cold[1] - self.cold[0] - 1.0
        ) > 1e-9:
            raise ValueError(
                f"slabs {self.hot} and {self.cold} overlap or are empty; give two separate intervals within one period"
            )

    def _widths(self) -> tuple[float, float]:
        """Return the fractions of the box between hot and cold, upwards and downwards."""
        return (self.cold[0] - self.hot[1]) % 1.0, (self.hot[0] - self.cold[1]) % 1.0

    def progress(self, positions_nm: FloatArray, box_nm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how far atoms are on the way from hot (0) to cold (1), and its gradient.

        It is constant in the slabs and linear between them, the same for all images of an atom.

        Args:
            positions_nm: Shape (n, 3).
            box_nm: Shape (3, 3).

        Returns:
            Shape (n,), and shape (n, 3) in 1/nm.
        """
        along = np.linalg.inv(box_nm)[:, self.axis]
        place = (positions_nm @ along - self.hot[1]) % 1.0
        up, down = self._widths()
        cold = self.cold[1] - self.cold[0]
        corners = np.array([0.0, up, up + cold, up + cold + down, 1.0])
        values = np.interp(place, corners, [0.0, 1.0, 1.0, 0.0, 0.0])
        slopes = np.array([1.0 / up, 0.0, -1.0 / down, 0.0])
        slope = slopes[np.clip(np.searchsorted(corners, place, side="right") - 1, 0, 3)]
        return values, slope[:, None] * along


class FrameFlow(NamedTuple):
    """Heat flow of one frame.

    Attributes:
        powers: Power by component within and between chains, shape (components, 2) in kJ/mol/ps.
        energies: Potential energy of each atom from terms within and between chains, shape (2, n) in kJ/mol.
        advance: Rate at which each atom proceeds on the path, shape (n,) in 1/ps.
    """

    powers: FloatArray
    energies: FloatArray
    advance: FloatArray


@dataclass(frozen=True)
class HeatFlow:
    """Heat flow along a path in the centroid form.

    With the energy of an atom, its kinetic energy and equal shares of the energies of its terms, and the progress s of the path,

        P = sum_i e_i ds_i/dt + sum_terms sum_(i in term) (s_i - mean s of the term) F_i . v_i

    is the power from hot to cold summed over both ways, apart from the time derivative of sum_i e_i s_i, which averages to zero in a steady
    state. In it, each term moves energy through each plane between its atoms, so that P is the mean over all planes between the slabs.
    The centroid form of many-body terms is that of Surblys et al. 2019 (doi:10.1103/PhysRevE.99.051301), with constraints as in Surblys et
    al. 2021 (doi:10.1063/5.0070930); with s_i for their x_i it holds for a region instead of the cell.

    Attributes:
        interactions: The interactions.
        chains: Chain of each atom, shape (n,).
        path: Where heat flows.
        lag_ps: How far recorded velocities are behind the positions: half the time step for leapfrog integrators, among them
            `LangevinMiddleIntegrator`. They are advanced by this time.
    """

    interactions: Interactions
    chains: IntArray
    path: HeatPath
    lag_ps: float = 0.0

    def frame(self, positions_nm: FloatArray, velocities_nm_ps: FloatArray, box_nm: FloatArray) -> FrameFlow:
        """Return the heat flow of one frame.

        Args:
            positions_nm: Shape (n, 3), wrapped or not.
            velocities_nm_ps: Shape (n, 3).
            box_nm: Shape (3, 3).
        """
        progress, gradient = self.path.progress(positions_nm, box_nm)
        return frame_flow(
            self.interactions, self.chains, positions_nm, velocities_nm_ps, box_nm, progress, gradient, self.lag_ps
        )


class _Sums:
    """Sums over terms: forces, energies, and forces weighted with the progress of an atom beyond its term's mean."""

    def __init__(self, chains: IntArray, progress: FloatArray) -> None:
        n = len(chains)
        self._chains, self._progress = chains, progress
        self.forces = np.zeros((n, 3))
        self.energies = np.zeros((2, n))
        self.moments: dict[tuple[str, int], FloatArray] = {}

    def add(self, batch: Batch) -> None:
        atoms = batch.atoms
        between = (self._chains[atoms] != self._chains[atoms[:, :1]]).any(axis=1)
        place = self._progress[atoms]
        weight = place - place.mean(axis=1, keepdims=True)
        share = batch.energies_kj_mol / atoms.shape[1]
        for part, chosen in ((WITHIN, ~between), (BETWEEN, between)):
            if not chosen.any():
                continue
            moment = self.moments.setdefault((batch.kind, part), np.zeros_like(self.forces))
            for own, force, factor in zip(
                atoms[chosen].T, np.moveaxis(batch.forces[chosen], 1, 0), weight[chosen].T, strict=True
            ):
                _scatter(self.forces, own, force)
                _scatter(moment, own, factor[:, None] * force)
                self.energies[part] += np.bincount(own, share[chosen], minlength=len(self._chains))


def _scatter(target: FloatArray, atoms: IntArray, vectors: FloatArray) -> None:
    for axis in range(3):
        target[:, axis] += np.bincount(atoms, vectors[:, axis], minlength=len(target))


def frame_flow(
    interactions: Interactions,
    chains: IntArray,
    positions_nm: FloatArray,
    velocities_nm_ps: FloatArray,
    box_nm: FloatArray,
    progress: FloatArray,
    gradient: FloatArray,
    lag_ps: float = 0.0,
) -> FrameFlow:
    """Return the flow of energy along any function s of position; see `HeatFlow` for the equation.

    Args:
        interactions: The interactions.
        chains: Chain of each atom, shape (n,).
        positions_nm: Shape (n, 3).
        velocities_nm_ps: Shape (n, 3).
        box_nm: Shape (3, 3).
        progress: Value of s at each atom, shape (n,).
        gradient: Gradient of s at each atom, shape (n, 3).
        lag_ps: How far velocities are behind the positions.
    """
    terms = interactions.terms
    sums = _Sums(chains, progress)
    for batch in interactions(positions_nm, box_nm):
        sums.add(batch)
    sums.energies[WITHIN] += interactions.own_energies(box_nm)
    velocities = np.asarray(velocities_nm_ps, dtype=np.float64)
    if len(terms.constraints):
        constraints = Constraints.of(terms)
        others = sums.forces.copy()
        if lag_ps:
            held = constraints.forces(positions_nm, box_nm, velocities, others)
            first = sums.forces.copy()
            for end in range(2):
                _scatter(first, held.atoms[:, end], held.forces[:, end])
            advanced = velocities + lag_ps * first / terms.masses_amu[:, None]
            velocities = constraints.projected(positions_nm, box_nm, advanced)
        sums.add(constraints.forces(positions_nm, box_nm, velocities, others))
    elif lag_ps:
        velocities = velocities + lag_ps * sums.forces / terms.masses_amu[:, None]
    advance = np.einsum("ij,ij->i", gradient, velocities)
    powers = np.zeros((len(COMPONENTS), 2))
    powers[0, WITHIN] = 0.5 * terms.masses_amu * np.einsum("ij,ij->i", velocities, velocities) @ advance
    powers[1] = sums.energies @ advance
    for (kind, part), moment in sums.moments.items():
        powers[COMPONENTS.index(kind), part] = np.einsum("ij,ij->", moment, velocities)
    return FrameFlow(powers, sums.energies, advance)
