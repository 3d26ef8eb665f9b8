"""Building of bundles on disk from substances."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mdcore.cell import Cell
from mdcore.chem.box import mean_edge
from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.chem.damage import damaged, set_aside
from mdcore.chem.errors import BuildError, BundleError, DamagedFile
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.chem.seeds import openmm_seed, rng_for
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.recorded import RunRecord
from mdcore.forcefield import make_bundle
from mdcore.properties import EQUILIBRATED
from mdcore.protocols import PROTOCOLS, Conditions, Equilibrated, Protocol
from mdcore.settings.simulation import CellSettings, ForceFieldSettings, ProtocolSettings, SimulationSettings
from mdcore.substances import Substance, as_substance

_DENSEST = 1.05
"""Maximum density of a cell relative to the estimate, from the uncertainty of the estimate."""


def build_bundle(
    substance: Substance | RepeatUnit,
    settings: SimulationSettings,
    *,
    seed: int,
    out: Path,
    protocol: Protocol | None = None,
) -> SimulationBundle:
    """Build the cell of a substance and write its bundle; an existing bundle of the same request is reused.

    Args:
        substance: A substance, or a repeat unit for its homopolymer.
        settings: Cell, force field and protocols.
        seed: Seed of the cell and the dynamics.
        out: Folder of the bundle.
        protocol: Protocol of the run; `equilibrated` if None.

    Raises:
        BuildError: The chains do not fit, or no conformer could be embedded.
        InvalidMolecule: The molecule of a liquid is not covered by the force field.
        UnparameterisableError: The force field or the charge model lacks a parameter.
    """
    substance = as_substance(substance)
    chosen = Equilibrated.of(settings) if protocol is None else protocol
    key = substance.key
    request = _request(substance, settings, seed, chosen)
    stored = _stored(out, request)
    if stored is not None:
        return stored
    plan = substance.plan(settings.cell, seed)
    cell = substance.cell(plan, settings.cell, rng_for(seed, key, "growth"))
    conditions = Conditions.of(substance, settings)
    content = {
        "request": request,
        **plan.content,
        "n_atoms": cell.topology.n_atoms,
        "growth_edge_nm": mean_edge(cell.box_nm),
        "melt_temperature_K": conditions.hottest_K,
        "density_estimate_g_cm3": conditions.density_g_cm3,
    }
    _check_box(cell, conditions.density_g_cm3, settings)
    stages = chosen.plan(substance, conditions)
    bundle = make_bundle(cell, settings.force_field, stages, openmm_seed(seed, key, _dynamics(chosen)), content)
    bundle.write(out)
    return bundle


def continue_bundle(
    before: RunRecord,
    substance: Substance,
    settings: SimulationSettings,
    protocol: Protocol,
    *,
    seed: int,
    out: Path,
) -> SimulationBundle:
    """Write the bundle of a run that starts where another one ended; an existing bundle of the same request is reused.

    Args:
        before: The preceding run.
        substance: The substance.
        settings: Settings of the simulation.
        protocol: Protocol of the new run.
        seed: Seed of the simulation.
        out: Folder of the new bundle.
    """
    request = {**_request(substance, settings, seed, protocol), "after": before.bundle.content_hash}
    stored = _stored(out, request)
    if stored is not None:
        return stored
    stages = protocol.plan(substance, Conditions.of(substance, settings))
    start = protocol.start(before)
    arrays = {**before.bundle.arrays, "positions_nm": start.positions_nm, "box_nm": start.box_nm}
    prepared = protocol.prepared(replace(before.bundle, arrays=arrays), substance, settings, seed)
    bundle = replace(
        prepared,
        stages=stages,
        seed=openmm_seed(seed, substance.key, _dynamics(protocol)),
        content={**prepared.content, "request": request},
    )
    bundle.write(out)
    return bundle


def _dynamics(protocol: Protocol) -> str:
    return "dynamics" if protocol.name == EQUILIBRATED else f"dynamics {protocol.name}"


def _request(substance: Substance, settings: SimulationSettings, seed: int, protocol: Protocol) -> dict[str, Any]:
    own = {
        "key": substance.key,
        "seed": seed,
        "cell": settings.cell.model_dump(mode="json"),
        "force_field": settings.force_field.model_dump(mode="json"),
        "protocol": settings.protocol.model_dump(mode="json"),
    }
    if protocol.name != EQUILIBRATED:
        own["run"] = {"protocol": protocol.name, **protocol.model_dump(mode="json")}
    return own


def _stored(out: Path, request: Mapping[str, Any]) -> SimulationBundle | None:
    """Return the bundle in a folder if it belongs to the same request; a damaged one is set aside."""
    if not out.exists():
        return None
    try:
        stored = SimulationBundle.read(out)
    except DamagedFile as error:
        set_aside(error)
        return None
    except BundleError:  # of another version, or incomplete
        if (out.parent / "run").exists() and not (out / "bundle.json").exists():
            set_aside(damaged(out / "bundle.json", "is missing"))
        return None
    return stored if _same(stored.content.get("request"), request) else None


def _same(stored: Any, request: Mapping[str, Any]) -> bool:
    """Compare requests; a setting that an earlier version did not have is taken at the default of its model.

    That reproduces what was done before there was the setting; see `mdcore.settings.asked`.
    """
    if not isinstance(stored, Mapping) or stored.keys() != request.keys():
        return False
    models: dict[str, type[BaseModel]] = {
        "cell": CellSettings,
        "force_field": ForceFieldSettings,
        "protocol": ProtocolSettings,
    }
    if "run" in request:
        models["run"] = PROTOCOLS.look_up(request["run"]["protocol"])
    for name, value in request.items():
        defaults = models[name]().model_dump(mode="json") if name in models else {}
        own = {**defaults, **stored[name]} if isinstance(stored[name], Mapping) else stored[name]
        if own != value:
            return False
    return True


def _check_box(cell: Cell, density_g_cm3: float, settings: SimulationSettings) -> None:
    """Raise if a cell will be smaller than twice the cutoff, which violates the minimum image convention."""
    edge = (cell.mass_amu * DALTON_PER_NM3_TO_G_CM3 / (_DENSEST * density_g_cm3)) ** (1.0 / 3.0)
    cutoff = settings.force_field.cutoff_nm
    if edge < 2.0 * cutoff:
        raise BuildError(
            f"cutoff {cutoff:g} nm exceeds half the box, which will shrink to about {edge:.2f} nm for {cell.topology.n_atoms} "
            "atoms; raise n_chains or atoms_per_chain, or lower cutoff_nm"
        )
