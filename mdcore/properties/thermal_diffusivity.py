"""Thermal diffusivity of the classical model, from the approach to equilibrium.

Possible values: 5e-5 m2/s is that of the best drawn polyethylene fibre. The default error of tabulated values is 15 %.
"""

from typing import TYPE_CHECKING, Any

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property, Request

if TYPE_CHECKING:
    from mdcore.dynamics.recorded import RunRecord
    from mdcore.estimate import Decay, Estimate
    from mdcore.properties.evidence import Evidence

RUN = "approach_to_equilibrium"


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the diffusivity from all decays."""
    from mdcore.estimate import Estimate, thermal_diffusivity
    from mdcore.properties.thermal_conductivity import model

    run = evidence.run(RUN)
    found = thermal_diffusivity(decays(run))
    about = {**found.about, **model(run, "decay"), "heat_capacity": "classical"}
    return Estimate(found.value, found.stderr, found.parts, about)


def decays(run: "RunRecord") -> "list[Decay]":
    """Return the records of each decay of a run, without its heating."""
    from mdcore.estimate import Decay

    box, found = run.bundle.arrays["box_nm"], []
    for index in sorted(set(run.role("decay").stage_index.tolist())):
        rows = run.stage(index)
        stage: Any = rows.stages[0]
        times = rows.times_ps - rows.times_ps[0] + stage.chunk_ps - stage.heat_ps
        after = times > 1e-6
        found.append(
            Decay(
                times_ps=times[after],
                kinetic_kj_mol=rows.array("slab_kinetic_kj_mol")[after],
                freedom=rows.array("slab_degrees_of_freedom")[after],
                sign=1 if stage.difference_K > 0 else -1,
                length_nm=stage.slabs.length_nm(box),
            )
        )
    return found


def refuses(request: Request) -> str | None:
    """Refuse cells that are too short for the slabs, decays that are too short for the cell, and oriented cells."""
    from pydantic import ValidationError

    from mdcore.protocols.approach_to_equilibrium import ApproachToEquilibrium

    try:
        protocol = ApproachToEquilibrium.of(request.settings)
    except ValidationError:
        return None  # the plan names the invalid setting
    substance = request.substance
    if substance is not None and not substance.is_isotropic:
        return (
            f"thermal_diffusivity is one number only in an isotropic cell, {substance.label} is not; measure thermal_conductivity "
            "with protocols.heat_flow.axes"
        )
    cell = request.settings.cell
    reason = protocol.too_short(cell) or protocol.too_brief(cell)
    return None if reason is None else f"thermal_diffusivity cannot be measured: {reason}"


THERMAL_DIFFUSIVITY = Property(
    PropertySpec(
        "thermal_diffusivity",
        "m2/s",
        "Thermal diffusivity of the classical model",
        "D_T",
        2e-8,
        5e-7,
        1e-9,
        1e-4,
        1e-8,
        0.15,
    ),
    estimate,
    needs=Needs(runs=(RUN,)),
    refuses=refuses,
)
