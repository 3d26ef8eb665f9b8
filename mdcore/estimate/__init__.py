"""Estimators of properties: pure functions of time series, without engines or files."""

from mdcore.estimate.base import MODEL, Estimate
from mdcore.estimate.cooling_scan import (
    Scan,
    Stairs,
    Transition,
    average_stairs,
    scan_density,
    scan_expansion,
    scan_heat_capacity_step,
    scan_transition,
)
from mdcore.estimate.dispersion import DispersionCurve, fit_dispersion
from mdcore.estimate.glass import (
    Cooling,
    GlassFit,
    fit_glass,
    ramp_corrected_density,
    ramp_expansion,
    slow_cooling_transition,
    slowly_cooled_density,
    transition_shift_k,
)
from mdcore.estimate.refraction import abbe_estimate, dielectric_estimate, index_estimate
from mdcore.estimate.thermodynamics import (
    block_estimate,
    bulk_modulus,
    enthalpy_kj_mol,
    fractional_free_volume,
    frozen_fluctuation,
    isothermal_compressibility,
    mean_estimate,
    root_mean_square,
    thermal_expansion,
)

__all__ = [
    "MODEL",
    "Cooling",
    "DispersionCurve",
    "Estimate",
    "GlassFit",
    "Scan",
    "Stairs",
    "Transition",
    "abbe_estimate",
    "average_stairs",
    "block_estimate",
    "bulk_modulus",
    "dielectric_estimate",
    "enthalpy_kj_mol",
    "fit_dispersion",
    "fit_glass",
    "fractional_free_volume",
    "frozen_fluctuation",
    "index_estimate",
    "isothermal_compressibility",
    "mean_estimate",
    "ramp_corrected_density",
    "ramp_expansion",
    "root_mean_square",
    "scan_density",
    "scan_expansion",
    "scan_heat_capacity_step",
    "scan_transition",
    "slow_cooling_transition",
    "slowly_cooled_density",
    "thermal_expansion",
    "transition_shift_k",
]
