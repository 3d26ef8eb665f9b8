"""Thermal diffusivity from conductivity, density and heat capacity, kappa / (rho c_p).

With the heat capacity after quantum correction it compares with experiment; with the classical one, which is about twice as large, it
compares with the diffusivity of the classical model, `thermal_diffusivity`. Ranges and default error are those of that property.
"""

from typing import TYPE_CHECKING

from mdcore.chem.properties import PropertySpec
from mdcore.properties.base import Needs, Property

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.properties.evidence import Evidence


def estimate(evidence: "Evidence") -> "Estimate":
    """Return kappa / (rho c_p) with the quantum-corrected heat capacity; `about` has that with the classical one."""
    from mdcore.estimate import diffusivity_of

    kappa, density = evidence.estimate("thermal_conductivity"), evidence.estimate("density")
    capacity = evidence.estimate("heat_capacity_cp")
    return diffusivity_of(kappa, density, capacity, capacity.about["classical"])


DERIVED_THERMAL_DIFFUSIVITY = Property(
    PropertySpec(
        "derived_thermal_diffusivity",
        "m2/s",
        "Thermal diffusivity, quantum-corrected",
        "κ/(ρ c_p)",
        2e-8,
        5e-7,
        1e-9,
        1e-4,
        1e-8,
        0.15,
    ),
    estimate,
    needs=Needs(properties=("thermal_conductivity", "density", "heat_capacity_cp")),
)
