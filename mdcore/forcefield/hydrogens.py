"""Treatment of bonds to hydrogen in a finished bundle: as it was equilibrated, with true masses, or flexible."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from mdcore.cell.growth import ChainPlan
from mdcore.chem.errors import BundleError
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.openmm_xml import read_xml
from mdcore.settings.simulation import ForceFieldSettings

Hydrogens = Literal["as_equilibrated", "true_masses", "flexible"]
LONGEST_STEP_FS: dict[Hydrogens, float] = {"as_equilibrated": 5.0, "true_masses": 2.0, "flexible": 1.0}
"""Longest time step of each treatment that conserves the energy."""


def with_true_masses(bundle: SimulationBundle) -> SimulationBundle:
    """Return a bundle whose atoms have their true masses."""
    import openmm

    system = read_xml(bundle.system_xml, "System")
    for atom, mass in enumerate(bundle.arrays["true_masses_amu"].tolist()):
        system.setParticleMass(atom, mass)
    arrays = {**bundle.arrays, "masses_amu": bundle.arrays["true_masses_amu"]}
    return replace(bundle, system_xml=openmm.XmlSerializer.serialize(system), arrays=arrays)


def with_flexible_bonds(
    bundle: SimulationBundle, plans: Sequence[ChainPlan], settings: ForceFieldSettings
) -> SimulationBundle:
    """Return a bundle with true masses whose constraints are replaced by the harmonic bonds of the force field.

    Args:
        bundle: A cell with constraints.
        plans: The chains or molecules of the cell, in the order of its atoms.
        settings: Force field of the cell.

    Raises:
        BundleError: The chains are not those of the cell.
    """
    import openmm

    from mdcore.forcefield.system import plans_parameters

    flexible = with_true_masses(bundle)
    system = read_xml(flexible.system_xml, "System")
    bonds = plans_parameters(plans, settings).bonds
    known = {
        tuple(sorted(atoms)): values for atoms, values in zip(bonds.atoms.tolist(), bonds.values.tolist(), strict=True)
    }
    (force,) = (one for one in system.getForces() if isinstance(one, openmm.HarmonicBondForce))
    for index in range(system.getNumConstraints()):
        a, b, _ = system.getConstraintParameters(index)
        if (min(a, b), max(a, b)) not in known:
            raise BundleError(
                f"atoms {a} and {b} are constrained, but not bound in the chains of this request; build the cell again"
            )
        force.addBond(a, b, *known[min(a, b), max(a, b)])
    for index in reversed(range(system.getNumConstraints())):
        system.removeConstraint(index)
    return replace(flexible, system_xml=openmm.XmlSerializer.serialize(system))


def description(bundle: SimulationBundle) -> dict[str, Any]:
    """Return the masses and constraints of a bundle in JSON types, for the provenance of results that depend on them."""
    system = read_xml(bundle.system_xml, "System")
    hydrogens = bundle.arrays["masses_amu"][bundle.arrays["atomic_numbers"] == 1]
    return {
        "hydrogen_mass_amu": float(hydrogens.max()) if len(hydrogens) else None,
        "constrained_bonds": int(system.getNumConstraints()),
    }
