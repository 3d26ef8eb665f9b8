"""Chains and cells: distinct, free of overlaps and spears, with the tacticity that was asked for."""

from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem

from mdcore.cell import (
    AlternatingSequence,
    BlockSequence,
    RandomSequence,
    chain_length,
    density_estimate_g_cm3,
    draw_sequence,
    find_spears,
    grow_cell,
    make_topology,
    melt_temperature_k,
    pierces,
    plan_copolymer,
    plan_homopolymer,
    plan_liquid,
    repair_spears,
)
from mdcore.cell.cell import chain_ends
from mdcore.cell.geometry import rotation_between
from mdcore.cell.grid import PeriodicGrid
from mdcore.cell.growth import plan_configurations
from mdcore.chem import RepeatUnit, rng_for
from mdcore.chem.notation import read_molecule
from mdcore.measure import Homopolymer, Liquid
from mdcore.settings import CellSettings, preset

PMMA = "*CC(*)(C)C(=O)OC"


def grown(text: str, seed: int = 1, **cell):
    unit = RepeatUnit.from_psmiles(text)
    settings = CellSettings(**{"n_chains": 3, "atoms_per_chain": 120, **cell})
    plans = plan_homopolymer(unit, settings, seed)
    return grow_cell(plans, settings.growth_density_g_cm3, rng_for(seed, unit.key, "growth"))


def contacts(cell) -> np.ndarray:
    """Shortest periodic distance between atoms more than three bonds apart or in different chains, in nm."""
    topology = cell.topology
    graph = Chem.RWMol()
    for number in topology.atomic_numbers.tolist():
        graph.AddAtom(Chem.Atom(number))
    for a, b in topology.bonds.tolist():
        graph.AddBond(a, b, Chem.BondType.SINGLE)
    bonds_apart = np.asarray(Chem.GetDistanceMatrix(graph))
    gap = cell.positions_nm[:, None] - cell.positions_nm[None]
    gap -= np.diag(cell.box_nm) * np.rint(gap / np.diag(cell.box_nm))
    distance = np.linalg.norm(gap, axis=2)
    return distance[bonds_apart > 3]


@pytest.mark.parametrize("text", ["*CC*", "*CC(*)c1ccccc1", PMMA, "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(=O)*"])
def test_grown_cells_have_no_overlaps_and_right_bonds(text):
    cell = grown(text)
    assert contacts(cell).min() > 0.11
    bonds = cell.positions_nm[cell.topology.bonds]
    lengths = np.linalg.norm(bonds[:, 0] - bonds[:, 1], axis=1)
    assert lengths.min() > 0.09
    assert lengths.max() < 0.19
    assert find_spears(cell.positions_nm, cell.topology.bonds, cell.topology.rings, np.diag(cell.box_nm)) == []


def test_density_of_the_cell_is_the_one_asked_for():
    cell = grown(PMMA, growth_density_g_cm3=0.2)
    table = Chem.GetPeriodicTable()
    mass = sum(table.GetAtomicWeight(int(z)) for z in cell.topology.atomic_numbers)
    assert mass / 602.214076 / np.linalg.det(cell.box_nm) == pytest.approx(0.2, rel=1e-6)


def test_chains_of_a_cell_are_distinct():
    cell = grown("*CC*")
    shapes = [cell.positions_nm[cell.topology.chain_index == chain] for chain in range(3)]
    sizes = [np.linalg.norm(shape - shape.mean(axis=0), axis=1).std() for shape in shapes]
    assert len({round(size, 4) for size in sizes}) == 3


def test_one_seed_builds_one_cell_and_another_seed_another():
    one, same, other = grown(PMMA, seed=1), grown(PMMA, seed=1), grown(PMMA, seed=2)
    np.testing.assert_array_equal(one.positions_nm, same.positions_nm)
    assert not np.allclose(one.positions_nm[:50], other.positions_nm[:50])


@pytest.mark.parametrize(("text", "expected"), [("*CC*", 40), ("*CC(*)c1ccccc1", 8), ("*OCC*", 17)])
def test_degree_of_polymerisation_follows_atoms(text, expected):
    unit = RepeatUnit.from_psmiles(text)
    primitive = RepeatUnit.from_psmiles(unit.key)
    assert chain_length(unit, 120) == round(120 / primitive.n_atoms) == expected


@pytest.mark.parametrize("tacticity", ["isotactic", "syndiotactic"])
def test_tacticity_shows_in_the_geometry(tacticity):
    cell = grown("*CC(*)C", n_chains=1, atoms_per_chain=90, tacticity=tacticity)
    residue = cell.plans[0].residues[1]
    hydrogens = [
        sum(residue.atomic_numbers[b if a == i else a] == 1 for a, b in residue.bonds.tolist() if i in (a, b))
        for i in range(residue.n_atoms)
    ]
    centre = hydrogens.index(1)
    n_units = len(cell.plans[0].residues) - 2
    signs = []
    for unit in range(1, n_units - 1):
        first = 1 + unit * residue.n_atoms
        atoms = {"head": first + residue.head, "tail": first + residue.tail}
        previous_tail = first - residue.n_atoms + residue.tail
        next_head = first + residue.n_atoms + residue.head
        here = first + centre
        bonded = [b if a == centre else a for a, b in residue.bonds.tolist() if centre in (a, b)]
        hydrogen = first + next(i for i in bonded if residue.atomic_numbers[i] == 1)
        back = previous_tail if here == atoms["head"] else first + next(i for i in bonded if i == residue.head)
        forth = next_head if here == atoms["tail"] else first + next(i for i in bonded if i == residue.tail)
        vectors = cell.positions_nm[[back, forth, hydrogen]] - cell.positions_nm[here]
        signs.append(np.sign(np.linalg.det(vectors)))
    products = np.array(signs[1:]) * np.array(signs[:-1])
    assert set(products) == {1.0 if tacticity == "isotactic" else -1.0}


def test_atactic_chains_follow_bernoulli_statistics():
    residue = grown("*CC(*)C", n_chains=1).plans[0].residues[1]
    chosen = np.array(plan_configurations([residue] * 4001, "atactic", 0.3, np.random.default_rng(5)))
    meso = (chosen[1:] == chosen[:-1]).mean()
    assert abs(meso - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 4000)


def test_a_planted_spear_is_found_across_the_boundary():
    angle = np.arange(6) * np.pi / 3
    ring = 0.14 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    rod = np.array([[0.0, 0.02, -0.07], [0.0, 0.02, 0.07]])
    assert pierces(rod[None], ring).tolist() == [True]
    assert pierces(rod[None] + [0.2, 0, 0], ring).tolist() == [False]
    assert pierces(rod[None] + [0, 0, 0.1], ring).tolist() == [False]
    positions = np.concatenate([ring, rod]) + np.array([1.0, 1.0, 1.99])
    positions[6:] -= [2.0, 0.0, 2.0]
    bonds = np.array([(i, (i + 1) % 6) for i in range(6)] + [(6, 7)])
    assert find_spears(positions, bonds, [tuple(range(6))], np.full(3, 2.0)) == [(0, 6)]
    positions[6:] += [0.3, 0.0, 0.0]
    assert find_spears(positions, bonds, [tuple(range(6))], np.full(3, 2.0)) == []


def test_grid_finds_what_brute_force_finds():
    rng = np.random.default_rng(3)
    grid = PeriodicGrid(4.0, 500)
    points = rng.random((500, 3)) * 12 - 4
    grid.push(0, points[:300])
    grid.push(300, points[300:])
    grid.pop(200)
    for centre in rng.random((20, 3)) * 4:
        gap = grid.minimum_image(points[:300] - centre)
        inside = set(np.flatnonzero(np.linalg.norm(gap, axis=1) < 0.7).tolist())
        found = grid.near(centre, 0.7).tolist()
        assert inside <= set(found)
        assert len(found) == len(set(found))
        assert max(found) < 300


def test_liquids_and_end_groups():
    mol = read_molecule("Cc1ccccc1", None)
    cell = grow_cell(plan_liquid(mol, 8, 1), 0.3, np.random.default_rng(1))
    assert cell.topology.n_atoms == 8 * 15
    assert cell.topology.n_chains == 8
    ends = chain_ends(grown(PMMA, end_groups=("*C", "*O")).plans)
    assert ends.shape == (3, 2)
    topology = make_topology(grown(PMMA, end_groups=("*C", "*O")).plans)
    first = topology.chain_index == 0
    assert (topology.atomic_numbers[first] == 8).sum() == 2 * chain_length(RepeatUnit.from_psmiles(PMMA), 120) + 1


@pytest.mark.parametrize(
    ("text", "glass_density"), [("*CC(*)c1ccccc1", 1.05), (PMMA, 1.18), ("*CC*", 0.85), ("*C(F)(F)C(*)(F)F", 2.0)]
)
def test_density_estimates_are_near_experiment(text, glass_density):
    assert density_estimate_g_cm3(RepeatUnit.from_psmiles(text)) == pytest.approx(glass_density, rel=0.15)


def test_melt_temperature_follows_the_glass_transition():
    unit = RepeatUnit.from_psmiles("*CC*")
    assert melt_temperature_k(unit) == 600.0
    assert melt_temperature_k(unit, 650.0) == 750.0
    assert melt_temperature_k(unit, 2000.0) == 1000.0
    imide = RepeatUnit.from_psmiles("*c1ccc(Oc2ccc(N3C(=O)c4ccc5c(c4C3=O)C(=O)N(*)C5=O)cc2)cc1")
    assert melt_temperature_k(imide) == 800.0


def test_melts_at_constant_volume_get_all_heat_and_liquids_none():
    unit, quick, standard = RepeatUnit.from_psmiles("*CC*"), preset("quick").protocol, preset("standard").protocol
    polymer = Homopolymer(unit)
    assert polymer.hottest_k(quick) == 1000.0
    former = preset("standard-1").protocol
    assert polymer.hottest_k(former) == 600.0
    assert polymer.hottest_k(former.model_copy(update={"glass_transition_K": 650.0})) == 750.0
    assert polymer.hottest_k(standard) == 600.0
    assert polymer.hottest_k(standard.model_copy(update={"glass_transition_K": 400.0})) == 650.0
    assert Liquid("CCO").hottest_k(quick) == 300.0
    assert polymer.hottest_k(quick.model_copy(update={"temperature_K": 1200.0})) == 1200.0


def test_sequences_of_copolymers():
    rng = np.random.default_rng(1)
    assert draw_sequence(AlternatingSequence(), [10, 20], 120, rng) == (0, 1) * 4
    assert draw_sequence(BlockSequence(fractions=(0.25, 0.75)), [10, 10], 80, rng) == (0, 0, 1, 1, 1, 1, 1, 1)
    drawn = draw_sequence(RandomSequence(fractions=(0.2, 0.8)), [10, 10], 40000, rng)
    assert abs(np.mean(drawn) - 0.8) < 4 * np.sqrt(0.2 * 0.8 / 4000)
    with pytest.raises(ValueError, match="one for each"):
        draw_sequence(RandomSequence(fractions=(0.5, 0.5)), [1, 2, 3], 50, rng)
    with pytest.raises(ValueError, match="sum to 1"):
        RandomSequence(fractions=(0.5, 0.6))


def test_a_copolymer_cell_holds_both_units():
    units = [RepeatUnit.from_psmiles(text) for text in ("*CC(*)c1ccccc1", "*CC(*)C#N")]
    settings = CellSettings(n_chains=2, atoms_per_chain=120)
    plans = plan_copolymer(units, AlternatingSequence(), settings, 1)
    cell = grow_cell(plans, 0.3, rng_for(1, "copolymer", "growth"))
    numbers = cell.topology.atomic_numbers
    length = len(plans[0].residues) - 2
    assert (numbers == 7).sum() == 2 * (length // 2)
    assert cell.topology.n_atoms == 2 * ((length + 1) // 2 * 16 + length // 2 * 7 + 2)
    with pytest.raises(ValueError, match="at least 2 repeat units"):
        plan_copolymer(units[:1], AlternatingSequence(), settings, 1)


def test_a_residue_longer_than_the_box_keeps_clear_of_its_own_image():
    from mdcore.cell.growth import ChainGrower, _Placed

    residue = plan_liquid(read_molecule("C" * 12 + "c1ccccc1", None), 1, seed=1)[0].residues[0]
    positions = residue.conformers[0]
    extent = np.ptp(positions, axis=0)
    long = positions[:, np.argsort(-extent)]  # its longest direction along x
    length = float(np.ptp(long[:, 0]))
    for edge_nm, meets in ((length + 1.0, False), (0.3 * length, True)):
        grower = ChainGrower(edge_nm, residue.n_atoms, np.random.default_rng(1))
        assert grower._meets_itself(_Placed(residue, 0, long, np.full(3, np.nan))) is meets


def test_a_planted_spear_is_repaired_by_growing_its_chain_anew():
    cell = grown("*CC(*)c1ccccc1", n_chains=2)
    assert repair_spears(cell, np.random.default_rng(1)) is cell
    topology, positions = cell.topology, cell.positions_nm.copy()
    ring = next(list(r) for r in topology.rings if topology.chain_index[r[0]] == 0)
    bond = next(
        b
        for b in topology.bonds.tolist()
        if topology.chain_index[b[0]] == 1 and (topology.atomic_numbers[b] == 6).all()
    )
    atoms = positions[ring] - positions[ring].mean(axis=0)
    normal = np.cross(atoms[0], atoms[2])
    normal /= np.linalg.norm(normal)
    # The whole second chain moves so that one of its bonds stands upright in the ring.
    chain = topology.chain_index == 1
    turn = rotation_between(positions[bond[1]] - positions[bond[0]], normal)
    middle = positions[bond].mean(axis=0)
    positions[chain] = (positions[chain] - middle) @ turn.T + positions[ring].mean(axis=0)
    planted = replace(cell, positions_nm=positions)
    box = np.diag(cell.box_nm)
    assert find_spears(positions, topology.bonds, topology.rings, box)
    repaired = repair_spears(planted, np.random.default_rng(1))
    assert find_spears(repaired.positions_nm, topology.bonds, topology.rings, box) == []
    np.testing.assert_array_equal(repaired.positions_nm[~chain], positions[~chain])
    assert contacts(repaired).min() > 0.11
