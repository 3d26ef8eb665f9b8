"""Creation of a bundle on disk from a grown cell."""

from collections.abc import Mapping, Sequence
from typing import Any

from mdcore.cell.cell import Cell, chain_ends, chain_segments
from mdcore.chem.parameter_distributions import PARAMETERS_ENTRY, parameter_descriptors
from mdcore.dynamics.bundle import SimulationBundle, library_versions
from mdcore.dynamics.stages import Stage
from mdcore.forcefield.distributions import parameter_values
from mdcore.forcefield.system import cell_parameters, make_system, masses_amu
from mdcore.settings.simulation import ForceFieldSettings


def make_bundle(
    cell: Cell, settings: ForceFieldSettings, stages: Sequence[Stage], seed: int, content: Mapping[str, Any]
) -> SimulationBundle:
    """Parameterise a cell and bundle it with its stages.

    Args:
        cell: Chains in their box.
        settings: Force field.
        stages: Stages of the run, in order.
        seed: Seed of the dynamics.
        content: Description of the simulated substance, in JSON types; descriptors of the parameters are added.

    Raises:
        UnparameterisableError: The force field or the charge model lacks a parameter.
    """
    import openmm

    parameters = cell_parameters(cell, settings)
    system = make_system(cell, parameters, settings)
    topology = cell.topology
    true_masses = masses_amu(topology, None)
    arrays = {
        "atomic_numbers": topology.atomic_numbers,
        "masses_amu": masses_amu(topology, settings.hydrogen_mass_amu),
        "true_masses_amu": true_masses,
        "bonds": topology.bonds,
        "bond_orders": topology.bond_orders,
        "residue_index": topology.residue_index,
        "local_index": topology.local_index,
        "chain_index": topology.chain_index,
        "chain_ends": chain_ends(cell.plans),
        "chain_segments": chain_segments(cell.plans),
        "positions_nm": cell.positions_nm,
        "box_nm": cell.box_nm,
    }
    return SimulationBundle(
        system_xml=openmm.XmlSerializer.serialize(system),
        arrays=arrays,
        stages=tuple(stages),
        seed=seed,
        content={
            **content,
            PARAMETERS_ENTRY: parameter_descriptors(parameter_values(parameters, true_masses)),
        },
        versions=library_versions(),
    )
