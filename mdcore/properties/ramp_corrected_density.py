"""Density corrected along the cooling ramp of the simulation, with a measured glass transition."""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import EQUILIBRATED, Needs, Property, Request

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence

REMEDY = (
    "ramp_corrected_density needs protocol.glass_transition_K, the measured glass transition, and a cooling ramp at constant "
    "pressure (protocol.cool_at pressure, cool_ps above 0); set them or leave the property out"
)


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the density of the cell, corrected with the lines of the ramp; see `mdcore.estimate.ramp_corrected_density`."""
    from mdcore.estimate import fit_glass, ramp_corrected_density

    ramp = evidence.run().role("cooling")
    transition_k = evidence.settings.protocol.glass_transition_K
    if transition_k is None:
        raise ValueError(REMEDY)
    fit = fit_glass(ramp.targets.temperature_K, ramp.array("volume_nm3"))
    return ramp_corrected_density(fit, evidence.estimate("density"), transition_k, evidence.temperature_k)


def refuses(request: Request) -> str | None:
    """Return an error for protocols without a known glass transition or without a ramp at constant pressure."""
    protocol = request.settings.protocol
    ramped = protocol.cool_at == "pressure" and protocol.cool_ps > 0
    return None if ramped and protocol.glass_transition_K is not None else REMEDY


RAMP_CORRECTED_DENSITY = Property(
    PropertySpec(
        "ramp_corrected_density",
        "g/cm3",
        "Density corrected along the cooling ramp",
        "ρ_ramp",
        0.7,
        2.5,
        0.3,
        5.0,
        0.01,
    ),
    estimate,
    needs=Needs(runs=(EQUILIBRATED,), properties=("density",)),
    refuses=refuses,
)
