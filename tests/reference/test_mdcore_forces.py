"""Forces term by term against OpenMM, virials against pressures by scaling the box, constraint forces against the trajectory."""

from dataclasses import dataclass

import numpy as np
import pytest

from mdcore.chem import RepeatUnit
from mdcore.forces.constraints import Constraints
from mdcore.forces.flow import HeatFlow, HeatPath
from mdcore.forces.interactions import Interactions, whole
from mdcore.forces.terms import SystemTerms
from mdcore.measure import build_bundle
from mdcore.settings import SimulationSettings

SETTINGS = {
    "preset": "quick", "cell": {"n_chains": 2, "atoms_per_chain": 130},
    "force_field": {"cutoff_nm": 0.6, "switch_width_nm": 0.1},
}  # fmt: skip
AMIDE = "*NC(=O)c1ccc(cc1)C(C)C*"
SHEAR = np.array([[1.0, 0.0, 0.0], [0.3, 1.0, 0.0], [-0.2, 0.25, 1.0]])
GROUP = {
    "bonds": 0,
    "angles": 1,
    "torsions": 2,
    "impropers": 2,
    "van_der_waals": 3,
    "electrostatic": 3,
    "exceptions": 3,
}


@dataclass(frozen=True)
class Cell:
    system: object
    terms: SystemTerms
    positions: np.ndarray
    box: np.ndarray


def reference_context(system, step_ps: float = 0.001):
    import openmm

    return openmm.Context(system, openmm.VerletIntegrator(step_ps), openmm.Platform.getPlatformByName("Reference"))


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A polyamide cell off any minimum but without the overlaps of a grown cell; each group of forces is one class of terms."""
    import openmm

    bundle = build_bundle(
        RepeatUnit.from_psmiles(AMIDE), SimulationSettings.model_validate(SETTINGS), seed=1,
        out=tmp_path_factory.mktemp("amide") / "bundle",
    )  # fmt: skip
    system = openmm.XmlSerializer.deserialize(bundle.system_xml)
    context = reference_context(system)
    context.setPositions(bundle.arrays["positions_nm"])
    openmm.LocalEnergyMinimizer.minimize(context, 500.0, 30)
    positions = context.getState(getPositions=True).getPositions(asNumpy=True)._value
    return Cell(system, SystemTerms.from_xml(bundle.system_xml), np.array(positions), bundle.arrays["box_nm"])


@pytest.fixture(scope="module", params=["rectangular", "tilted"])
def cell(request, grown):
    if request.param == "rectangular":
        return grown
    box = SHEAR * np.diag(grown.box)
    return Cell(grown.system, grown.terms, grown.positions @ np.linalg.inv(grown.box) @ box, box)


def without_lattice_sum(system, *, charges: bool = True):
    """Return a copy of a System with a reaction field in place of PME, whose pairs are evaluated exactly."""
    import openmm

    copy = openmm.XmlSerializer.deserialize(openmm.XmlSerializer.serialize(system))
    for force in copy.getForces():
        if isinstance(force, openmm.NonbondedForce):
            force.setNonbondedMethod(force.CutoffPeriodic)
            force.setUseDispersionCorrection(False)
            for i in range(0 if charges else force.getNumParticles()):
                _, sigma, epsilon = force.getParticleParameters(i)
                force.setParticleParameters(i, 0.0, sigma, epsilon)
            for i in range(0 if charges else force.getNumExceptions()):
                a, b, _, sigma, epsilon = force.getExceptionParameters(i)
                force.setExceptionParameters(i, a, b, 0.0, sigma, epsilon)
    return copy


def openmm_group(system, positions, box, group: int):
    context = reference_context(system)
    context.setPeriodicBoxVectors(*box)
    context.setPositions(positions)
    state = context.getState(getForces=True, getEnergy=True, groups={group})
    return state.getForces(asNumpy=True)._value, state.getPotentialEnergy()._value


def numpy_group(terms: SystemTerms, positions, box, group: int):
    forces, energy = np.zeros_like(positions), 0.0
    for batch in Interactions(terms)(positions, box):
        if GROUP[batch.kind] == group:
            np.add.at(forces, batch.atoms, batch.forces)
            energy += batch.energies_kj_mol.sum()
    return forces, energy


@pytest.mark.parametrize("group", [0, 1, 2, 3])
def test_forces_and_energies_equal_those_of_openmm(cell, group):
    system = without_lattice_sum(cell.system)
    terms = SystemTerms.from_system(system)
    assert min(len(terms.bonds), len(terms.angles), len(terms.torsions), len(terms.impropers)) > 10
    theirs, their_energy = openmm_group(system, cell.positions, cell.box, group)
    # Atoms in any image: the terms find the nearest ones.
    rng = np.random.default_rng(2)
    images = cell.positions + rng.integers(-2, 3, size=cell.positions.shape) @ cell.box
    for positions in (cell.positions, images):
        ours, energy = numpy_group(terms, positions, cell.box, group)
        scale = np.sqrt((theirs**2).mean())
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * scale)
        assert energy == pytest.approx(their_energy, rel=1e-6)


def test_damped_pairs_approximate_the_lattice_sum(cell):
    """Forces of PME less those without charges, against the electrostatic terms and exceptions."""
    with_charges, energy = openmm_group(cell.system, cell.positions, cell.box, 3)
    bare = without_lattice_sum(cell.system, charges=False)
    lattice = with_charges - openmm_group(bare, cell.positions, cell.box, 3)[0]
    ours = numpy_group(cell.terms, cell.positions, cell.box, 3)[0]
    ours -= numpy_group(SystemTerms.from_system(bare), cell.positions, cell.box, 3)[0]
    error = np.sqrt(((ours - lattice) ** 2).sum() / (lattice**2).sum())
    assert error < 0.08
    # A longer cutoff converges to the lattice sum.
    longer = np.zeros_like(ours)
    for batch in Interactions(cell.terms, coulomb_cutoff_nm=1.85)(cell.positions, cell.box):
        if GROUP[batch.kind] == 3:
            np.add.at(longer, batch.atoms, batch.forces)
    longer -= numpy_group(SystemTerms.from_system(bare), cell.positions, cell.box, 3)[0]
    assert np.sqrt(((longer - lattice) ** 2).sum() / (lattice**2).sum()) < 0.03
    assert np.isfinite(energy)


@pytest.mark.parametrize("group", [0, 1, 2, 3])
@pytest.mark.parametrize("engine", ["numpy", "OpenMM"])
def test_virials_equal_the_change_of_energy_when_the_box_is_stretched(cell, group, engine):
    """W_xx = -dU / d(strain along x), which is the pressure times the volume; angles and torsions resist no uniform strain."""
    system = without_lattice_sum(cell.system)
    # The lattice sum is approximated by damped pairs with a cutoff below half the box, so that each pair has one image.
    terms = cell.terms if engine == "numpy" else SystemTerms.from_system(system)
    interactions = Interactions(terms, coulomb_cutoff_nm=0.9)
    virial = 0.0
    for batch in interactions(cell.positions, cell.box):
        if GROUP[batch.kind] == group:
            places = whole(cell.positions, cell.box, batch.atoms)[..., 0]
            virial += float(((places - places.mean(axis=1, keepdims=True)) * batch.forces[..., 0]).sum())
    step, energies = 1e-5, []
    for strain in (-step, step):
        stretch = np.array([1.0 + strain, 1.0, 1.0])
        if engine == "numpy":
            batches = interactions(cell.positions * stretch, cell.box * stretch)
            energies.append(sum(float(b.energies_kj_mol.sum()) for b in batches if GROUP[b.kind] == group))
        else:
            energies.append(openmm_group(system, cell.positions * stretch, cell.box * stretch, group)[1])
    derivative = (energies[1] - energies[0]) / (2 * step)
    assert abs(virial) > 1.0
    assert virial == pytest.approx(-derivative, rel=1e-5)


def test_constraint_forces_are_those_of_the_trajectory(grown):
    """m a less all other forces, from three successive positions of velocity Verlet with constraints."""
    system = without_lattice_sum(grown.system)
    terms = SystemTerms.from_system(system)
    # Heavy atoms with one, two and three hydrogens.
    assert {1, 2, 3} <= set(np.bincount(terms.constraints.atoms.min(axis=1)).tolist())
    step = 1e-5
    context = reference_context(system, step)
    context.getIntegrator().setConstraintTolerance(1e-12)
    context.setPeriodicBoxVectors(*grown.box)
    context.setPositions(grown.positions)
    context.applyConstraints(1e-12)
    context.setVelocitiesToTemperature(300.0, 4)
    track = []
    for _ in range(3):
        context.getIntegrator().step(1)
        state = context.getState(getPositions=True, getForces=True)
        track.append((state.getPositions(asNumpy=True)._value, state.getForces(asNumpy=True)._value))
    (before, _), (now, forces), (after, _) = track
    accelerations = (after - 2 * now + before) / step**2
    expected = terms.masses_amu[:, None] * accelerations - forces
    batch = Constraints.of(terms).forces(now, grown.box, (after - before) / (2 * step), forces)
    found = np.zeros_like(now)
    np.add.at(found, batch.atoms, batch.forces)
    assert np.sqrt((expected**2).mean()) > 100.0
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.sqrt((expected**2).mean()))


def test_the_flow_along_a_trajectory_moves_the_energy_that_arrives(grown):
    """The time integral of the flow is the change of the energy-weighted progress, up to the second order of the time step.

    This holds with constraints, and with the leapfrog velocities of the integrator only if they are advanced by half a step.
    """
    import openmm

    system = without_lattice_sum(grown.system)
    terms = SystemTerms.from_system(system)
    path = HeatPath(0, (0.0, 0.1), (0.5, 0.6))
    missing, left_behind = [], []
    for step, n in ((5e-4, 80), (2.5e-4, 160)):
        integrator = openmm.LangevinMiddleIntegrator(300.0, 0.0, step)
        integrator.setConstraintTolerance(1e-10)
        context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName("Reference"))
        context.setPositions(grown.positions)
        context.applyConstraints(1e-10)
        context.setVelocitiesToTemperature(300.0, 4)
        track = []
        for _ in range(n + 1):
            integrator.step(1)
            state = context.getState(getPositions=True, getVelocities=True)
            track.append((state.getPositions(asNumpy=True)._value, state.getVelocities(asNumpy=True)._value))
        for lag, found in ((0.5 * step, missing), (0.0, left_behind)):
            flow = HeatFlow(Interactions(terms), np.zeros(terms.n_atoms, dtype=np.int64), path, lag)
            frames = [flow.frame(x, v, grown.box) for x, v in track]
            powers = np.array([frame.powers.sum() for frame in frames])
            moved = float((powers.sum() - 0.5 * (powers[0] + powers[-1])) * step)
            before, after = (
                float((frames[i].energies.sum(axis=0) + frames[i].kinetic) @ path.progress(track[i][0], grown.box)[0])
                for i in (0, -1)
            )
            scale = float(np.abs(powers).mean() * n * step)
            found.append((moved - (after - before)) / scale)
    assert abs(missing[1]) < 0.02
    assert abs(missing[1]) < 0.3 * abs(missing[0])
    # Extrapolated to a time step of zero.
    assert abs(4.0 * missing[1] - missing[0]) / 3.0 < 1e-3
    assert abs(left_behind[1]) > 5.0 * abs(missing[1])
