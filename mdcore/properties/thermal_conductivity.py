"""Thermal conductivity, from a steady heat flow.

Possible values: air conducts 0.026 W/m/K, the best drawn polyethylene fibre 104. The default error of tabulated values is 10 %, the
scatter between methods.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mdcore.dynamics.recorded import RunRecord
    from mdcore.estimate import Estimate, HeatFlow
    from mdcore.properties.evidence import Evidence
    from mdcore.settings import SimulationSettings


def runs(settings: "SimulationSettings") -> tuple[str, ...]:
    """Return the names of the heat flows along the chosen axes; along x if the settings are invalid, which the plan reports."""
    from pydantic import ValidationError

    from mdcore.protocols.heat_flow import FLOWS, HeatFlow

    try:
        axes = HeatFlow.of(settings).axes or ("x",)
    except ValidationError:
        axes = ("x",)
    return tuple(FLOWS[axis].name for axis in axes)


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the conductivity, the mean over the axes; each component is in `about`."""
    from mdcore.estimate import mean_conductivity, thermal_conductivity

    components = {}
    for name in runs(evidence.settings):
        run = evidence.run(name)
        found = thermal_conductivity(heat_flow(run))
        components[run.role("heat_flow").stages[0].axis] = type(found)(  # type: ignore[attr-defined]
            found.value,
            found.stderr,
            found.parts,
            {**found.about, **model(run, "heat_flow"), **decomposition(run, found.about)},
        )
    return mean_conductivity(components)


def heat_flow(run: "RunRecord") -> "HeatFlow":
    """Return the records of the heat flow of a run."""
    from mdcore.estimate import HeatFlow

    rows = run.role("heat_flow")
    stage: Any = rows.stages[0]
    box = run.bundle.arrays["box_nm"]
    return HeatFlow(
        times_ps=rows.times_ps - rows.times_ps[0] + stage.chunk_ps,
        kinetic_kj_mol=rows.array("slab_kinetic_kj_mol"),
        freedom=rows.array("slab_degrees_of_freedom"),
        exchanged_kj_mol=rows.array("exchanged_heat_kj_mol"),
        energy_kj_mol=rows.array("potential_kj_mol") + rows.array("kinetic_kj_mol"),
        length_nm=stage.slabs.length_nm(box),
        area_nm2=stage.slabs.area_nm2(box),
    )


def decomposition(run: "RunRecord", about: "Mapping[str, Any]") -> dict[str, Any]:
    """Return the shares of the interactions in the steady heat flow, in JSON types; nothing if the run recorded no frames.

    Args:
        run: The run.
        about: How the conductivity was estimated: when the flow is steady, and its power.

    Raises:
        NotDetermined: No frame of the steady flow was recorded.
    """
    from mdcore.chem.errors import NotDetermined
    from mdcore.dynamics.slabs import AXES
    from mdcore.forces import HeatPath, decompose_heat_flow

    rows = run.role("heat_flow")
    stage: Any = rows.stages[0]
    if stage.frames is None:
        return {}
    frames = run.frames("heat_flow")
    steady = frames.times_ps - rows.times_ps[0] + stage.chunk_ps > about["discarded_ps"]
    if not steady.any():
        raise NotDetermined(
            f"no frame was recorded after {about['discarded_ps']:.0f} ps, when the heat flow is steady; lower frame_interval_ps"
        )
    first, n = int(np.argmax(steady)), stage.n_slabs
    path = HeatPath(AXES.index(stage.axis), hot=(0.5, 0.5 + 1 / n), cold=(0.0, 1 / n))
    power = about["power_kj_mol_ps"] * (1.0 + 0.5 * about["drift_of_power"])
    shares = decompose_heat_flow(run.bundle, frames.after(first), path, power, stage.initial_timestep_fs)
    return {"decomposition": shares.document()}


def model(run: "RunRecord", role: str) -> dict[str, Any]:
    """Return masses, constraints, size and time step of a run, on which the transport of heat depends, in JSON types.

    Args:
        run: The run.
        role: Role of its stages that were analysed.
    """
    from mdcore.forcefield.hydrogens import description

    return {
        **description(run.bundle),
        "timestep_fs": run.role(role).stages[0].initial_timestep_fs,
        "n_atoms": run.bundle.n_atoms,
        "repeats": run.bundle.content.get("repeats", [1, 1, 1]),
    }


def refuses(request: Request) -> str | None:
    """Refuse cells that are too short for the slabs, flows that are too short for the cell, and one number for an oriented cell."""
    from pydantic import ValidationError

    from mdcore.protocols.heat_flow import FLOWS, HeatFlow

    try:
        protocol = HeatFlow.of(request.settings)
        flows = [FLOWS[axis].of(request.settings) for axis in protocol.axes or ("x",)]
    except ValidationError:
        return None  # the plan names the invalid setting
    cell, substance = request.settings.cell, request.substance
    if substance is not None and not substance.is_isotropic and protocol.axes is None:
        return (
            f"thermal_conductivity is one number only in an isotropic cell, {substance.label} is not; choose the component with "
            "protocols.heat_flow.axes, for example [z]"
        )
    reasons = (reason for flow in flows for reason in (flow.too_short(cell), flow.too_brief(cell)) if reason)
    reason = next(reasons, None)
    return None if reason is None else f"thermal_conductivity cannot be measured: {reason}"


THERMAL_CONDUCTIVITY = Property(
    PropertySpec("thermal_conductivity", "W/m/K", "Thermal conductivity", "κ", 0.05, 1.0, 0.005, 150.0, 0.01, 0.1),
    estimate,
    needs=Needs(runs_of=runs),
    refuses=refuses,
)
