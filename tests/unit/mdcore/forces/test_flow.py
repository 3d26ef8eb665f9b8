"""The flow of energy against the time derivative of the energy-weighted positions, which is an identity for each kind of term."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mdcore.forces.constraints import Constraints
from mdcore.forces.flow import BETWEEN, COMPONENTS, WITHIN, HeatFlow, HeatPath, frame_flow
from mdcore.forces.interactions import Interactions
from mdcore.forces.terms import SystemTerms, TermTable

TILTED = np.array([[1.9, 0.0, 0.0], [0.7, 1.8, 0.0], [-0.6, 0.5, 1.8]])
PATH = HeatPath(1, (0.9, 1.1), (0.4, 0.6))
NONE = {kind: TermTable(np.zeros((0, k), dtype=np.int64), np.zeros((0, p))) for kind, k, p in (
    ("bonds", 2, 2), ("angles", 3, 2), ("torsions", 4, 3), ("impropers", 4, 3), ("exceptions", 2, 3), ("constraints", 2, 1)
)}  # fmt: skip


def molecules(coulomb: str = "ewald") -> tuple[SystemTerms, np.ndarray, np.ndarray]:
    """Return zigzag chains of ten atoms with all kinds of terms, their chains, and places that cross the faces of the box."""
    rng = np.random.default_rng(3)
    n = 16
    rows = np.stack(np.meshgrid(*[np.arange(4) / 4] * 2), axis=-1).reshape(-1, 2) @ TILTED[1:]
    zigzag = np.stack([0.12 * np.arange(10), 0.07 * (np.arange(10) % 2), np.zeros(10)], axis=1)
    shifts = rng.uniform(size=(n, 1, 1)) * TILTED[0]
    places = rows[:, None] + shifts + zigzag + rng.normal(scale=0.015, size=(n, 10, 3))
    places = places.reshape(-1, 3)
    starts = 10 * np.arange(n)[:, None]
    tables: dict[str, Any] = {}
    values = {
        "bonds": (2, 8, (0.15, 2e5)), "angles": (3, 8, (1.9, 400.0)), "torsions": (4, 7, (3.0, 0.3, 6.0)), "impropers": (4, 3, (2.0, 3.1, 9.0))
    }  # fmt: skip
    for kind, (size, count, parameters) in values.items():
        atoms = (starts[..., None] + np.arange(count)[:, None] + np.arange(size)).reshape(-1, size)
        tables[kind] = TermTable(atoms, np.tile(parameters, (len(atoms), 1)))
    charges = rng.normal(scale=0.3, size=10 * n)
    excluded = np.array([(10 * m + i, 10 * m + i + k) for k in (1, 2, 3) for m in range(n) for i in range(10 - k)])
    scaled = 0.8 * (excluded[:, 1] - excluded[:, 0] == 3)
    tables["exceptions"] = TermTable(
        excluded, np.stack([scaled * charges[excluded].prod(axis=1), 0 * scaled + 0.25, 0.5 * scaled], axis=1)
    )
    # Atom 8 of each chain is bound to its neighbours by constraints that share it.
    held = np.concatenate([starts + [8, 9], starts + [7, 8]])
    lengths = np.linalg.norm(places[held[:, 0]] - places[held[:, 1]], axis=1)
    tables["constraints"] = TermTable(held, lengths[:, None])
    terms = SystemTerms(
        masses_amu=rng.uniform(3.0, 16.0, size=10 * n), charges=charges, sigmas=rng.uniform(0.2, 0.3, 10 * n),
        epsilons=rng.uniform(0.2, 0.6, 10 * n), cutoff_nm=0.8, switch_nm=0.7, coulomb=coulomb, dielectric=78.3, **tables,
    )  # fmt: skip
    return terms, np.repeat(np.arange(n), 10), places


def only(terms: SystemTerms, kind: str) -> SystemTerms:
    """Return a System with one kind of interaction."""
    bare = replace(terms, **{name: NONE[name] for name in NONE if name != kind})
    if kind != "van_der_waals":
        bare = replace(bare, epsilons=np.zeros(terms.n_atoms))
    if kind != "electrostatic":
        bare = replace(bare, charges=np.zeros(terms.n_atoms))
    if kind in ("electrostatic", "van_der_waals"):
        excluded = terms.exceptions
        bare = replace(bare, exceptions=TermTable(excluded.atoms, 0.0 * excluded.values))
    return bare


def total_forces(terms: SystemTerms, places: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    forces = np.zeros_like(places)
    for batch in Interactions(terms)(places, TILTED):
        np.add.at(forces, batch.atoms, batch.forces)
    if len(terms.constraints):
        batch = Constraints.of(terms).forces(places, TILTED, velocities, forces)
        np.add.at(forces, batch.atoms, batch.forces)
    return forces


def weighted_energy(terms: SystemTerms, chains: np.ndarray, places: np.ndarray, velocities: np.ndarray) -> float:
    """Return the sum of the energies of the atoms times how far they are on the path."""
    flow = HeatFlow(Interactions(terms), chains, PATH).frame(places, velocities, TILTED)
    kinetic = 0.5 * terms.masses_amu * (velocities**2).sum(axis=1)
    return float((flow.energies.sum(axis=0) + kinetic) @ PATH.progress(places, TILTED)[0])


def velocities_of(terms: SystemTerms, places: np.ndarray) -> np.ndarray:
    drawn = np.random.default_rng(8).normal(size=places.shape) * np.sqrt(2.5 / terms.masses_amu)[:, None]
    return Constraints.of(terms).projected(places, TILTED, drawn) if len(terms.constraints) else drawn


KINDS = (*(name for name in COMPONENTS if "convection" not in name), "all")


@pytest.mark.parametrize("coulomb", ["ewald", "reaction field"])
@pytest.mark.parametrize("kind", KINDS)
def test_flow_is_the_derivative_of_the_energy_weighted_positions(kind, coulomb):
    terms, chains, places = molecules(coulomb=coulomb)
    terms = terms if kind == "all" else only(terms, kind)
    velocities = velocities_of(terms, places)
    accelerations = total_forces(terms, places, velocities) / terms.masses_amu[:, None]
    step = 1e-6
    ends = [
        weighted_energy(terms, chains, places + sign * step * velocities, velocities + sign * step * accelerations)
        for sign in (-1.0, 1.0)
    ]
    flow = HeatFlow(Interactions(terms), chains, PATH).frame(places, velocities, TILTED)
    derivative = (ends[1] - ends[0]) / (2 * step)
    scale = np.abs(flow.powers).sum()
    assert flow.powers.sum() == pytest.approx(derivative, abs=2e-6 * scale)
    if kind != "all":
        assert np.abs(flow.powers[COMPONENTS.index(kind)]).sum() > 1e-3 * scale
        others = [i for i, name in enumerate(COMPONENTS) if name != kind and "convection" not in name]
        assert not flow.powers[others].any()
