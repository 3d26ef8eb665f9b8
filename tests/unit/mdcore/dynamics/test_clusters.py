"""Constraint clusters: conservation, temperature and scaling, against algebra and the chi-square distribution."""

import numpy as np
import pytest

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K
from mdcore.chem.errors import SimulationExploded
from mdcore.dynamics.clusters import Clusters, FloatArray

BOX = np.diag([3.0, 2.0, 2.0])
TEMPERATURE_K = 300.0


def methyls(n: int = 60, seed: int = 3):
    """Return a System of n rigid-bonded methyl-like groups and n single atoms with repartitioned masses, and its positions."""
    import openmm

    rng = np.random.default_rng(seed)
    system, positions = openmm.System(), []
    system.setDefaultPeriodicBoxVectors(*BOX)
    for _ in range(n):
        centre = rng.uniform(0.0, 1.0, 3) @ BOX
        heavy = system.addParticle(12.011 - 3 * (3.0 - 1.008))
        positions.append(centre)
        for _ in range(3):
            direction = rng.normal(size=3)
            system.addConstraint(heavy, system.addParticle(3.0), 0.109)
            positions.append(centre + 0.109 * direction / np.linalg.norm(direction))
        system.addParticle(35.45)
        positions.append(rng.uniform(0.0, 1.0, 3) @ BOX)
    return system, np.array(positions)


def drawn(system, positions: FloatArray, seed: int) -> FloatArray:
    """Return velocities at 300 K that satisfy the constraints."""
    import openmm

    integrator = openmm.VerletIntegrator(0.001)
    integrator.setConstraintTolerance(1e-12)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(positions)
    context.setVelocitiesToTemperature(TEMPERATURE_K, seed)
    return np.asarray(context.getState(getVelocities=True).getVelocities(asNumpy=True)._value)


def sliding(clusters: Clusters, positions: FloatArray, velocities: FloatArray) -> FloatArray:
    """Return r . dv of each constraint, which is zero where it is satisfied."""
    a, b = clusters.pairs.T
    return ((positions[a] - positions[b]) * (velocities[a] - velocities[b])).sum(axis=1)


def kinetic(clusters: Clusters, velocities: FloatArray) -> float:
    return 0.5 * float((clusters.masses_amu[:, None] * velocities**2).sum())


def test_clusters_are_the_connected_components_of_the_constraints() -> None:
    import openmm

    system = openmm.System()
    for mass in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0):
        system.addParticle(mass)
    for a, b in ((4, 1), (1, 5), (0, 2)):
        system.addConstraint(a, b, 0.1)
    clusters = Clusters.of(system)
    assert clusters.label.tolist() == [0, 1, 0, 2, 1, 1]
    assert clusters.cluster_masses_amu.tolist() == [4.0, 13.0, 4.0]
    assert clusters.degrees_of_freedom.tolist() == [5, 7, 3]


def test_heat_changes_the_energy_by_itself_and_neither_momentum_nor_constraints() -> None:
    system, positions = methyls()
    clusters, velocities = Clusters.of(system), drawn(system, positions, 5) + np.array([0.3, -0.2, 0.1])
    group = clusters.centres_nm(positions)[:, 0] < 1.5
    before = sliding(clusters, positions, velocities)
    in_group = group[clusters.label[clusters.pairs[:, 0]]]
    energy, _ = clusters.thermal_kj_mol(velocities, group)
    assert 0 < in_group.sum() < len(before)
    for heat in (7.5, -7.5):
        after = clusters.heated(velocities, group, heat)
        assert kinetic(clusters, after) - kinetic(clusters, velocities) == pytest.approx(heat, rel=1e-10)
        chosen = group[clusters.label]
        for part in (chosen, ~chosen):
            momentum = clusters.masses_amu[part] @ (after - velocities)[part]
            np.testing.assert_allclose(momentum, 0.0, atol=1e-10)
        # What the solver of the constraints leaves is scaled like the velocities, and nothing is added to it.
        factor = np.where(in_group, np.sqrt(1.0 + heat / energy), 1.0)
        np.testing.assert_allclose(sliding(clusters, positions, after), factor * before, atol=1e-13)
        np.testing.assert_array_equal(after[~chosen], velocities[~chosen])
    with pytest.raises(
        SimulationExploded, match=r"cannot be taken from a group of atoms that has .* in smaller portions"
    ):
        clusters.heated(velocities, group, -1e4)


def test_the_temperature_of_a_group_has_the_chi_square_distribution_of_its_degrees_of_freedom() -> None:
    """Constraints and repartitioned masses included: mean f and variance 2 f over draws, within four standard errors."""
    system, positions = methyls()
    clusters = Clusters.of(system)
    group = clusters.centres_nm(positions)[:, 0] < 1.0
    chi = []
    for seed in range(1, 301):
        energy, freedom = clusters.thermal_kj_mol(drawn(system, positions, seed), group)
        chi.append(2.0 * energy / (BOLTZMANN_KJ_MOL_K * TEMPERATURE_K))
    assert freedom == clusters.degrees_of_freedom[group].sum() - 3
    assert 100 < freedom < 300
    assert np.mean(chi) == pytest.approx(freedom, abs=4 * np.sqrt(2 * freedom / len(chi)))
    assert np.var(chi) == pytest.approx(2 * freedom, rel=4 * np.sqrt(2 / len(chi)))


def test_a_group_is_scaled_to_a_temperature() -> None:
    system, positions = methyls()
    clusters, velocities = Clusters.of(system), drawn(system, positions, 5)
    group = clusters.centres_nm(positions)[:, 0] < 1.5
    after = clusters.thermalised(velocities, group, 350.0)
    energy, freedom = clusters.thermal_kj_mol(after, group)
    assert 2.0 * energy / (freedom * BOLTZMANN_KJ_MOL_K) == pytest.approx(350.0, rel=1e-12)
    assert (
        np.abs(sliding(clusters, positions, after)).max() < 2 * np.abs(sliding(clusters, positions, velocities)).max()
    )
    with pytest.raises(SimulationExploded, match="at rest"):
        clusters.thermalised(np.zeros_like(velocities), group, 350.0)


@pytest.mark.parametrize("box", [BOX, [[3.0, 0.0, 0.0], [0.4, 2.0, 0.0], [-0.3, 0.5, 2.0]]])
def test_a_scaled_cell_has_the_volume_and_the_same_clusters(box) -> None:
    system, positions = methyls()
    clusters = Clusters.of(system)
    scaled, new_box = clusters.scaled(positions, np.asarray(box), 15.0)
    assert np.linalg.det(new_box) == pytest.approx(15.0, rel=1e-12)
    factor = new_box[0, 0] / 3.0
    np.testing.assert_allclose(clusters.centres_nm(scaled), factor * clusters.centres_nm(positions), atol=1e-12)
    a, b = clusters.pairs.T
    np.testing.assert_allclose(scaled[a] - scaled[b], positions[a] - positions[b], atol=1e-12)
