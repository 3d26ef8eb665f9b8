"""Construction of the OpenMM System from parameters."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rdkit import Chem

from mdcore.cell.cell import Cell, make_topology
from mdcore.cell.growth import ChainPlan
from mdcore.cell.topology import FloatArray, Topology
from mdcore.chem.errors import UnparameterisableError
from mdcore.forcefield.parameters import Parameters, Terms, nonbonded_rules, parameterise
from mdcore.forcefield.replicate import oligomer_plan, replicate
from mdcore.settings.simulation import ForceFieldSettings


def molecule_of(plan: ChainPlan) -> Chem.Mol:
    """Return the molecule of one chain with explicit hydrogens, atoms in the order of the cell, without stereochemistry."""
    topology = make_topology([plan])
    editable = Chem.RWMol()
    for number, charge in zip(topology.atomic_numbers.tolist(), topology.formal_charges.tolist(), strict=True):
        atom = Chem.Atom(number)
        atom.SetFormalCharge(charge)
        atom.SetNoImplicit(True)
        editable.AddAtom(atom)
    orders = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}
    for (a, b), order in zip(topology.bonds.tolist(), topology.bond_orders.tolist(), strict=True):
        editable.AddBond(a, b, orders[order])
    mol = editable.GetMol()
    Chem.SanitizeMol(mol)
    return mol


def cell_parameters(cell: Cell, settings: ForceFieldSettings) -> Parameters:
    """Parameterise a cell; see `plans_parameters`."""
    return plans_parameters(cell.plans, settings)


def plans_parameters(plans: Sequence[ChainPlan], settings: ForceFieldSettings) -> Parameters:
    """Parameterise chains or molecules: each distinct one once, homopolymer chains from an oligomer.

    Raises:
        UnparameterisableError: A parameter or charge is missing, or a chain is not neutral.
    """
    known: dict[tuple[int, ...], Parameters] = {}
    parts: list[Parameters] = []
    for plan in plans:
        signature = tuple(id(residue) for residue in plan.residues)
        if signature not in known:
            known[signature] = _chain_parameters(plan, settings)
        parts.append(known[signature])
    return _concatenated(parts)


def _chain_parameters(plan: ChainPlan, settings: ForceFieldSettings) -> Parameters:
    repeats = len(plan.residues) > 2 and all(residue is plan.residues[1] for residue in plan.residues[1:-1])
    short_plan = oligomer_plan(plan) if repeats else plan
    parameters = replicate(parameterise(molecule_of(short_plan), settings), short_plan, plan)
    surplus = float(parameters.charges.sum())
    if abs(surplus) > 0.01:
        raise UnparameterisableError(f"the chain carries {surplus:+.3f} e; only neutral polymers can be simulated")
    # The sum of the charges differs from zero by rounding; the difference is distributed evenly.
    parameters.charges[:] -= surplus / len(parameters.charges)
    return parameters


def _concatenated(parts: Sequence[Parameters]) -> Parameters:
    starts = np.cumsum([0, *(len(part.charges) for part in parts)])[:-1]

    def joined(name: str) -> Terms:
        terms = [getattr(part, name) for part in parts]
        atoms = np.concatenate([t.atoms + start for t, start in zip(terms, starts, strict=True)])
        return Terms(atoms, np.concatenate([t.values for t in terms]))

    return Parameters(
        charges=np.concatenate([part.charges for part in parts]),
        sigmas=np.concatenate([part.sigmas for part in parts]),
        epsilons=np.concatenate([part.epsilons for part in parts]),
        bonds=joined("bonds"),
        constraints=joined("constraints"),
        angles=joined("angles"),
        torsions=joined("torsions"),
    )


def masses_amu(topology: Topology, hydrogen_mass_amu: float | None) -> FloatArray:
    """Return atomic masses, shape (n,), with mass optionally moved from heavy atoms to their hydrogens.

    Hopkins et al. 2015, doi:10.1021/ct5010406. The total mass does not change. Deuterium gets the same mass as hydrogen, taking less
    from its neighbour; an isotope heavier than the requested mass is unchanged.
    """
    masses = topology.masses_amu.copy()
    if hydrogen_mass_amu is None:
        return masses
    for a, b in topology.bonds.tolist():
        light, heavy = (a, b) if topology.atomic_numbers[a] == 1 else (b, a)
        if (
            topology.atomic_numbers[light] == 1
            and topology.atomic_numbers[heavy] > 1
            and masses[light] < hydrogen_mass_amu
        ):
            masses[heavy] -= hydrogen_mass_amu - masses[light]
            masses[light] = hydrogen_mass_amu
    return masses


def make_system(cell: Cell, parameters: Parameters, settings: ForceFieldSettings) -> Any:
    """Build the OpenMM System: harmonic bonds and angles, periodic torsions, Lennard-Jones and PME, constrained X-H bonds.

    Args:
        cell: Topology and box.
        parameters: Parameters of the whole cell.
        settings: Cutoff, switching, masses.
    """
    import openmm

    system = openmm.System()
    for mass in masses_amu(cell.topology, settings.hydrogen_mass_amu).tolist():
        system.addParticle(mass)
    system.setDefaultPeriodicBoxVectors(*cell.box_nm.tolist())
    constrained = {(min(a, b), max(a, b)) for a, b in parameters.constraints.atoms.tolist()}
    for (a, b), (length,) in _rows(parameters.constraints):
        system.addConstraint(a, b, length)
    bond_force = openmm.HarmonicBondForce()
    for (a, b), (length, k) in _rows(parameters.bonds):
        if (min(a, b), max(a, b)) not in constrained:
            bond_force.addBond(a, b, length, k)
    angle_force = openmm.HarmonicAngleForce()
    for (a, b, c), (angle, k) in _rows(parameters.angles):
        angle_force.addAngle(a, b, c, angle, k)
    torsion_force = openmm.PeriodicTorsionForce()
    for (a, b, c, d), (periodicity, phase, k) in _rows(parameters.torsions):
        if k != 0.0:
            torsion_force.addTorsion(a, b, c, d, int(periodicity), phase, k)
    for group, force in enumerate((bond_force, angle_force, torsion_force, _nonbonded(cell, parameters, settings))):
        force.setForceGroup(group)
        system.addForce(force)
    # Removing the centre-of-mass motion avoids the flying ice cube artefact; it removes three degrees of freedom.
    system.addForce(openmm.CMMotionRemover(100))
    return system


def _nonbonded(cell: Cell, parameters: Parameters, settings: ForceFieldSettings) -> Any:
    import openmm

    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.PME)
    force.setCutoffDistance(settings.cutoff_nm)
    force.setUseSwitchingFunction(settings.switch_width_nm > 0)
    if settings.switch_width_nm > 0:
        force.setSwitchingDistance(settings.cutoff_nm - settings.switch_width_nm)
    force.setUseDispersionCorrection(settings.dispersion_correction)
    force.setEwaldErrorTolerance(settings.ewald_tolerance)
    for charge, sigma, epsilon in zip(
        parameters.charges.tolist(), parameters.sigmas.tolist(), parameters.epsilons.tolist(), strict=True
    ):
        force.addParticle(charge, sigma, epsilon)
    rules = nonbonded_rules(settings.smirnoff)
    force.createExceptionsFromBonds(cell.topology.bonds.tolist(), rules.coulomb_14, rules.lj_14)
    return force


def _rows(terms: Terms) -> Any:
    return zip(terms.atoms.tolist(), terms.values.tolist(), strict=True)
