"""Conformers cut out of a cell."""

import numpy as np
import pytest
from rdkit.Chem import rdMolTransforms

from mdcore.calculations.cell_conformers import CellConformers
from mdcore.cell import grow_cell, plan_homopolymer
from mdcore.chem import RepeatUnit
from mdcore.chem.seeds import rng_for
from mdcore.optics import OpticsFailed
from mdcore.optics import density_functional as tier
from mdcore.optics.density_functional import dft_refractions
from mdcore.optics.geometry import conformers, relax_keeping_torsions
from mdcore.optics.scheme import scheme_for
from mdcore.settings.simulation import CellSettings

UNITS = {
    "*CC(*)c1ccccc1": 16,
    "*CC(*)(C)C(=O)OC": 16,
    "*Oc1ccc(C(=O)OCC*)cc1": 16,
    "*CC(*)[N+](=O)[O-]": 16,  # a cell knows no formal charges
}


def source(psmiles: str, atoms: int = 120) -> CellConformers:
    unit = RepeatUnit.from_psmiles(psmiles, elements=None)
    settings = CellSettings(n_chains=2, atoms_per_chain=atoms)
    cell = grow_cell(plan_homopolymer(unit, settings, 3), 0.3, rng_for(3, unit.key, "growth"))
    names = ("atomic_numbers", "bonds", "residue_index", "chain_index")
    arrays = {name: getattr(cell.topology, name) for name in names}
    box = np.diag(cell.box_nm)
    wrapped = cell.positions_nm - box * np.floor(cell.positions_nm / box)
    return CellConformers(unit, arrays, wrapped, cell.box_nm, "0123456789abcdef0123")


@pytest.mark.parametrize("psmiles", UNITS)
def test_stretches_are_the_oligomer_with_whole_bonds(psmiles):
    cell = source(psmiles)
    oligomer = scheme_for(cell.unit, UNITS[psmiles]).oligomer
    found = cell(oligomer, 3, 1)
    assert len(found) == 3
    lengths = []
    for mol in found:
        assert mol.GetNumHeavyAtoms() == oligomer.GetNumAtoms()
        conformer = mol.GetConformer()
        for bond in mol.GetBonds():
            lengths.append(rdMolTransforms.GetBondLength(conformer, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
    # Wrapped coordinates were made whole, and the relaxation left no strained bond.
    assert 0.9 < min(lengths) < max(lengths) < 1.65
    assert len({tuple(np.round(m.GetConformer().GetPositions()[0], 6)) for m in found}) == 3


def test_torsions_are_those_of_the_cell():
    cell = source("*CC*")
    oligomer = scheme_for(cell.unit, 16).oligomer
    mol = cell(oligomer, 1, 4)[0]
    conformer = mol.GetConformer()
    carbons = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() == 6]
    ends = [i for i in carbons if sum(n.GetAtomicNum() == 6 for n in mol.GetAtomWithIdx(i).GetNeighbors()) == 1]
    path = [ends[0]]
    while len(path) < len(carbons):
        path.append(
            next(
                n.GetIdx()
                for n in mol.GetAtomWithIdx(path[-1]).GetNeighbors()
                if n.GetAtomicNum() == 6 and n.GetIdx() not in path
            )
        )
    found = [rdMolTransforms.GetDihedralDeg(conformer, *path[i : i + 4]) for i in range(len(path) - 3)]
    chain = [
        i for i, z in enumerate(cell.arrays["atomic_numbers"].tolist()) if z == 6 and cell.arrays["chain_index"][i] == 0
    ]
    assert len(chain) > len(path)
    every = []
    for number in (0, 1):
        members = [
            i
            for i, z in enumerate(cell.arrays["atomic_numbers"].tolist())
            if z == 6 and cell.arrays["chain_index"][i] == number
        ]
        every.append([dihedral(cell, members[i : i + 4]) for i in range(len(members) - 3)])
    length = len(found)
    windows = [w[i : i + length] for w in every for i in range(len(w) - length + 1)]
    differences = [
        max(abs((a - b + 180.0) % 360.0 - 180.0) for a, b in zip(found, candidate, strict=True))
        for window in windows
        for candidate in (window, window[::-1])
    ]
    assert min(differences) < 5.0


def dihedral(cell: CellConformers, atoms: list[int]) -> float:
    steps = np.diff(cell.positions_nm[atoms], axis=0)
    steps -= np.diag(cell.box_nm) * np.round(steps / np.diag(cell.box_nm))
    first, second = np.cross(steps[0], steps[1]), np.cross(steps[1], steps[2])
    return float(np.degrees(np.arctan2(np.linalg.norm(steps[1]) * steps[0] @ second, first @ second)))


def test_the_choice_follows_the_seed():
    cell = source("*CC(*)c1ccccc1")
    oligomer = scheme_for(cell.unit, 16).oligomer
    first, again, other = (cell(oligomer, 1, seed)[0].GetConformer().GetPositions() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_chains_that_are_too_short_are_an_error():
    cell = source("*CC(*)c1ccccc1", atoms=40)
    oligomer = scheme_for(cell.unit, 16).oligomer
    with pytest.raises(OpticsFailed, match="simulate longer chains, or set conformers to etkdg"):
        cell(oligomer, 9, 1)


def test_the_tier_averages_them_and_keeps_them_under_the_run(monkeypatch):
    cell, seen, cache = source("*CC(*)c1ccccc1"), [], {}

    def fake(molecule, level, omegas=None, *, device="auto"):
        seen.append(molecule)
        return np.array([9.0, 9.2, 9.3, 9.5, 9.7])[:, None, None] * np.eye(3) * len(molecule.symbols)

    monkeypatch.setattr(tier, "polarizability", fake)
    monkeypatch.setattr(tier, "require_pyscf", lambda: None)
    dft_refractions(cell.unit, n_conformers=2, cache=cache, source=cell)
    assert len(seen) == 4  # two oligomers for each of two conformers
    dft_refractions(cell.unit, n_conformers=2, cache=cache)
    assert sorted("|cell 0123456789abcdef|" in key for key in cache) == [False, True]


def test_relaxation_takes_out_strain_and_leaves_torsions():
    mol = conformers(RepeatUnit.from_psmiles("*CCO*").oligomer(2), 1, 5)[0]
    positions = mol.GetConformer().GetPositions()
    rng = np.random.default_rng(0)
    conformer = mol.GetConformer()
    for i, position in enumerate(positions + rng.normal(0, 0.05, positions.shape)):
        conformer.SetAtomPosition(i, position.tolist())
    relaxed = relax_keeping_torsions(mol)
    heavy = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() > 1]
    before, after = (
        [rdMolTransforms.GetDihedralDeg(m.GetConformer(), *heavy[i : i + 4]) for i in range(len(heavy) - 3)]
        for m in (mol, relaxed)
    )
    assert max(abs((a - b + 180.0) % 360.0 - 180.0) for a, b in zip(before, after, strict=True)) < 3.0
    assert rdMolTransforms.GetBondLength(relaxed.GetConformer(), heavy[0], heavy[1]) == pytest.approx(1.52, abs=0.02)
