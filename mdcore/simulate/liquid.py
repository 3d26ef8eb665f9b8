"""Bundles of molecular liquids, by which force field and protocol are validated."""

from pathlib import Path

from mdcore.build import grow_cell, plan_liquid, vdw_volume_nm3
from mdcore.bundle import SimulationBundle
from mdcore.chem.elements import FORCE_FIELD_ELEMENTS
from mdcore.chem.notation import read_molecule
from mdcore.chem.seeds import openmm_seed, rng_for
from mdcore.forcefield import make_bundle
from mdcore.protocols.schedule import schedule
from mdcore.settings.simulation import SimulationSettings

_DALTON_PER_NM3_TO_G_CM3 = 1.66053906660e-3
_LIQUID_PACKING = 1.75
"""Volume of an organic liquid over its van der Waals volume; where compression stops and the barostat takes over."""


def build_liquid_bundle(
    smiles: str, n_molecules: int, settings: SimulationSettings, *, seed: int, out: Path
) -> SimulationBundle:
    """Build the cell of a molecular liquid and write its bundle.

    Args:
        smiles: One neutral molecule without stars.
        n_molecules: How many of it.
        settings: Force field and protocol; the liquid is not heated above the temperature of the measurement unless
            `max_temperature_K` asks for it. Of the cell settings only the growth density matters.
        seed: Seed of everything random.
        out: Folder of the bundle.

    Raises:
        InvalidMolecule: The SMILES is no molecule the force field covers.
        BuildError: The molecules did not fit.
        UnparameterisableError: The force field or the charge model lacks something.
    """
    from rdkit.Chem.Descriptors import MolWt  # type: ignore[attr-defined]

    mol = read_molecule(smiles, FORCE_FIELD_ELEMENTS)
    plans = plan_liquid(mol, n_molecules, seed)
    cell = grow_cell(plans, settings.cell.growth_density_g_cm3, rng_for(seed, smiles, "growth"))
    density = MolWt(mol) * _DALTON_PER_NM3_TO_G_CM3 / (_LIQUID_PACKING * vdw_volume_nm3(mol))
    hot = settings.protocol.max_temperature_K or settings.protocol.temperature_K
    content = {
        "request": {
            "smiles": smiles,
            "seed": seed,
            "n_molecules": n_molecules,
            "force_field": settings.force_field.model_dump(mode="json"),
            "protocol": settings.protocol.model_dump(mode="json"),
        },
        "n_chains": n_molecules,
        "n_atoms": cell.topology.n_atoms,
    }
    stages = schedule(settings.protocol, hot, density)
    bundle = make_bundle(cell, settings.force_field, stages, openmm_seed(seed, smiles, "dynamics"), content)
    bundle.write(out)
    return bundle
