"""Growth of chains into a periodic cell, residue by residue, with configurational bias.

Each step draws trial placements of the next residue (conformer and torsion about the new bond), weights them by a soft
overlap energy with all atoms nearby, and keeps one with a probability proportional to its weight, following Rosenbluth
and Rosenbluth (1955, doi:10.1063/1.1741967). At dead ends the last residues are removed. The cost of a step does
not depend on the length of the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mdcore.cell.geometry import random_rotation, rotation_between, rotations_about
from mdcore.cell.grid import PeriodicGrid
from mdcore.cell.radii import vdw_radii_nm
from mdcore.cell.residue import Residue
from mdcore.cell.spearing import pierces
from mdcore.cell.topology import FloatArray, IntArray

HARD_CONTACT = 0.52
"""Fraction of the sum of two van der Waals radii below which a placement is rejected."""
PATIENT_CONTACT = 0.42
"""The same for growth with `patient=True`."""
SOFT_CONTACT = 0.95
"""Fraction of that sum below which a placement is penalised."""
PENALTY = 60.0
"""Penalty of a full overlap in kT."""
EXCLUDED_BONDS = 2
"""Overlaps between atoms up to this many bonds apart are ignored: their distance is set by bond lengths and angles."""
GHOST_RADIUS_NM = 0.17
"""Radius of the next residue's head atom, whose position is fixed by each placement."""
_SPEAR_REACH_NM = 0.4
"""Distance between the middle of a bond and the centre of a ring beyond which they cannot cross: rings of up to 14 atoms."""
N_TRIALS = 16
DEAD_ENDS_PER_RESIDUE = 3
"""Dead ends per residue of the chain after which it is restarted."""


@dataclass(frozen=True)
class ChainPlan:
    """Composition of one chain.

    Attributes:
        residues: Templates from head end group to tail end group.
        configurations: Stereo configuration of each residue; -1 for any.
    """

    residues: tuple[Residue, ...]
    configurations: tuple[int, ...]

    @property
    def n_atoms(self) -> int:
        """Number of atoms of the chain."""
        return sum(residue.n_atoms for residue in self.residues)


@dataclass
class _Placed:
    residue: Residue
    first: int
    positions: FloatArray
    following: FloatArray


class ChainGrower:
    """Grows chains one after another into one periodic cell.

    Args:
        edge_nm: Edge of the cubic cell.
        capacity: Total number of atoms of all chains.
        rng: Source of all random choices.
        patient: Use four times as many trial placements and accept closer contacts, which minimisation can still relax; for
            crowded backbones that cannot be placed otherwise.
    """

    def __init__(self, edge_nm: float, capacity: int, rng: np.random.Generator, patient: bool = False) -> None:
        self._n_trials = 4 * N_TRIALS if patient else N_TRIALS
        self._hard_contact = PATIENT_CONTACT if patient else HARD_CONTACT
        self.grid = PeriodicGrid(edge_nm, capacity)
        self._radii: FloatArray = np.zeros(capacity)
        self._rng = rng
        self._bonded: list[list[int]] = [[] for _ in range(capacity)]
        self._rings_of: list[list[tuple[int, ...]]] = [[] for _ in range(capacity)]
        self._ring_centres: dict[tuple[int, ...], FloatArray] = {}

    def grow(self, plan: ChainPlan, first: int, restarts: int = 8) -> bool:
        """Grow one chain.

        Args:
            plan: The chain.
            first: Index of its first atom.
            restarts: Maximum number of restarts.

        Returns:
            Whether the chain was placed; if not, the cell is unchanged.
        """
        return any(self._attempt(plan, first) for _ in range(restarts))

    def adopt(self, plan: ChainPlan, first: int, positions: FloatArray) -> None:
        """Add a chain with known positions, shape (n, 3) in nm; `first` is its first atom."""
        placed: list[_Placed] = []
        for residue in plan.residues:
            start = placed[-1].first + placed[-1].residue.n_atoms if placed else first
            own = positions[start - first : start - first + residue.n_atoms]
            placed.append(_Placed(residue, start, own, np.full(3, np.nan)))
            self._enter(placed[-1], placed)

    def _attempt(self, plan: ChainPlan, first: int) -> bool:
        placed: list[_Placed] = []
        allowed = 50 + DEAD_ENDS_PER_RESIDUE * len(plan.residues)
        dead_ends = furthest = 0
        setback = 1
        while len(placed) < len(plan.residues):
            index = len(placed)
            residue = plan.residues[index]
            start = first if not placed else placed[-1].first + placed[-1].residue.n_atoms
            step = self._place(residue, plan.configurations[index], start, placed)
            if step is not None:
                placed.append(step)
                self._enter(step, placed)
                if len(placed) > furthest:
                    furthest, setback = len(placed), 1
                continue
            dead_ends += 1
            if dead_ends > allowed or not placed:
                for gone in reversed(placed):
                    self._leave(gone)
                return False
            # Only a dead end at the front means that the path to it is wrong; one met while regrowing is undone by one step. If
            # all of them doubled the setback, a chain would be dismantled faster than it grows.
            at_front = index >= furthest - 1
            for _ in range(min(setback if at_front else 1, len(placed))):
                self._leave(placed.pop())
            if at_front:
                setback = min(2 * setback, 16)
        return True

    def _place(self, residue: Residue, configuration: int, start: int, placed: list[_Placed]) -> _Placed | None:
        positions, following = self._trials(residue, configuration, placed)
        energies = self._overlap_energies(residue, positions, following, placed)
        weights = np.where(np.isfinite(energies), np.exp(-np.minimum(energies, 700.0)), 0.0)
        while weights.sum() > 0.0:
            choice = int(self._rng.choice(len(weights), p=weights / weights.sum()))
            step = _Placed(residue, start, positions[choice], following[choice])
            if not self._meets_itself(step) and not self._spears(step, placed):
                return step
            weights[choice] = 0.0
        return None

    def _trials(self, residue: Residue, configuration: int, placed: list[_Placed]) -> tuple[FloatArray, FloatArray]:
        """Draw trial placements: positions (t, n, 3) and positions of the next head (t, 3)."""
        suitable = np.flatnonzero((residue.configurations == configuration) | (configuration < 0))
        if not len(suitable):
            suitable = np.arange(len(residue.conformers))
        chosen = self._rng.choice(suitable, size=self._n_trials)
        conformers, following = residue.conformers[chosen], residue.following[chosen]
        if not placed or residue.head is None:
            shift = self._rng.random((self._n_trials, 3)) * self.grid.edge_nm
            turns = np.stack([random_rotation(self._rng) for _ in range(self._n_trials)])
            centre = conformers.mean(axis=1)
            return _moved(conformers, turns, centre, shift), _moved(following[:, None], turns, centre, shift)[:, 0]
        last = placed[-1]
        if last.residue.tail is None:
            raise ValueError(f"residue {last.residue.name} has no tail atom to grow from")
        bond = last.following - last.positions[last.residue.tail]
        angles = np.asarray(
            (np.arange(self._n_trials) + self._rng.random()) * (2.0 * np.pi / self._n_trials), dtype=np.float64
        )
        spins = rotations_about(bond, angles)
        heads = conformers[:, residue.head]
        aligned = np.stack(
            [rotation_between(p - h, -bond) for p, h in zip(residue.previous[chosen], heads, strict=True)]
        )
        turns = spins @ aligned
        target = np.broadcast_to(last.following, (self._n_trials, 3))
        return _moved(conformers, turns, heads, target), _moved(following[:, None], turns, heads, target)[:, 0]

    def _overlap_energies(
        self, residue: Residue, positions: FloatArray, following: FloatArray, placed: list[_Placed]
    ) -> FloatArray:
        radii = vdw_radii_nm(residue.atomic_numbers)
        distances = residue.bonds_to_head
        if residue.tail is not None:
            # Include the position of the next head, so that chains do not grow into dead ends that are one step ahead.
            positions = np.concatenate([positions, following[:, None]], axis=1)
            radii = np.append(radii, GHOST_RADIUS_NM)
            distances = np.append(distances, distances[residue.tail] + 1)
        if not placed or residue.head is None:
            return np.array(
                [self._energy(trial[None], radii, distances, trial.mean(axis=0), placed)[0] for trial in positions]
            )
        return self._energy(positions, radii, distances, placed[-1].following, placed)

    def _energy(
        self, positions: FloatArray, radii: FloatArray, distances: IntArray, centre: FloatArray, placed: list[_Placed]
    ) -> FloatArray:
        """Overlap energy of trials (t, n, 3) in kT, infinite if atoms are closer than a hard contact."""
        reach = float(np.linalg.norm(positions - centre, axis=2).max()) + 0.4
        near = self.grid.near(centre, reach)
        if not len(near):
            return np.zeros(len(positions))
        offset = self.grid.minimum_image(self.grid.positions[near] - centre)
        near, offset = near[keep := np.linalg.norm(offset, axis=1) < reach], offset[keep]
        excluded = self._excluded(near, placed, distances)
        wide = 2.0 * reach > self.grid.edge_nm
        contact = radii[:, None] + self._radii[near][None, :]
        energies = np.empty(len(positions))
        for trial, local in enumerate(positions - centre):
            gap = local[:, None, :] - offset[None, :, :]
            if wide:
                gap = self.grid.minimum_image(gap)
            ratio = np.sqrt(np.einsum("ijk,ijk->ij", gap, gap)) / contact
            ratio[excluded] = np.inf
            blocked = bool((ratio < self._hard_contact).any())
            energies[trial] = np.inf if blocked else PENALTY * (np.maximum(0.0, 1.0 - ratio / SOFT_CONTACT) ** 2).sum()
        return energies

    def _excluded(self, near: IntArray, placed: list[_Placed], distances: IntArray) -> np.ndarray:
        """Pairs (new atom, near atom) at most `EXCLUDED_BONDS` bonds apart; `distances` are bonds to the new head."""
        mask = np.zeros((len(distances), len(near)), dtype=bool)
        bridge = 1
        for earlier in reversed(placed):
            if bridge > EXCLUDED_BONDS:
                break
            here = (near >= earlier.first) & (near < earlier.first + earlier.residue.n_atoms)
            local = near[here] - earlier.first
            apart = distances[:, None] + bridge + earlier.residue.bonds_to_tail[local][None, :]
            mask[:, here] = apart <= EXCLUDED_BONDS
            bridge += earlier.residue.span + 1
        return mask

    def _spears(self, step: _Placed, placed: list[_Placed]) -> bool:
        """Return whether a new bond would pass through a ring, or a bond through a new ring."""
        pairs = step.residue.bonds + step.first
        segments = step.positions[step.residue.bonds]
        if placed and step.residue.head is not None and placed[-1].residue.tail is not None:
            joint = np.array([[placed[-1].positions[placed[-1].residue.tail], step.positions[step.residue.head]]])
            segments = np.concatenate([segments, joint])
            pairs = np.concatenate(
                [pairs, [[placed[-1].first + placed[-1].residue.tail, step.first + step.residue.head]]]
            )
        middle = step.positions.mean(axis=0)
        reach = float(np.linalg.norm(step.positions - middle, axis=1).max()) + 0.45
        near = self.grid.near(middle, reach)
        rings = list({ring for atom in near.tolist() for ring in self._rings_of[atom]})
        if rings:
            centres = np.array([self._ring_centres[ring] for ring in rings])
            gaps = self.grid.minimum_image(segments.mean(axis=1)[:, None] - centres[None])
            close = (np.einsum("srk,srk->sr", gaps, gaps) < _SPEAR_REACH_NM**2).any(axis=0)
            for number in np.flatnonzero(close).tolist():
                ring = rings[number]
                outside = ~np.isin(pairs, ring).any(axis=1)
                atoms = self.grid.positions[list(ring)]
                if outside.any() and pierces(self._beside(segments[outside], atoms), atoms).any():
                    return True
        for ring in step.residue.rings:
            atoms = step.positions[list(ring)]
            gap = self.grid.minimum_image(self.grid.positions[near] - atoms.mean(axis=0))
            beside = near[np.einsum("ak,ak->a", gap, gap) < (_SPEAR_REACH_NM + 0.1) ** 2]
            bonds = np.array([(a, b) for a in beside.tolist() for b in self._bonded[a]], dtype=np.int64).reshape(-1, 2)
            if len(bonds) and pierces(self._beside(self.grid.positions[bonds], atoms), atoms).any():
                return True
        return False

    def _meets_itself(self, step: _Placed) -> bool:
        """Return whether a residue longer than the box overlaps with its own periodic image or threads a ring of it."""
        positions, residue = step.positions, step.residue
        if float(np.ptp(positions, axis=0).max()) + _SPEAR_REACH_NM < self.grid.edge_nm:
            return False
        gaps = positions[:, None] - positions[None]
        nearest = self.grid.minimum_image(gaps)
        images = (np.abs(nearest - gaps) > 0.5 * self.grid.edge_nm).any(axis=2)
        radii = vdw_radii_nm(residue.atomic_numbers)
        contact = self._hard_contact * (radii[:, None] + radii[None, :])
        if (images & (np.einsum("ijk,ijk->ij", nearest, nearest) < contact**2)).any():
            return True
        segments = positions[residue.bonds]
        for ring in residue.rings:
            atoms = positions[list(ring)]
            beside = self._beside(segments, atoms)
            images = (np.abs(beside - segments) > 0.5 * self.grid.edge_nm).any(axis=(1, 2))
            if images.any() and pierces(beside[images], atoms).any():
                return True
        return False

    def _beside(self, segments: FloatArray, ring: FloatArray) -> FloatArray:
        """Shift segments to the periodic image nearest to a ring."""
        gap = segments.mean(axis=1) - ring.mean(axis=0)
        return np.asarray(segments + (self.grid.minimum_image(gap) - gap)[:, None, :])

    def _enter(self, step: _Placed, placed: list[_Placed]) -> None:
        stop = step.first + step.residue.n_atoms
        self._radii[step.first : stop] = vdw_radii_nm(step.residue.atomic_numbers)
        self.grid.push(step.first, step.positions)
        for a, b in (step.residue.bonds + step.first).tolist():
            self._bonded[a].append(b)
            self._bonded[b].append(a)
        if len(placed) > 1 and step.residue.head is not None and placed[-2].residue.tail is not None:
            a, b = placed[-2].first + placed[-2].residue.tail, step.first + step.residue.head
            self._bonded[a].append(b)
            self._bonded[b].append(a)
        for ring in step.residue.rings:
            whole = tuple(atom + step.first for atom in ring)
            self._rings_of[whole[0]].append(whole)
            self._ring_centres[whole] = step.positions[list(ring)].mean(axis=0)

    def _leave(self, step: _Placed) -> None:
        self.grid.pop(step.residue.n_atoms)
        for atom in range(step.first, step.first + step.residue.n_atoms):
            for other in self._bonded[atom]:
                if other < step.first:
                    self._bonded[other].remove(atom)
            self._bonded[atom] = []
            self._rings_of[atom] = []


def _moved(points: FloatArray, turns: FloatArray, pivot: FloatArray, target: FloatArray) -> FloatArray:
    """Rotate points (t, n, 3) by (t, 3, 3) about pivots (t, 3), then move the pivots to targets (t, 3)."""
    return np.asarray(np.einsum("tij,tnj->tni", turns, points - pivot[:, None]) + target[:, None])


def plan_configurations(
    residues: Sequence[Residue], tacticity: str, meso_fraction: float, rng: np.random.Generator
) -> tuple[int, ...]:
    """Choose the stereo configuration of each residue of a chain.

    Args:
        residues: Templates from head to tail.
        tacticity: `isotactic` repeats the first configuration, `syndiotactic` alternates, `atactic` keeps it with the
            probability `meso_fraction`, independently at each stereocentre (Bernoullian statistics).
        meso_fraction: Probability of a meso dyad in an atactic chain.
        rng: Source of random choices.

    Returns:
        One configuration per residue, -1 where the residue has no open stereocentre.
    """
    chosen: list[int] = []
    state: int | None = None
    for residue in residues:
        if not residue.n_centres:
            chosen.append(-1)
            continue
        everything = (1 << residue.n_centres) - 1
        if state is None:
            state = int(rng.integers(everything + 1)) if tacticity == "atactic" else 0
        elif tacticity == "syndiotactic":
            state ^= everything
        elif tacticity == "atactic":
            flips = rng.random(residue.n_centres) >= meso_fraction
            state ^= int(sum(1 << i for i, flip in enumerate(flips) if flip))
        chosen.append(state & everything)
    return tuple(chosen)
