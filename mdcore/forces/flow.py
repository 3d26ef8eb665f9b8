"""The heat that flows from a hot to a cold slab of a cell, by the terms that carry it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdcore.forces.constraints import Constraints
from mdcore.forces.interactions import Batch, Interactions

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
        if (
            min(*widths, self.hot[1] - self.hot[0], self.cold[1] - self.cold[0]) <= 0.0
            or abs(sum(widths) + self.hot[1] - self.hot[0] + self.cold[1] - self.cold[0] - 1.0) > 1e-9
        ):
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
        kinetic: Kinetic energy of each atom, shape (n,) in kJ/mol.
        advance: Rate at which each atom proceeds on the path, shape (n,) in 1/ps.
    """

    powers: FloatArray
    energies: FloatArray
    kinetic: FloatArray
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
        positions = np.asarray(positions_nm, dtype=np.float64)
        terms = self.interactions.terms
        progress, gradient = self.path.progress(positions, box_nm)
        sums = _Sums(self.chains, progress)
        for batch in self.interactions(positions, box_nm):
            sums.add(batch)
        sums.energies[WITHIN] += self.interactions.own_energies(box_nm)
        velocities = self._advanced(positions, np.asarray(velocities_nm_ps, dtype=np.float64), box_nm, sums.forces)
        if len(terms.constraints):
            sums.add(self._constraints.forces(positions, box_nm, velocities, sums.forces))
        advance = np.einsum("ij,ij->i", gradient, velocities)
        powers = np.zeros((len(COMPONENTS), 2))
        kinetic = np.asarray(0.5 * terms.masses_amu * np.einsum("ij,ij->i", velocities, velocities))
        powers[0, WITHIN] = kinetic @ advance
        powers[1] = sums.energies @ advance
        for kind, parts in sums.powers(velocities).items():
            powers[COMPONENTS.index(kind)] = parts
        return FrameFlow(powers, sums.energies, kinetic, advance)

    @cached_property
    def _constraints(self) -> Constraints:
        return Constraints.of(self.interactions.terms)

    def _advanced(
        self, positions_nm: FloatArray, velocities_nm_ps: FloatArray, box_nm: FloatArray, forces: FloatArray
    ) -> FloatArray:
        """Return the velocities at the time of the positions, shape (n, 3)."""
        if not self.lag_ps:
            return velocities_nm_ps
        masses = self.interactions.terms.masses_amu[:, None]
        if not len(self.interactions.terms.constraints):
            return velocities_nm_ps + self.lag_ps * forces / masses
        total = forces.copy()
        held = self._constraints.forces(positions_nm, box_nm, velocities_nm_ps, forces)
        np.add.at(total, held.atoms, held.forces)
        return self._constraints.projected(positions_nm, box_nm, velocities_nm_ps + self.lag_ps * total / masses)


class _Sums:
    """Sums over terms: forces, energies, and forces weighted with the progress of an atom beyond its term's mean.

    Sums over terms within chains and between chains are the first and the last n rows.
    """

    def __init__(self, chains: IntArray, progress: FloatArray) -> None:
        self._n, self._chains, self._progress = len(chains), chains, progress
        self._forces = np.zeros((2 * self._n, 3))
        self._energies = np.zeros(2 * self._n)
        self._moments: dict[str, FloatArray] = {}

    @property
    def forces(self) -> FloatArray:
        """Total force on each atom, shape (n, 3)."""
        return self._forces[: self._n] + self._forces[self._n :]

    @property
    def energies(self) -> FloatArray:
        """Energy of each atom within and between chains, shape (2, n)."""
        return self._energies.reshape(2, self._n)

    def powers(self, velocities: FloatArray) -> dict[str, FloatArray]:
        """Return the power of each kind of term within and between chains, shape (2,)."""
        shape = (2, self._n, 3)
        return {kind: np.einsum("pij,ij->p", m.reshape(shape), velocities) for kind, m in self._moments.items()}

    def add(self, batch: Batch) -> None:
        atoms = batch.atoms.T
        chain = self._chains[atoms]
        rows = atoms + self._n * (chain[1:] != chain[0]).any(axis=0)
        place = self._progress[atoms]
        beyond = place - place.mean(axis=0)
        share = batch.energies_kj_mol / len(atoms)
        moment = self._moments.setdefault(batch.kind, np.zeros_like(self._forces))
        last = np.zeros((3, len(share)))
        # Row by row, since vectors that are stored component by component are summed faster.
        for own, force, factor in zip(rows, np.moveaxis(batch.leading_forces, 0, 2), beyond, strict=False):
            _scatter(self._forces, own, force)
            _scatter(moment, own, factor * force)
            last -= force
        _scatter(self._forces, rows[-1], last)
        _scatter(moment, rows[-1], beyond[-1] * last)
        if share.any():
            for own in rows:
                self._energies += np.bincount(own, share, minlength=len(self._energies))


def _scatter(target: FloatArray, rows: IntArray, vectors: FloatArray) -> None:
    for axis in range(3):
        target[:, axis] += np.bincount(rows, vectors[axis], minlength=len(target))


def heat_flow_series(
    flow: HeatFlow,
    positions_nm: NDArray[np.floating[Any]],
    velocities_nm_ps: NDArray[np.floating[Any]],
    boxes_nm: FloatArray,
    apply: Callable[..., Iterable[FrameFlow]] = map,
) -> FloatArray:
    """Return the power of each frame by component within and between chains, shape (frames, components, 2) in kJ/mol/ps.

    Potential energies are taken relative to the mean of each atom over the frames. The convection of a constant energy is a time derivative
    and averages to zero, but it fluctuates, with charges more than all other components together.

    Args:
        flow: Where heat flows, and by which interactions.
        positions_nm: Shape (frames, n, 3); `map` reads it frame by frame.
        velocities_nm_ps: Shape (frames, n, 3).
        boxes_nm: Shape (frames, 3, 3).
        apply: Applies a function to each frame, in order; `map` of a `concurrent.futures.ProcessPoolExecutor` does so in parallel.

    Raises:
        ValueError: There is no frame.
    """
    if not len(positions_nm):
        raise ValueError("a heat flow needs at least one frame; record frames with positions and velocities")
    powers, advances = [], []
    energies = np.zeros((2, flow.interactions.terms.n_atoms))
    for frame in apply(flow.frame, positions_nm, velocities_nm_ps, boxes_nm):
        powers.append(frame.powers)
        advances.append(frame.advance.astype(np.float32))
        energies += frame.energies
    series = np.array(powers)
    mean = energies / len(powers)
    for row, advance in zip(series, advances, strict=True):
        row[COMPONENTS.index("potential_convection")] -= mean @ advance
    return series
