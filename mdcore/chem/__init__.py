"""Chemistry of repeat units: notation, canonical keys, oligomers, the property registry, records, seeds and errors.

Only `RepeatUnit`, `UnitMixture` and `Composition` need RDKit. They are loaded on first use, so that errors, records and seeds can be
imported from here in the slim environment of a GPU node.
"""

from typing import TYPE_CHECKING, Any

from mdcore.chem.elements import FORCE_FIELD_ELEMENTS
from mdcore.chem.errors import InvalidRepeatUnit, MDCoreError, UnknownProperty
from mdcore.chem.properties import PROPERTIES, PropertySpec, property_spec
from mdcore.chem.records import Failure, Measurement, unconverged, usable
from mdcore.chem.seeds import openmm_seed, rng_for, seed_sequence

if TYPE_CHECKING:
    from mdcore.chem.mixture import Composition, UnitMixture
    from mdcore.chem.repeat_unit import RepeatUnit

__all__ = [
    "FORCE_FIELD_ELEMENTS",
    "PROPERTIES",
    "Composition",
    "Failure",
    "InvalidRepeatUnit",
    "MDCoreError",
    "Measurement",
    "PropertySpec",
    "RepeatUnit",
    "UnitMixture",
    "UnknownProperty",
    "openmm_seed",
    "property_spec",
    "rng_for",
    "seed_sequence",
    "unconverged",
    "usable",
]


def __getattr__(name: str) -> Any:
    if name == "RepeatUnit":
        from mdcore.chem.repeat_unit import RepeatUnit

        return RepeatUnit
    if name in ("Composition", "UnitMixture"):
        from mdcore.chem import mixture

        return getattr(mixture, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
