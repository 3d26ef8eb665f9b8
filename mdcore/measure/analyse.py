"""Analysis: from the series of a finished run to measurements."""

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.bundle import SimulationBundle
from mdcore.chem.damage import reading
from mdcore.chem.errors import NotConverged
from mdcore.chem.properties import property_spec
from mdcore.chem.records import Measurement
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.dynamics.runner import read_run_arrays
from mdcore.dynamics.series import COLUMNS
from mdcore.estimate import (
    Cooling,
    CorrectedEstimate,
    Estimate,
    OpticalEstimate,
    abbe_estimate,
    bulk_modulus,
    dielectric_estimate,
    enthalpy_kj_mol,
    fit_dispersion,
    fit_glass,
    fractional_free_volume,
    frozen_fluctuation,
    index_estimate,
    isothermal_compressibility,
    mean_estimate,
    ramp_corrected_density,
    ramp_expansion,
    root_mean_square,
    slowly_cooled_density,
    thermal_expansion,
)
from mdcore.calculations.cell_conformers import CellConformers
from mdcore.measure.specimen import Liquid, Specimen, glass_transition_k, specimen_refractions, specimen_volume_nm3
from mdcore.optics import OpticsSettings, Refractions
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.settings.stages import DynamicsStage, Stage

FloatArray = NDArray[np.float64]

RAMP_CORRECTION_NEEDS = (
    "ramp_corrected_density needs protocol.glass_transition_K, the measured glass transition, and a cooling ramp at constant "
    "pressure (protocol.cool_at pressure, cool_ps above 0); set them or leave the property out"
)


@dataclass(frozen=True)
class Sampled:
    """Series of the sampling stage of one run, ready for estimators.

    Attributes:
        specimen: What was simulated.
        table: Shape (r, columns), rows of the sampling stage.
        ramp: Shape (c, columns), rows of the cooling ramp; empty without one.
        chains: Shape (r, n_chains, 2), radius of gyration and end-to-end distance in nm.
        temperature_k: Temperature in K.
        pressure_atm: Pressure in atm.
        cooling: The last cooling before the sampling, or None without one.
        glass_transition_k: Known glass transition temperature in K, or None.
        optics: Choice of the optics tier.
        optics_cache: Store of refractions, or None.
        conformers: Geometries for the DFT tier.
    """

    specimen: Specimen
    table: FloatArray
    ramp: FloatArray
    chains: FloatArray
    temperature_k: float
    pressure_atm: float
    cooling: Cooling | None
    glass_transition_k: float | None
    optics: OpticsSettings
    optics_cache: MutableMapping[str, str] | None
    conformers: ConformerSource = ETKDG

    def column(self, name: str) -> FloatArray:
        """Return one column of the table, shape (r,)."""
        return np.asarray(self.table[:, COLUMNS.index(name)])

    @cached_property
    def density(self) -> Estimate:
        """Density in g/cm3; its error holds the fluctuation that a glass of this size keeps frozen."""
        mean = mean_estimate(self.column("density_g_cm3"))
        frozen = mean.value * frozen_fluctuation(self.column("volume_nm3"))
        return Estimate(mean.value, math.hypot(mean.stderr, frozen))

    @cached_property
    def refractions(self) -> Refractions:
        """Molar refractions of the specimen."""
        return specimen_refractions(self.specimen, self.optics, self.optics_cache, self.conformers)

    def optical(self, estimate: Callable[[Refractions, float, float], OpticalEstimate]) -> OpticalEstimate:
        """Combine density and refractions into an optical property."""
        if self.optics.density == "simulated":
            return estimate(self.refractions, self.density.value, self.density.stderr)
        density = self.slowly_cooled
        # A relative error of the density acts as one of the refractions does, and replicates share both.
        error = math.hypot(self.refractions.relative_error, density.model / density.value)
        return estimate(replace(self.refractions, relative_error=error), density.value, density.statistical)

    @cached_property
    def optical_density(self) -> tuple[str, Estimate | CorrectedEstimate]:
        """Density in g/cm3 that the optical properties are given at, and which property it is."""
        if self.optics.density == "simulated" or isinstance(self.specimen, Liquid):
            return "density", self.density
        return "slowly_cooled_density", self.slowly_cooled

    def optical_provenance(self, estimate: OpticalEstimate) -> dict[str, Any]:
        """Tell which tier an optical property comes from, what its error is made of, and n against wavelength."""
        name, density = self.optical_density
        used, curve = self.refractions, fit_dispersion(self.refractions, density.value)
        return {
            "optics_density": {
                "kind": self.optics.density,
                "property": name,
                "value_g_cm3": float(density.value),
                "stderr_g_cm3": float(density.stderr),
            },
            "optics_tier": used.tier,
            "optics_flags": list(used.flags),
            "optics_relative_errors": {"level": used.relative_error, "dispersion": used.relative_dispersion_error},
            "stderr_parts": {"density": estimate.statistical, "model": estimate.model},
            "dispersion_formula": {
                "form": curve.form,
                "coefficients_um": list(curve.coefficients),
                "residual": curve.residual,
            },
        }

    @cached_property
    def compressibility(self) -> Estimate:
        """Isothermal compressibility in 1/GPa."""
        return isothermal_compressibility(self.column("volume_nm3"), self.temperature_k)

    @cached_property
    def expansion(self) -> Estimate:
        """Volumetric thermal expansion in 1/K: from fluctuations or the cooling ramp, whichever has the smaller error."""
        ramp = self.ramp_column("temperature_target_K"), self.ramp_column("volume_nm3")
        slope = ramp_expansion(*ramp) if len(self.ramp) else self.fluctuation_expansion
        return min(slope, self.fluctuation_expansion, key=lambda estimate: estimate.stderr)

    def ramp_column(self, name: str) -> FloatArray:
        """Return one column of the cooling ramp, shape (c,)."""
        return np.asarray(self.ramp[:, COLUMNS.index(name)])

    @cached_property
    def slowly_cooled(self) -> CorrectedEstimate:
        """Density in g/cm3 after correction for the cooling rate; a liquid needs none."""
        if isinstance(self.specimen, Liquid):
            return CorrectedEstimate(self.density.value, self.density.stderr, self.density.stderr, 0.0)
        transition_k, error_k = glass_transition_k(self.specimen, self.glass_transition_k)
        return slowly_cooled_density(self.density, self.temperature_k, self.cooling, transition_k, error_k)

    def cooling_provenance(self, estimate: CorrectedEstimate) -> dict[str, Any]:
        """Tell what the correction for the cooling rate rests on, and what its error is made of."""
        about: dict[str, Any] = {"stderr_parts": {"density": estimate.statistical, "model": estimate.model}}
        if self.cooling is not None and not isinstance(self.specimen, Liquid):
            transition_k, error_k = glass_transition_k(self.specimen, self.glass_transition_k)
            about["cooling"] = {
                "rate_K_per_ps": self.cooling.rate_k_per_ps,
                "start_K": self.cooling.start_k,
                "glass_transition_K": transition_k,
                "glass_transition_stderr_K": error_k,
                "glass_transition_is": "estimated" if self.glass_transition_k is None else "given",
            }
        return about

    def ramp_corrected(self) -> Estimate:
        """Density in g/cm3 after correction along the cooling ramp."""
        if self.glass_transition_k is None or not len(self.ramp):
            raise ValueError(RAMP_CORRECTION_NEEDS)
        fit = fit_glass(self.ramp_column("temperature_target_K"), self.ramp_column("volume_nm3"))
        return ramp_corrected_density(fit, self.density, self.glass_transition_k, self.temperature_k)

    @cached_property
    def fluctuation_expansion(self) -> Estimate:
        """Volumetric thermal expansion in 1/K from the fluctuations of volume and enthalpy."""
        volume = self.column("volume_nm3")
        enthalpy = enthalpy_kj_mol(
            self.column("potential_kj_mol"), self.column("kinetic_kj_mol"), volume, self.pressure_atm
        )
        return thermal_expansion(volume, enthalpy, self.temperature_k)

    def free_volume(self) -> Estimate:
        """Fractional free volume."""
        volume = specimen_volume_nm3(self.specimen)
        return fractional_free_volume(self.density, volume, self.specimen.molar_mass_g_mol)


_ESTIMATORS: Mapping[str, Callable[[Sampled], Estimate | OpticalEstimate]] = {
    "density": lambda s: s.density,
    "refractive_index": lambda s: s.optical(index_estimate),
    "abbe_number": lambda s: s.optical(abbe_estimate),
    "electronic_dielectric_constant": lambda s: s.optical(dielectric_estimate),
    "isothermal_compressibility": lambda s: s.compressibility,
    "bulk_modulus": lambda s: bulk_modulus(s.compressibility),
    "volumetric_thermal_expansion": lambda s: s.expansion,
    "linear_thermal_expansion": lambda s: Estimate(s.expansion.value / 3.0, s.expansion.stderr / 3.0),
    "radius_of_gyration": lambda s: root_mean_square(s.chains[:, :, 0]),
    "end_to_end_distance": lambda s: root_mean_square(s.chains[:, :, 1]),
    "fractional_free_volume": Sampled.free_volume,
    "nematic_order": lambda s: mean_estimate(s.column("nematic_order")),
    "slowly_cooled_density": lambda s: s.slowly_cooled,
    "ramp_corrected_density": Sampled.ramp_corrected,
}

OPTICAL: tuple[str, ...] = ("refractive_index", "abbe_number", "electronic_dielectric_constant")
"""Properties that need molar refractions."""

SUPPORTED: tuple[str, ...] = tuple(_ESTIMATORS)
"""Properties that a simulation measures."""


def check_supported(properties: Sequence[str]) -> None:
    """Refuse properties that no simulation measures.

    Raises:
        UnknownProperty: The registry does not hold it.
        ValueError: The registry holds it, but no estimator does.
    """
    for name in properties:
        property_spec(name)
        if name not in _ESTIMATORS:
            raise ValueError(f"property {name!r} is not measured by simulation; choose from {', '.join(SUPPORTED)}")


def analyse(
    specimen: Specimen,
    bundle: SimulationBundle,
    run_folder: Path,
    properties: Sequence[str],
    *,
    fidelity: str,
    provenance: Mapping[str, Any],
    optics: OpticsSettings | None = None,
    optics_cache: MutableMapping[str, str] | None = None,
) -> tuple[Measurement, ...]:
    """Measure properties of a finished run.

    Args:
        specimen: What was simulated.
        bundle: What was run.
        run_folder: Where `mdcore.dynamics.run` left its series.
        properties: Registry names.
        fidelity: Fidelity of the measurements.
        provenance: Provenance of the measurements.
        optics: Optics tier; additive if None.
        optics_cache: Store of refractions.

    Raises:
        DamagedFile: The run left no readable series.
        NotConverged: The sampling stage was too short for a single record.
        UnknownProperty: A name is not in the registry.
        ValueError: A property is not measured by simulation.
        UnknownEnvironment: The additive tier lacks an increment for the unit.
    """
    check_supported(properties)
    table, chains = read_series(run_folder)
    last = len(bundle.stages) - 1
    stage = bundle.stages[last]
    rows = table[:, COLUMNS.index("stage")] == last
    if not isinstance(stage, DynamicsStage) or not rows.any():
        raise NotConverged("sampling ended before its first record; raise sample_ps or lower record_interval_ps")
    cooling = [i for i, s in enumerate(bundle.stages) if isinstance(s, DynamicsStage) and s.role == "cooling"]
    conformers: ConformerSource = ETKDG
    if (
        isinstance(specimen, RepeatUnit)
        and optics is not None
        and optics.conformers == "cell"
        and set(OPTICAL) & set(properties)
    ):
        conformers = CellConformers.read(specimen, bundle, run_folder)
    sampled = Sampled(
        specimen=specimen,
        table=table[rows],
        ramp=table[np.isin(table[:, 0], cooling)],
        chains=chains[rows],
        temperature_k=stage.temperature_K[1],
        pressure_atm=stage.pressure_atm[1],
        cooling=last_cooling(bundle.stages),
        glass_transition_k=bundle.content["request"]["protocol"].get("glass_transition_K"),
        optics=optics or OpticsSettings(kind="additive"),
        optics_cache=optics_cache,
        conformers=conformers,
    )
    measured = []
    for name in properties:
        estimate = _ESTIMATORS[name](sampled)
        own = dict(provenance)
        if isinstance(estimate, OpticalEstimate):
            own |= sampled.optical_provenance(estimate)
        elif isinstance(estimate, CorrectedEstimate):
            own |= sampled.cooling_provenance(estimate)
        measured.append(
            Measurement(name, float(estimate.value), float(estimate.stderr), property_spec(name).unit, fidelity, own)
        )
    return tuple(measured)


def last_cooling(stages: Sequence[Stage]) -> Cooling | None:
    """Return the last cooling among the stages, or None where nothing is cooled."""
    found = None
    for stage in stages:
        if isinstance(stage, DynamicsStage) and stage.temperature_K[0] > stage.temperature_K[1]:
            start, end = stage.temperature_K
            found = Cooling((start - end) / stage.duration_ps, start)
    return found


def read_series(run_folder: Path) -> tuple[FloatArray, FloatArray]:
    """Return the table (r, columns) and the chain values (r, n_chains, 2) of a run.

    Raises:
        DamagedFile: There are none that can be read.
    """
    path = run_folder / "series.npz"
    arrays = read_run_arrays(path)
    with reading(path):
        return arrays["table"], arrays["chains"]
