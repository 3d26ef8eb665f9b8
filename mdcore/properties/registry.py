"""Registry of properties: all specifications, and properties measured by simulation."""

from mdcore.chem.errors import UnknownProperty
from mdcore.chem.properties import PROPERTIES, PropertySpec, property_spec
from mdcore.chem.registry import Registry
from mdcore.properties import reported
from mdcore.properties.abbe_number import ABBE_NUMBER
from mdcore.properties.base import Property
from mdcore.properties.bulk_modulus import BULK_MODULUS
from mdcore.properties.density import DENSITY
from mdcore.properties.derived_thermal_diffusivity import DERIVED_THERMAL_DIFFUSIVITY
from mdcore.properties.electronic_dielectric_constant import ELECTRONIC_DIELECTRIC_CONSTANT
from mdcore.properties.end_to_end_distance import END_TO_END_DISTANCE
from mdcore.properties.fractional_free_volume import FRACTIONAL_FREE_VOLUME
from mdcore.properties.heat_capacity_cp import HEAT_CAPACITY_CP
from mdcore.properties.isothermal_compressibility import ISOTHERMAL_COMPRESSIBILITY
from mdcore.properties.linear_thermal_expansion import LINEAR_THERMAL_EXPANSION
from mdcore.properties.nematic_order import NEMATIC_ORDER
from mdcore.properties.radius_of_gyration import RADIUS_OF_GYRATION
from mdcore.properties.ramp_corrected_density import RAMP_CORRECTED_DENSITY
from mdcore.properties.refractive_index import REFRACTIVE_INDEX
from mdcore.properties.sa_score import SA_SCORE
from mdcore.properties.slowly_cooled_density import SLOWLY_COOLED_DENSITY
from mdcore.properties.thermal_conductivity import THERMAL_CONDUCTIVITY
from mdcore.properties.thermal_diffusivity import THERMAL_DIFFUSIVITY
from mdcore.properties.volumetric_thermal_expansion import VOLUMETRIC_THERMAL_EXPANSION

MEASURED: Registry[Property] = Registry("property", UnknownProperty)
"""Properties measured by simulation; `register_property` adds one."""


def register_property(what: Property | PropertySpec) -> None:
    """Add a property measured by simulation, or the specification of a property only found in tables.

    Raises:
        PluginError: Its name is already taken.
    """
    spec = what.spec if isinstance(what, Property) else what
    PROPERTIES.register(spec.name, spec)
    if isinstance(what, Property):
        MEASURED.register(what.name, what)


def measured_property(name: str) -> Property:
    """Return a property measured by simulation.

    Raises:
        UnknownProperty: The name is unknown.
        ValueError: The property is not measured by simulation.
    """
    property_spec(name)
    try:
        return MEASURED[name]
    except KeyError:
        raise ValueError(
            f"property {name!r} is not measured by simulation; choose from {', '.join(MEASURED)}"
        ) from None


def properties_using(calculation: str) -> tuple[str, ...]:
    """Return the names of the properties that need a calculation, directly or via another property."""

    def uses(name: str) -> bool:
        needs = MEASURED[name].needs
        return calculation in needs.calculations or any(uses(other) for other in needs.properties if other in MEASURED)

    return tuple(name for name in MEASURED if uses(name))


for _one in (
    DENSITY,
    SLOWLY_COOLED_DENSITY,
    RAMP_CORRECTED_DENSITY,
    REFRACTIVE_INDEX,
    ABBE_NUMBER,
    reported.GLASS_TRANSITION_TEMPERATURE,
    HEAT_CAPACITY_CP,
    LINEAR_THERMAL_EXPANSION,
    VOLUMETRIC_THERMAL_EXPANSION,
    ISOTHERMAL_COMPRESSIBILITY,
    BULK_MODULUS,
    THERMAL_CONDUCTIVITY,
    THERMAL_DIFFUSIVITY,
    DERIVED_THERMAL_DIFFUSIVITY,
    reported.STATIC_DIELECTRIC_CONSTANT,
    ELECTRONIC_DIELECTRIC_CONSTANT,
    RADIUS_OF_GYRATION,
    END_TO_END_DISTANCE,
    reported.SELF_DIFFUSION,
    FRACTIONAL_FREE_VOLUME,
    NEMATIC_ORDER,
    SA_SCORE,
    reported.HOMO_LUMO_GAP,
):
    register_property(_one)
