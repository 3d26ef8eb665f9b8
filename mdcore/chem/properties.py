"""The property registry: the one place for names, units, labels and the physical range of each property."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mdcore.chem.errors import UnknownProperty


@dataclass(frozen=True)
class PropertySpec:
    """One property of a polymer.

    Attributes:
        name: Registry name.
        unit: Unit of every value, `1` for a pure number.
        label: Name for people.
        symbol: Symbol for axes and tables.
        lower: Smallest value an amorphous organic polymer is expected to have, in `unit`.
        upper: Largest such value. The range informs priors and refuses absurd input; it is no hard limit.
    """

    name: str
    unit: str
    label: str
    symbol: str
    lower: float
    upper: float

    @property
    def axis_label(self) -> str:
        """Label with unit, as plots print it."""
        return self.label if self.unit == "1" else f"{self.label} ({self.unit})"


_SPECS = (
    PropertySpec("density", "g/cm3", "Density", "ρ", 0.7, 2.5),
    PropertySpec("slowly_cooled_density", "g/cm3", "Density corrected for the cooling rate", "ρ_slow", 0.7, 2.5),
    PropertySpec("ramp_corrected_density", "g/cm3", "Density corrected along the cooling ramp", "ρ_ramp", 0.7, 2.5),
    PropertySpec("refractive_index", "1", "Refractive index", "n_D", 1.25, 2.0),
    PropertySpec("abbe_number", "1", "Abbe number", "ν_D", 8.0, 100.0),
    PropertySpec("glass_transition_temperature", "K", "Glass transition temperature", "T_g", 120.0, 750.0),
    PropertySpec("heat_capacity_cp", "J/g/K", "Isobaric heat capacity", "c_p", 0.5, 4.0),
    PropertySpec("linear_thermal_expansion", "1/K", "Linear thermal expansion", "α_L", 1e-5, 5e-4),
    PropertySpec("volumetric_thermal_expansion", "1/K", "Volumetric thermal expansion", "α_V", 3e-5, 1.5e-3),
    PropertySpec("isothermal_compressibility", "1/GPa", "Isothermal compressibility", "κ_T", 0.05, 3.0),
    PropertySpec("bulk_modulus", "GPa", "Bulk modulus", "K_T", 0.3, 20.0),
    PropertySpec("thermal_conductivity", "W/m/K", "Thermal conductivity", "κ", 0.05, 1.0),
    PropertySpec("thermal_diffusivity", "m2/s", "Thermal diffusivity", "D_T", 2e-8, 5e-7),
    PropertySpec("static_dielectric_constant", "1", "Static dielectric constant", "ε_0", 1.5, 30.0),
    PropertySpec("electronic_dielectric_constant", "1", "Electronic dielectric constant", "ε_∞", 1.5, 4.0),
    PropertySpec("radius_of_gyration", "nm", "Radius of gyration", "R_g", 0.2, 30.0),
    PropertySpec("end_to_end_distance", "nm", "End-to-end distance", "R_ee", 0.2, 100.0),
    PropertySpec("self_diffusion", "cm2/s", "Self-diffusion coefficient", "D", 1e-14, 1e-4),
    PropertySpec("fractional_free_volume", "1", "Fractional free volume", "FFV", 0.02, 0.5),
    PropertySpec("nematic_order", "1", "Nematic order parameter", "P_2", 0.0, 1.0),
    PropertySpec("sa_score", "1", "Synthetic accessibility score", "SA", 1.0, 10.0),
    PropertySpec("homo_lumo_gap", "eV", "HOMO-LUMO gap", "E_g", 0.5, 15.0),
)

PROPERTIES: Mapping[str, PropertySpec] = MappingProxyType({spec.name: spec for spec in _SPECS})


def property_spec(name: str) -> PropertySpec:
    """Look a property up.

    Raises:
        UnknownProperty: The registry has no such name; the message names the nearest one.
    """
    try:
        return PROPERTIES[name]
    except KeyError:
        near = difflib.get_close_matches(name, PROPERTIES, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(PROPERTIES)}"
        raise UnknownProperty(f"property {name!r} is not in the registry; {hint}") from None
