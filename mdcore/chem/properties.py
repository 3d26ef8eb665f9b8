"""The property registry: names, units, labels, ranges and typical errors of each property.

Each property has two ranges. The usual one, `lower` to `upper`, is what amorphous organic polymers are expected to have; it informs
priors, and a value outside of it is told as unusual. The physical one, `lowest` to `highest`, ends where no polymer can be, so that a
number beyond it is a misprint, another unit or a code for a missing value:

========================  =====================  ==============================================================================
property                  possible               reason
========================  =====================  ==============================================================================
densities                 0.3 to 5 g/cm3         liquid methane has 0.42, solid tetraiodomethane 4.3
refractive index          1 to 3                 vacuum; diamond has 2.42, and polymers away from resonance less
Abbe number               1 to 200               n_F > n_C in transparent matter; CaF2 has 95, fluoropolymers 90 to 100
glass transition          50 to 1500 K           1-butene, a small molecule, has 60 K; organic matter is carbonised long before 1500 K
heat capacity             0.05 to 10 J/g/K       lead has 0.13, liquid ammonia 4.7
linear expansion          -1e-4 to 3e-3 1/K      drawn fibres shrink by some 1e-5; twice that of the most expansible liquids
volumetric expansion      -3e-4 to 1e-2 1/K      three times the linear one
compressibility           1e-3 to 50 1/GPa       stable matter has a positive one; diamond has 0.0023, volatile liquids about 2
bulk modulus              0.02 to 500 GPa        the reciprocal; diamond has 443
thermal conductivity      0.005 to 150 W/m/K     air has 0.026, the best drawn polyethylene fibre 104
thermal diffusivity       1e-9 to 1e-4 m2/s      the same fibre has 5e-5
static permittivity       1 to 500               vacuum; relaxor fluoropolymers reach 100
electronic permittivity   1 to 9                 squares of the limits of the refractive index
chain sizes               0.05 to 5000 nm        shorter than a bond; coils of the longest synthetic chains span 1 um
self-diffusion            1e-40 to 1e-2 cm2/s    no atom's width in the age of the earth; small molecules in liquids have 1e-5 to 1e-4
free volume               0 to 1                 a share
nematic order             -0.5 to 1              limits of the second Legendre polynomial
synthetic accessibility   1 to 10                limits of the score
HOMO-LUMO gap             0 to 30 eV             a metal; helium's ionisation energy is 24.6 eV
========================  =====================  ==============================================================================

The default standard error stands in for the error of a value that comes without one. It is the scatter between laboratories, samples
and methods that tables of polymers show for one repeat unit, not the precision of an instrument: density 1 % (tacticity, residual
crystallinity, temperature), refractive index 0.005 (handbooks differ in the third decimal), Abbe number 1, glass transition 10 K (heating
rate, molar mass, definition of the onset), heat capacity 0.05 J/g/K (calorimetry to 3 %), expansions, compressibility, modulus and
conductivity 10 % (methods disagree by as much), diffusivity 15 %, permittivities 5 % and 2 %, chain sizes 5 %, self-diffusion a
factor of about 1.3, free volume 0.01, order parameter 0.05, gap 0.1 eV (conformation). The synthetic accessibility score is computed
exactly.
"""

import difflib
import math
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
        upper: Largest such value. The usual range informs priors; it is no hard limit.
        lowest: Smallest value that is physically possible, in `unit`.
        highest: Largest such value.
        default_stderr: Standard error in `unit` that a value without one is assumed to have.
        default_relative: The same as a share of the value, for properties that span orders of magnitude; the larger of both counts.
    """

    name: str
    unit: str
    label: str
    symbol: str
    lower: float
    upper: float
    lowest: float
    highest: float
    default_stderr: float
    default_relative: float = 0.0

    @property
    def axis_label(self) -> str:
        """Label with unit, as plots print it."""
        return self.label if self.unit == "1" else f"{self.label} ({self.unit})"

    def possible(self, value: float) -> bool:
        """Tell whether a value in `unit` is finite and physically possible."""
        return math.isfinite(value) and self.lowest <= value <= self.highest

    @property
    def possible_range(self) -> str:
        """The physical range with its unit, `0.3 to 5 g/cm3`."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.lowest:g} to {self.highest:g}{unit}"

    def why_unreachable(self, low: float | None, high: float | None) -> str | None:
        """Say why no polymer can have a value between two limits in `unit`, None for an open end; None if one can."""
        if low is not None and low > self.highest:
            aim = f"above {low:g}"
        elif high is not None and high < self.lowest:
            aim = f"below {high:g}"
        else:
            return None
        aim = f"{low:g}" if low is not None and low == high else aim
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.name} {aim}{unit} is physically impossible ({self.possible_range} is possible); correct it, or its unit"

    def usual(self, value: float) -> bool:
        """Tell whether amorphous organic polymers are expected to have such a value."""
        return self.lower <= value <= self.upper

    def assumed_stderr(self, value: float) -> float:
        """Return the standard error of a value that came without one, in `unit`."""
        return max(self.default_stderr, self.default_relative * abs(value))


# fmt: off
_SPECS = (
    PropertySpec("density", "g/cm3", "Density", "ρ", 0.7, 2.5, 0.3, 5.0, 0.01),
    PropertySpec("slowly_cooled_density", "g/cm3", "Density corrected for the cooling rate", "ρ_slow", 0.7, 2.5, 0.3, 5.0, 0.01),
    PropertySpec("ramp_corrected_density", "g/cm3", "Density corrected along the cooling ramp", "ρ_ramp", 0.7, 2.5, 0.3, 5.0, 0.01),
    PropertySpec("refractive_index", "1", "Refractive index", "n_D", 1.25, 2.0, 1.0, 3.0, 0.005),
    PropertySpec("abbe_number", "1", "Abbe number", "ν_D", 8.0, 100.0, 1.0, 200.0, 1.0),
    PropertySpec("glass_transition_temperature", "K", "Glass transition temperature", "T_g", 120.0, 750.0, 50.0, 1500.0, 10.0),
    PropertySpec("heat_capacity_cp", "J/g/K", "Isobaric heat capacity", "c_p", 0.5, 4.0, 0.05, 10.0, 0.05),
    PropertySpec("linear_thermal_expansion", "1/K", "Linear thermal expansion", "α_L", 1e-5, 5e-4, -1e-4, 3e-3, 5e-6, 0.1),
    PropertySpec("volumetric_thermal_expansion", "1/K", "Volumetric thermal expansion", "α_V", 3e-5, 1.5e-3, -3e-4, 1e-2, 1.5e-5, 0.1),
    PropertySpec("isothermal_compressibility", "1/GPa", "Isothermal compressibility", "κ_T", 0.05, 3.0, 1e-3, 50.0, 0.01, 0.1),
    PropertySpec("bulk_modulus", "GPa", "Bulk modulus", "K_T", 0.3, 20.0, 0.02, 500.0, 0.05, 0.1),
    PropertySpec("thermal_conductivity", "W/m/K", "Thermal conductivity", "κ", 0.05, 1.0, 0.005, 150.0, 0.01, 0.1),
    PropertySpec("thermal_diffusivity", "m2/s", "Thermal diffusivity", "D_T", 2e-8, 5e-7, 1e-9, 1e-4, 1e-8, 0.15),
    PropertySpec("static_dielectric_constant", "1", "Static dielectric constant", "ε_0", 1.5, 30.0, 1.0, 500.0, 0.05, 0.05),
    PropertySpec("electronic_dielectric_constant", "1", "Electronic dielectric constant", "ε_∞", 1.5, 4.0, 1.0, 9.0, 0.02, 0.02),
    PropertySpec("radius_of_gyration", "nm", "Radius of gyration", "R_g", 0.2, 30.0, 0.05, 5000.0, 0.02, 0.05),
    PropertySpec("end_to_end_distance", "nm", "End-to-end distance", "R_ee", 0.2, 100.0, 0.05, 5000.0, 0.05, 0.05),
    PropertySpec("self_diffusion", "cm2/s", "Self-diffusion coefficient", "D", 1e-14, 1e-4, 1e-40, 1e-2, 0.0, 0.3),
    PropertySpec("fractional_free_volume", "1", "Fractional free volume", "FFV", 0.02, 0.5, 0.0, 1.0, 0.01),
    PropertySpec("nematic_order", "1", "Nematic order parameter", "P_2", 0.0, 1.0, -0.5, 1.0, 0.05),
    PropertySpec("sa_score", "1", "Synthetic accessibility score", "SA", 1.0, 10.0, 1.0, 10.0, 0.0),
    PropertySpec("homo_lumo_gap", "eV", "HOMO-LUMO gap", "E_g", 0.5, 15.0, 0.0, 30.0, 0.1),
)
# fmt: on
"""Name, unit, label, symbol; usual range; possible range; default standard error, and as a share of the value."""

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
