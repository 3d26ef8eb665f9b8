"""Building: from a repeat unit to a bundle on disk."""

from pathlib import Path

from mdcore.build import chain_length, density_estimate_g_cm3, grow_cell, melt_temperature_k, plan_homopolymer
from mdcore.bundle import SimulationBundle
from mdcore.chem.errors import BundleError
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.chem.seeds import openmm_seed, rng_for
from mdcore.forcefield import make_bundle
from mdcore.protocols.schedule import schedule
from mdcore.settings.simulation import SimulationSettings


def build_bundle(unit: RepeatUnit, settings: SimulationSettings, *, seed: int, out: Path) -> SimulationBundle:
    """Build the cell of a homopolymer and write its bundle; a bundle of the same request is read back instead.

    Args:
        unit: The repeat unit; only its key matters.
        settings: Cell, force field and protocol.
        seed: Seed of everything random in the cell and the dynamics.
        out: Folder of the bundle.

    Raises:
        BuildError: The chains did not fit or have no conformer.
        UnparameterisableError: The force field or the charge model lacks something.
    """
    request = {
        "key": unit.key,
        "seed": seed,
        "cell": settings.cell.model_dump(mode="json"),
        "force_field": settings.force_field.model_dump(mode="json"),
        "protocol": settings.protocol.model_dump(mode="json"),
    }
    if (out / "bundle.json").exists():
        try:
            stored = SimulationBundle.read(out)
        except BundleError:
            stored = None
        if stored is not None and stored.content.get("request") == request:
            return stored
    plans = plan_homopolymer(unit, settings.cell, seed)
    cell = grow_cell(plans, settings.cell.growth_density_g_cm3, rng_for(seed, unit.key, "growth"))
    hot = settings.protocol.max_temperature_K
    if hot is None:
        hot = melt_temperature_k(unit, settings.protocol.glass_transition_K)
    hot = max(hot, settings.protocol.temperature_K)
    density = density_estimate_g_cm3(unit)
    content = {
        "request": request,
        "degree_of_polymerisation": chain_length(unit, settings.cell.atoms_per_chain),
        "n_chains": settings.cell.n_chains,
        "n_atoms": cell.topology.n_atoms,
        "growth_box_nm": cell.box_nm,
        "melt_temperature_K": hot,
        "density_estimate_g_cm3": density,
    }
    stages = schedule(settings.protocol, hot, density)
    bundle = make_bundle(cell, settings.force_field, stages, openmm_seed(seed, unit.key, "dynamics"), content)
    bundle.write(out)
    return bundle
