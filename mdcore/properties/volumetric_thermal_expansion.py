"""Volumetric thermal expansion, from fluctuations or a cooling ramp.

Possible values: three times the linear one.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return the fluctuation formula's value or the slope of the cooling ramp, whichever has the smaller error."""
    from mdcore.estimate import enthalpy_kj_mol, ramp_expansion, thermal_expansion

    run = evidence.run()
    sampling = run.role("sampling")
    volume = sampling.array("volume_nm3")
    enthalpy = enthalpy_kj_mol(
        sampling.array("potential_kj_mol"), sampling.array("kinetic_kj_mol"), volume, evidence.pressure_atm
    )
    fluctuation = thermal_expansion(volume, enthalpy, evidence.temperature_k)
    if "cooling" not in run.roles:
        return fluctuation
    ramp = run.role("cooling")
    slope = ramp_expansion(ramp.targets.temperature_K, ramp.array("volume_nm3"))
    return min(slope, fluctuation, key=lambda found: found.stderr)


VOLUMETRIC_THERMAL_EXPANSION = Property(
    PropertySpec(
        "volumetric_thermal_expansion",
        "1/K",
        "Volumetric thermal expansion",
        "α_V",
        3e-5,
        1.5e-3,
        -3e-4,
        1e-2,
        1.5e-5,
        0.1,
    ),
    estimate,
)
