"""Amorphous cells: chains, or molecules of a liquid, grown into a periodic box."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from mdcore.cell.growth import ChainGrower, ChainPlan, plan_configurations
from mdcore.cell.residue import make_residue
from mdcore.cell.sequence import UnitSequence, draw_sequence
from mdcore.cell.spearing import find_spears
from mdcore.cell.topology import FloatArray, IntArray, Topology
from mdcore.chem.box import is_rectangular
from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.chem.errors import BuildError
from mdcore.chem.notation import HEAD, TAIL, read_end_group, stars_of
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.chem.seeds import openmm_seed, rng_for
from mdcore.settings.simulation import CellSettings

_DILUTIONS = (1.0, 0.85, 0.7, 0.5, 0.3)
_PATIENT_BELOW = 0.8


@dataclass(frozen=True)
class Cell:
    """A periodic cell of chains.

    Attributes:
        topology: Atoms, bonds, residues, chains.
        plans: Templates of the chains.
        positions_nm: Shape (n, 3), chains whole (unwrapped).
        box_nm: Box, shape (3, 3), rows are the vectors; chains grow in a cube.
    """

    topology: Topology
    plans: tuple[ChainPlan, ...]
    positions_nm: FloatArray
    box_nm: FloatArray

    @property
    def mass_amu(self) -> float:
        """Mass of all atoms in dalton."""
        return float(self.topology.masses_amu.sum())


def chain_length(unit: RepeatUnit, atoms_per_chain: int) -> int:
    """Return the number of primitive units whose chain is closest to `atoms_per_chain` atoms, at least 1."""
    primitive = RepeatUnit.from_psmiles(unit.key, elements=None)
    return max(1, round(atoms_per_chain / primitive.n_atoms))


def plan_homopolymer(unit: RepeatUnit, settings: CellSettings, seed: int) -> tuple[ChainPlan, ...]:
    """Plan the chains of a homopolymer cell from the primitive repeat unit.

    Args:
        unit: The repeat unit; only its key matters.
        settings: Number and length of chains, tacticity, end groups.
        seed: Seed of the simulation.

    Raises:
        BuildError: No conformer of the unit could be embedded.
    """
    length = chain_length(unit, settings.atoms_per_chain)
    return _plans([unit], lambda rng: (0,) * length, settings, seed, unit.key)


def plan_copolymer(
    units: Sequence[RepeatUnit], sequence: UnitSequence, settings: CellSettings, seed: int
) -> tuple[ChainPlan, ...]:
    """Plan the chains of a copolymer cell; the sequence of each chain is drawn independently.

    Args:
        units: Two or more repeat units, joined head to tail as written.
        sequence: Sequence of the units along the chain.
        settings: Number and length of chains, tacticity, end groups.
        seed: Seed of the simulation.

    Raises:
        BuildError: No conformer of a unit could be embedded.
        ValueError: There are fewer than two units, or the fractions do not match them.
    """
    if len(units) < 2:
        raise ValueError(f"a copolymer needs at least 2 repeat units, got {len(units)}; add one or plan a homopolymer")
    sizes = [unit.n_atoms for unit in units]
    key = ".".join(unit.psmiles for unit in units)
    return _plans(units, lambda rng: draw_sequence(sequence, sizes, settings.atoms_per_chain, rng), settings, seed, key)


def _plans(
    units: Sequence[RepeatUnit],
    draw: Callable[[np.random.Generator], tuple[int, ...]],
    settings: CellSettings,
    seed: int,
    key: str,
) -> tuple[ChainPlan, ...]:
    template_seed = openmm_seed(seed, key, "conformers")
    # A homopolymer is defined by its key; the units of a copolymer are joined as written.
    mols = [units[0].primitive_mol] if len(units) == 1 else [unit.mol for unit in units]
    heads = [_anchor_element(mol, HEAD) for mol in mols]
    tails = [_anchor_element(mol, TAIL) for mol in mols]
    middle = [make_residue(mol, "UNL", {HEAD: _common(tails), TAIL: _common(heads)}, template_seed) for mol in mols]
    ends = []
    for label, text, element in zip((TAIL, HEAD), settings.end_groups, (_common(heads), _common(tails)), strict=True):
        group = read_end_group(text, None)
        stars_of(group)[0].SetIsotope(label)
        ends.append(make_residue(group, "CAP", {label: element}, template_seed, n_conformers=4))
    plans = []
    for index in range(settings.n_chains):
        rng = rng_for(seed, key, f"tacticity {index}")
        residues = (ends[0], *(middle[kind] for kind in draw(rng)), ends[1])
        plans.append(
            ChainPlan(residues, plan_configurations(residues, settings.tacticity, settings.meso_fraction, rng))
        )
    return tuple(plans)


def _common(elements: Sequence[int]) -> int:
    """Return the element that all units have at a joint, else carbon; it only represents the neighbour in conformers."""
    return elements[0] if len(set(elements)) == 1 else 6


def plan_liquid(mol: Chem.Mol, n_molecules: int, seed: int) -> tuple[ChainPlan, ...]:
    """Plan the cell of a molecular liquid.

    Args:
        mol: One molecule without stars.
        n_molecules: Number of molecules.
        seed: Seed of the simulation.
    """
    key = str(Chem.MolToSmiles(mol))
    residue = make_residue(mol, "MOL", {}, openmm_seed(seed, key, "conformers"))
    return (ChainPlan((residue,), (-1,)),) * n_molecules


def grow_cell(plans: Sequence[ChainPlan], density_g_cm3: float, rng: np.random.Generator) -> Cell:
    """Grow chains into a cubic cell without overlaps and without ring spearing.

    If the chains do not fit, growth is repeated at 85, 70, 50 and 30 % of the density, from 70 % on with more trial placements.

    Args:
        plans: The chains.
        density_g_cm3: Density to grow at.
        rng: Source of random choices.

    Raises:
        BuildError: The chains do not fit at any of these densities.
    """
    topology = make_topology(plans)
    mass = sum(topology.masses_amu.tolist())
    for dilution in _DILUTIONS:
        edge_nm = float((mass * DALTON_PER_NM3_TO_G_CM3 / (density_g_cm3 * dilution)) ** (1.0 / 3.0))
        grower = ChainGrower(edge_nm, topology.n_atoms, rng, patient=dilution < _PATIENT_BELOW)
        first = 0
        for plan in plans:
            if not grower.grow(plan, first):
                break
            first += plan.n_atoms
        else:
            positions = grower.grid.positions
            spears = find_spears(positions, topology.bonds, topology.rings, np.full(3, edge_nm))
            if spears:
                raise BuildError(
                    f"growth left {len(spears)} speared rings; this is a bug, please report the repeat unit"
                )
            return Cell(topology, tuple(plans), positions, np.eye(3) * edge_nm)
    raise BuildError(
        f"{len(plans)} chains do not fit at {density_g_cm3 * _DILUTIONS[-1]:.3f} g/cm3; lower growth_density_g_cm3 or atoms_per_chain"
    )


def repair_spears(cell: Cell, rng: np.random.Generator) -> Cell:
    """Regrow every chain with a bond that passes through a ring, keeping all other chains in place.

    Args:
        cell: A cell, for example one read from elsewhere.
        rng: Source of random choices.

    Returns:
        The cell without speared rings; the same cell if it has none.

    Raises:
        BuildError: A chain cannot be placed among the others, or the box is not a cube.
    """
    edges = np.diag(cell.box_nm)
    if not is_rectangular(cell.box_nm) or np.any(edges != edges[0]):
        raise BuildError("chains can only be regrown in a cubic box; pass a cubic cell")
    spears = find_spears(cell.positions_nm, cell.topology.bonds, cell.topology.rings, edges)
    if not spears:
        return cell
    guilty = {int(cell.topology.chain_index[cell.topology.bonds[bond, 0]]) for _, bond in spears}
    grower = ChainGrower(float(edges[0]), cell.topology.n_atoms, rng)
    starts = np.cumsum([0, *(plan.n_atoms for plan in cell.plans)])
    for chain, plan in enumerate(cell.plans):
        if chain not in guilty:
            grower.adopt(plan, int(starts[chain]), cell.positions_nm[starts[chain] : starts[chain + 1]])
    for chain in sorted(guilty):
        if not grower.grow(cell.plans[chain], int(starts[chain])):
            raise BuildError(f"chain {chain} passes through a ring and cannot be regrown; build with another seed")
    return Cell(cell.topology, cell.plans, grower.grid.positions.copy(), cell.box_nm)


def make_topology(plans: Sequence[ChainPlan]) -> Topology:
    """Join the templates of all chains into one topology."""
    numbers, isotopes, charges, bonds, orders, residue_ids, local_ids, chain_ids = [], [], [], [], [], [], [], []
    names: list[str] = []
    rings: list[tuple[int, ...]] = []
    first = 0
    for chain, plan in enumerate(plans):
        previous_tail: int | None = None
        for residue in plan.residues:
            n = residue.n_atoms
            numbers.append(residue.atomic_numbers)
            isotopes.append(residue.isotopes)
            charges.append(residue.formal_charges)
            bonds.append(residue.bonds + first)
            orders.append(residue.bond_orders)
            if previous_tail is not None and residue.head is not None:
                bonds.append(np.array([[previous_tail, first + residue.head]], dtype=np.int64))
                orders.append(np.ones(1, dtype=np.int64))
            residue_ids.append(np.full(n, len(names), dtype=np.int64))
            local_ids.append(np.arange(n, dtype=np.int64))
            chain_ids.append(np.full(n, chain, dtype=np.int64))
            rings.extend(tuple(atom + first for atom in ring) for ring in residue.rings)
            names.append(residue.name)
            previous_tail = None if residue.tail is None else first + residue.tail
            first += n
    return Topology(
        atomic_numbers=np.concatenate(numbers),
        isotopes=np.concatenate(isotopes),
        formal_charges=np.concatenate(charges),
        bonds=np.concatenate(bonds),
        bond_orders=np.concatenate(orders),
        residue_index=np.concatenate(residue_ids),
        local_index=np.concatenate(local_ids),
        chain_index=np.concatenate(chain_ids),
        residue_names=tuple(names),
        rings=tuple(rings),
    )


def chain_ends(plans: Sequence[ChainPlan]) -> IntArray:
    """Return the first and last backbone atom of every chain, shape (n_chains, 2); first and last atom of a molecule."""
    ends = []
    first = 0
    for plan in plans:
        starts = first + np.cumsum([0, *(residue.n_atoms for residue in plan.residues)])
        if len(plan.residues) > 2:
            head, tail = plan.residues[1].head, plan.residues[-2].tail
            ends.append((int(starts[1]) + (head or 0), int(starts[-3]) + (tail or 0)))
        else:
            ends.append((first, int(starts[-1]) - 1))
        first = int(starts[-1])
    return np.array(ends, dtype=np.int64).reshape(-1, 2)


def chain_segments(plans: Sequence[ChainPlan]) -> IntArray:
    """Return the segments of which the nematic order is computed, shape (m, 2), atom indices.

    A segment joins the head atoms of neighbouring repeat units, or of second neighbours if a unit has a single backbone atom, so
    that the zigzag of the bonds does not contribute.
    """
    segments: list[tuple[int, int]] = []
    first = 0
    for plan in plans:
        starts = first + np.cumsum([0, *(residue.n_atoms for residue in plan.residues)])
        heads = [
            int(start) + residue.head
            for start, residue in zip(starts, plan.residues, strict=False)
            if residue.head is not None and residue.tail is not None
        ]
        step = 2 if all(residue.span == 0 for residue in plan.residues) else 1
        segments.extend(zip(heads[:-step], heads[step:], strict=True))
        first = int(starts[-1])
    return np.array(segments, dtype=np.int64).reshape(-1, 2)


def _anchor_element(mol: Chem.Mol, label: int) -> int:
    star = next(atom for atom in stars_of(mol) if atom.GetIsotope() == label)
    return int(star.GetNeighbors()[0].GetAtomicNum())
