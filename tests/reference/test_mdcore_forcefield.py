"""The replicated force field against OpenFF's own direct parameterisation of the whole chain."""

import numpy as np
import pytest

from mdcore.cell import grow_cell, plan_homopolymer
from mdcore.chem import RepeatUnit, rng_for
from mdcore.forcefield import cell_parameters, make_system, masses_amu, molecule_of
from mdcore.settings import CellSettings, ForceFieldSettings

pytestmark = pytest.mark.seconds(30)

POLYMERS = [
    "*CC*",
    "*CC(*)c1ccccc1",
    "*CC(*)(C)C(=O)OC",
    "*OCC*",
    "*NCCCCCC(=O)*",
    "*OCCOC(=O)c1ccc(cc1)C(=O)*",
    "*Oc1ccc(cc1)C(C)(C)c1ccc(cc1)OC(=O)*",
    "*CC(*)C#N",
    "*C(F)(F)C(*)(F)F",
    "*CC(*)Cl",
    "*c1ccc(*)s1",
    "*Oc1ccc(cc1)S(=O)(=O)c1ccc(cc1)*",
]
LIGHT = ForceFieldSettings(hydrogen_mass_amu=None)


def grown(text: str, atoms: int):
    unit = RepeatUnit.from_psmiles(text)
    plans = plan_homopolymer(unit, CellSettings(n_chains=1, atoms_per_chain=atoms), 1)
    return grow_cell(plans, 0.05, rng_for(1, unit.key, "growth"))


def energies(system, positions) -> dict[str, float]:
    import openmm

    # Constrained bonds carry no energy here, as in the reference, which is asked for the same.
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(positions)
    found: dict[str, float] = {}
    for group, force in enumerate(system.getForces()):
        force.setForceGroup(group)
    context.reinitialize(preserveState=True)
    for group, force in enumerate(system.getForces()):
        value = context.getState(getEnergy=True, groups={group}).getPotentialEnergy()._value
        found[type(force).__name__] = found.get(type(force).__name__, 0.0) + value
    return found


def without_charges(system):
    import openmm

    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            for i in range(force.getNumParticles()):
                _, sigma, epsilon = force.getParticleParameters(i)
                force.setParticleParameters(i, 0.0, sigma, epsilon)
            for i in range(force.getNumExceptions()):
                a, b, _, sigma, epsilon = force.getExceptionParameters(i)
                force.setExceptionParameters(i, a, b, 0.0, sigma, epsilon)
    return system


# Interchange walks every live object to clear its caches and thereby touches a deprecated name of torch.
@pytest.mark.filterwarnings("ignore:`torch.distributed.reduce_op`:FutureWarning")
@pytest.mark.parametrize("text", POLYMERS)
def test_energies_equal_a_direct_parameterisation(text):
    from openff.toolkit import ForceField, Molecule
    from openff.units import unit as units

    cell = grown(text, 300)
    system = without_charges(make_system(cell, cell_parameters(cell, LIGHT), LIGHT))
    mol = molecule_of(cell.plans[0])
    molecule = Molecule.from_rdkit(mol, allow_undefined_stereo=True, hydrogens_are_explicit=True)
    molecule.partial_charges = np.zeros(molecule.n_atoms) * units.elementary_charge
    topology = molecule.to_topology()
    topology.box_vectors = cell.box_nm * units.nanometer
    reference = ForceField("openff-2.2.1.offxml").create_openmm_system(topology, charge_from_molecules=[molecule])
    ours, theirs = energies(system, cell.positions_nm), energies(without_charges(reference), cell.positions_nm)
    assert cell.topology.n_atoms >= 200
    for kind in ("HarmonicBondForce", "HarmonicAngleForce", "PeriodicTorsionForce", "NonbondedForce"):
        assert ours[kind] == pytest.approx(theirs[kind], rel=1e-6, abs=1e-6), kind
    assert system.getNumConstraints() == reference.getNumConstraints()


@pytest.mark.parametrize("text", ["*CC(*)c1ccccc1", "*NCCCCCC(=O)*", "*CC*"])
def test_interior_units_carry_identical_charges_and_chains_are_neutral(text):
    cell = grown(text, 400)
    charges = cell_parameters(cell, LIGHT).charges
    size = cell.plans[0].residues[1].n_atoms
    n_units = len(cell.plans[0].residues) - 2
    first = cell.plans[0].residues[0].n_atoms
    units = charges[first : first + n_units * size].reshape(n_units, size)
    middle = n_units // 2
    np.testing.assert_allclose(units[middle], units[middle + 1], rtol=0, atol=1e-12)
    assert abs(charges.sum()) < 1e-9
    assert np.abs(units[middle]).max() > 0.01


def test_repartitioned_masses_keep_the_total():
    cell = grown("*CC(*)c1ccccc1", 100)
    true, moved = masses_amu(cell.topology, None), masses_amu(cell.topology, 3.0)
    assert moved.sum() == pytest.approx(true.sum(), rel=1e-12)
    assert set(moved[cell.topology.atomic_numbers == 1]) == {3.0}
    assert moved.min() > 2.9


@pytest.mark.parametrize("text", ["*CC(*)c1ccccc1", "*NCCCCCC(=O)*"])
def test_distributions_of_a_cell_are_those_of_the_period(text):
    """The parameters of a chain of OpenFF's assignment against those of the surrogates' features, which read the file on their own."""
    from mdcore.forcefield.distributions import parameter_values
    from surrogates.features.forcefield import CHARGE, KINDS, ForceFieldDescriptors

    cell = grown(text, 800)
    found = parameter_values(cell_parameters(cell, LIGHT), masses_amu(cell.topology, None))
    period = ForceFieldDescriptors.installed("openff-2.2.1.offxml").parameters(RepeatUnit.from_psmiles(text))
    for kind, name in KINDS.items():
        if kind == CHARGE:  # of another model
            continue
        # All parameters of the period occur, in the same proportions but for the chain ends.
        assert set(np.round(period[kind], 4)) <= set(np.round(found[name], 4)), name
        assert found[name].mean() == pytest.approx(period[kind].mean(), rel=0.03), name
        assert found[name].std() == pytest.approx(period[kind].std(), rel=0.05), name
    assert found["mass_dalton"].sum() == pytest.approx(cell.mass_amu)
    assert abs(found["charge_e"].sum()) < 1e-9
