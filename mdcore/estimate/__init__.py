"""Estimators of properties: pure functions of time series, without engines or files."""

from mdcore.estimate.base import COMMON, FORCE_FIELD, MODEL, Estimate
from mdcore.estimate.dispersion import DispersionCurve, fit_dispersion
from mdcore.estimate.glass import (
    Cooling,
    GlassFit,
    fit_glass,
    ramp_corrected_density,
    ramp_expansion,
    slowly_cooled_density,
    transition_shift_k,
)
from mdcore.estimate.heat_capacity import HeatCapacityParts, PressureRun, heat_capacity_parts
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
from mdcore.estimate.vibrations import DensityOfStates, density_of_states, mean_density_of_states, quantum_weight

__all__ = [
    "COMMON",
    "FORCE_FIELD",
    "MODEL",
    "Cooling",
    "DensityOfStates",
    "DispersionCurve",
    "Estimate",
    "GlassFit",
    "HeatCapacityParts",
    "PressureRun",
    "abbe_estimate",
    "block_estimate",
    "bulk_modulus",
    "density_of_states",
    "dielectric_estimate",
    "enthalpy_kj_mol",
    "fit_dispersion",
    "fit_glass",
    "fractional_free_volume",
    "frozen_fluctuation",
    "heat_capacity_parts",
    "index_estimate",
    "isothermal_compressibility",
    "mean_density_of_states",
    "mean_estimate",
    "quantum_weight",
    "ramp_corrected_density",
    "ramp_expansion",
    "root_mean_square",
    "slowly_cooled_density",
    "transition_shift_k",
    "thermal_expansion",
]
