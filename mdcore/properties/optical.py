"""Common parts of the optical properties: needs, and the density at which they are given."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mdcore.properties.base import EQUILIBRATED, Needs

if TYPE_CHECKING:
    from mdcore.estimate import Estimate
    from mdcore.optics import Refractions
    from mdcore.properties.evidence import Evidence

MOLAR_REFRACTIONS = "molar_refractions"
NEEDS = Needs(runs=(EQUILIBRATED,), calculations=(MOLAR_REFRACTIONS,), properties=("density", "slowly_cooled_density"))


def optical_estimate(evidence: "Evidence", estimator: "Callable[[Refractions, float, float], Estimate]") -> "Estimate":
    """Combine density and molar refractions into an optical property.

    Args:
        evidence: Data of the simulation.
        estimator: Function of refractions, density and standard error of the density, both in g/cm3.
    """
    refractions: Refractions = evidence.calculation(MOLAR_REFRACTIONS)
    if evidence.optics.density == "simulated":
        density = evidence.estimate("density")
        found = estimator(refractions, density.value, density.stderr)
    else:
        density = evidence.estimate("slowly_cooled_density")
        # A relative error of the density has the same effect as one of the refractions; both are common to replicates.
        error = math.hypot(refractions.relative_error, density.model / density.value)
        found = estimator(replace(refractions, relative_error=error), density.value, density.statistical)
    return replace(found, about=_about(evidence, refractions))


def _about(evidence: "Evidence", used: "Refractions") -> dict[str, Any]:
    """Return the tier, the density, and n against wavelength."""
    from mdcore.estimate import fit_dispersion

    simulated = evidence.optics.density == "simulated" or not evidence.substance.is_glass
    name = "density" if simulated else "slowly_cooled_density"
    density = evidence.estimate(name)
    curve = fit_dispersion(used, density.value)
    return {
        "optics_density": {
            "kind": evidence.optics.density,
            "property": name,
            "value_g_cm3": float(density.value),
            "stderr_g_cm3": float(density.stderr),
        },
        "optics_tier": used.tier,
        "optics_flags": list(used.flags),
        "optics_relative_errors": {"level": used.relative_error, "dispersion": used.relative_dispersion_error},
        "dispersion_formula": {
            "form": curve.form,
            "coefficients_um": list(curve.coefficients),
            "residual": curve.residual,
        },
    }
