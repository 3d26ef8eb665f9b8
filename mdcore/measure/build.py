"""Building: from a repeat unit, a copolymer or a liquid to a bundle on disk."""

from pathlib import Path
from typing import Any

from mdcore.bundle import SimulationBundle
from mdcore.cell import Cell, ChainPlan, chain_length, grow_cell, plan_copolymer, plan_homopolymer, plan_liquid
from mdcore.chem.damage import damaged, set_aside
from mdcore.chem.errors import BuildError, BundleError, DamagedFile
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.chem.seeds import openmm_seed, rng_for
from mdcore.dynamics.schedule import schedule
from mdcore.forcefield import make_bundle
from mdcore.measure.specimen import Copolymer, Liquid, Specimen, hottest_k, starting_density_g_cm3
from mdcore.settings.simulation import ProtocolSettings, SimulationSettings
from mdcore.settings.stages import Stage

_DALTON_PER_NM3_TO_G_CM3 = 1.66053906660e-3
_DENSEST = 1.05
"""Density that a cell may reach in its course over the estimated one: the spread of the estimate."""


def build_bundle(specimen: Specimen, settings: SimulationSettings, *, seed: int, out: Path) -> SimulationBundle:
    """Build the cell of a specimen and write its bundle; a bundle of the same request is read back instead.

    Args:
        specimen: A repeat unit (only its key matters), a copolymer or a liquid. A liquid has as many molecules as fill the
            cell with `n_chains` times `atoms_per_chain` atoms, and is not heated unless `max_temperature_K` asks for it.
        settings: Cell, force field and protocol.
        seed: Seed of everything random in the cell and the dynamics.
        out: Folder of the bundle.

    Raises:
        BuildError: The chains did not fit or have no conformer.
        InvalidMolecule: The liquid is no molecule the force field covers.
        UnparameterisableError: The force field or the charge model lacks something.
    """
    key = specimen.key
    request = {
        "key": key,
        "seed": seed,
        "cell": settings.cell.model_dump(mode="json"),
        "force_field": settings.force_field.model_dump(mode="json"),
        "protocol": settings.protocol.model_dump(mode="json"),
    }
    if out.exists():
        try:
            stored = SimulationBundle.read(out)
        except DamagedFile as error:
            set_aside(error)
            stored = None
        except BundleError:
            stored = None  # of another version, or never completed
            if (out.parent / "run").exists() and not (out / "bundle.json").exists():
                set_aside(damaged(out / "bundle.json", "is missing"))
        if stored is not None and stored.content.get("request") == request:
            return stored
    plans, own = _plan(specimen, settings, seed)
    cell = grow_cell(plans, settings.cell.growth_density_g_cm3, rng_for(seed, key, "growth"))
    density = starting_density_g_cm3(specimen)
    content = {
        "request": request,
        **own,
        "n_atoms": cell.topology.n_atoms,
        "growth_box_nm": cell.box_nm,
        "melt_temperature_K": hottest_k(specimen, settings.protocol),
        "density_estimate_g_cm3": density,
    }
    _check_box(cell, density, settings)
    stages = planned_stages(specimen, settings.protocol)
    bundle = make_bundle(cell, settings.force_field, stages, openmm_seed(seed, key, "dynamics"), content)
    bundle.write(out)
    return bundle


def planned_stages(specimen: Specimen, protocol: ProtocolSettings) -> tuple[Stage, ...]:
    """Return the stages that a protocol means for a specimen."""
    return schedule(protocol, hottest_k(specimen, protocol), starting_density_g_cm3(specimen))


def _check_box(cell: Cell, density_g_cm3: float, settings: SimulationSettings) -> None:
    """Refuse a cell that will be smaller than twice the cutoff, which no minimum image allows."""
    edge = (cell.mass_amu * _DALTON_PER_NM3_TO_G_CM3 / (_DENSEST * density_g_cm3)) ** (1.0 / 3.0)
    cutoff = settings.force_field.cutoff_nm
    if edge < 2.0 * cutoff:
        raise BuildError(
            f"cutoff {cutoff:g} nm exceeds half the box, which will shrink to about {edge:.2f} nm for {cell.topology.n_atoms} "
            "atoms; raise n_chains or atoms_per_chain, or lower cutoff_nm"
        )


def _plan(specimen: Specimen, settings: SimulationSettings, seed: int) -> tuple[tuple[ChainPlan, ...], dict[str, Any]]:
    """Plan the cell; return what the bundle says of its chains, too."""
    if isinstance(specimen, RepeatUnit):
        length = chain_length(specimen, settings.cell.atoms_per_chain)
        own = {"degree_of_polymerisation": length, "n_chains": settings.cell.n_chains}
        return plan_homopolymer(specimen, settings.cell, seed), own
    if isinstance(specimen, Copolymer):
        plans = plan_copolymer(specimen.units, specimen.sequence, settings.cell, seed)
        lengths = [len(plan.residues) - 2 for plan in plans]
        return plans, {"degree_of_polymerisation": sum(lengths) / len(lengths), "n_chains": len(plans)}
    return _plan_liquid(specimen, settings, seed)


def _plan_liquid(
    liquid: Liquid, settings: SimulationSettings, seed: int
) -> tuple[tuple[ChainPlan, ...], dict[str, Any]]:
    n_molecules = max(1, round(settings.cell.n_chains * settings.cell.atoms_per_chain / liquid.n_atoms))
    return plan_liquid(liquid.mol, n_molecules, seed), {"degree_of_polymerisation": 1, "n_chains": n_molecules}
