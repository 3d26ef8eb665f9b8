"""The flow of energy against the time derivative of the energy-weighted positions, which is an identity for each kind of term."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mdcore.forces.constraints import Constraints
from mdcore.forces.flow import BETWEEN, COMPONENTS, WITHIN, HeatFlow, HeatPath, heat_flow_series
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
        "bonds": (2, 8, (0.15, 2e5)), "angles": (3, 8, (1.9, 400.0)), "torsions": (4, 7, (3.0, 0.3, 6.0)),
        "impropers": (4, 3, (2.0, 3.1, 9.0)),
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
    held = np.concatenate([starts + np.array(pair) for pair in ((8, 9), (7, 8))])
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
    np.testing.assert_allclose(flow.kinetic, 0.5 * terms.masses_amu * (velocities**2).sum(axis=1))
    return float((flow.energies.sum(axis=0) + flow.kinetic) @ PATH.progress(places, TILTED)[0])


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


def test_flow_does_not_depend_on_origin_or_wrapping():
    terms, chains, places = molecules()
    velocities = velocities_of(terms, places)
    flow = HeatFlow(Interactions(terms), chains, PATH)
    expected = flow.frame(places, velocities, TILTED)
    images = np.random.default_rng(5).integers(-3, 4, size=places.shape) @ TILTED
    moved = flow.frame(places + images, velocities, TILTED)
    np.testing.assert_allclose(moved.powers, expected.powers, atol=1e-10 * np.abs(expected.powers).max())
    # Cell and slabs are shifted together.
    shift = np.array([0.13, -0.37, 0.21])
    up = float((shift @ np.linalg.inv(TILTED))[1])
    path = HeatPath(1, (PATH.hot[0] + up, PATH.hot[1] + up), (PATH.cold[0] + up, PATH.cold[1] + up))
    shifted = HeatFlow(Interactions(terms), chains, path).frame(places + shift, velocities, TILTED)
    np.testing.assert_allclose(shifted.powers, expected.powers, atol=1e-10 * np.abs(expected.powers).max())


def test_parts_within_and_between_chains():
    terms, chains, places = molecules()
    velocities = velocities_of(terms, places)
    split = HeatFlow(Interactions(terms), chains, PATH).frame(places, velocities, TILTED)
    one = HeatFlow(Interactions(terms), np.zeros_like(chains), PATH).frame(places, velocities, TILTED)
    np.testing.assert_allclose(split.powers.sum(axis=1), one.powers[:, WITHIN], rtol=1e-9, atol=1e-9)
    assert not one.powers[:, BETWEEN].any()
    within_only = [
        i for i, name in enumerate(COMPONENTS) if name not in ("van_der_waals", "electrostatic", "potential_convection")
    ]
    assert not split.powers[within_only, BETWEEN].any()
    # Chains too far apart to interact.
    spread = places + 5.0 * chains[:, None]
    far = HeatFlow(Interactions(terms), chains, PATH).frame(spread, velocities, TILTED * 40)
    assert not far.powers[:, BETWEEN].any()
    assert np.abs(split.powers[COMPONENTS.index("van_der_waals")]).min() > 0.0


def test_recorded_velocities_are_advanced_to_the_positions():
    """Velocities half a step behind; what the advance adds along constraints is projected out."""
    terms, chains, places = molecules()
    velocities = velocities_of(terms, places)
    lag = 2e-4
    before = velocities - lag * total_forces(terms, places, velocities) / terms.masses_amu[:, None]
    expected = HeatFlow(Interactions(terms), chains, PATH).frame(places, velocities, TILTED).powers
    advanced = HeatFlow(Interactions(terms), chains, PATH, lag).frame(places, before, TILTED).powers
    behind = HeatFlow(Interactions(terms), chains, PATH).frame(places, before, TILTED).powers
    scale = np.abs(expected).max()
    np.testing.assert_allclose(advanced, expected, atol=1e-9 * scale)
    assert np.abs(behind - expected).max() > 1e-3 * scale


def test_progress_is_linear_between_the_slabs_and_periodic():
    path = HeatPath(0, (0.95, 1.05), (0.5, 0.6))
    box = np.diag([10.0, 3.0, 3.0])
    x = np.array([0.0, 0.5, 2.75, 5.0, 5.5, 6.0, 7.75, 9.5, -0.5, 12.75])
    places = np.stack([x, 0 * x, 0 * x], axis=1)
    values, gradient = path.progress(places, box)
    np.testing.assert_allclose(values, [0, 0, 0.5, 1, 1, 1, 0.5, 0, 0, 0.5], atol=1e-12)
    inside = places[[0, 2, 4, 6]]
    np.testing.assert_allclose(path.progress(inside, box)[1][:, 0], [0, 1 / 4.5, 0, -1 / 3.5])
    assert not gradient[:, 1:].any()
    for hot, cold in (((0.0, 0.5), (0.4, 0.6)), ((0.1, 0.1), (0.5, 0.6)), ((0.0, 0.7), (0.8, 1.1))):
        with pytest.raises(ValueError, match="overlap or are empty"):
            HeatPath(0, hot, cold)


def test_convection_of_a_constant_energy_is_left_out():
    """The series does not change, apart from the fluctuation, when all energies of an atom are shifted."""
    terms, chains, places = molecules()
    rng = np.random.default_rng(1)
    frames = np.stack(
        [places, places + 0.01 * rng.normal(size=places.shape), places + 0.01 * rng.normal(size=places.shape)]
    )
    velocities = np.stack([velocities_of(terms, frame) for frame in frames])
    flow = HeatFlow(Interactions(terms), chains, PATH)
    series = heat_flow_series(flow, frames, velocities, np.stack([TILTED] * 3))
    raw = [flow.frame(x, v, TILTED) for x, v in zip(frames, velocities, strict=True)]
    mean = np.mean([one.energies for one in raw], axis=0)
    for row, one in zip(series, raw, strict=True):
        np.testing.assert_allclose(
            row[1], (one.energies - mean) @ one.advance, rtol=1e-4, atol=1e-4 * np.abs(row).max()
        )
        np.testing.assert_allclose(np.delete(row, 1, axis=0), np.delete(one.powers, 1, axis=0))
    with pytest.raises(ValueError, match="at least one frame"):
        heat_flow_series(flow, frames[:0], velocities[:0], np.zeros((0, 3, 3)))
