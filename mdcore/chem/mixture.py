"""Several repeat units in one chain, as input of structure-property models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdcore.chem.errors import InvalidSubstance
from mdcore.chem.repeat_unit import RepeatUnit


@dataclass(frozen=True)
class UnitMixture:
    """The repeat units of a chain with their mole fractions; the sequence along the chain is only part of the key.

    Attributes:
        key: Text that identifies the substance.
        psmiles: Human-readable line, in place of a pSMILES.
        units: The repeat units as they are written.
        fractions: Mole fraction of each; they sum to 1.
    """

    key: str
    psmiles: str
    units: tuple[RepeatUnit, ...]
    fractions: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.units or len(self.units) != len(self.fractions):
            raise InvalidSubstance(
                f"{len(self.fractions)} fractions were given for {len(self.units)} repeat units; give one for each"
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1.0) > 1e-6:
            raise InvalidSubstance(f"fractions {self.fractions} must be positive and sum to 1")

    @property
    def parts(self) -> tuple[tuple[RepeatUnit, float], ...]:
        """The repeat units with their mass fractions.

        Specific quantities, such as volumes and refractions per mass, are averages over the units with these weights. Mole fractions
        would depend on the number of periods that each unit is written with.
        """
        masses = [x * unit.molar_mass_g_mol for unit, x in zip(self.units, self.fractions, strict=True)]
        return tuple((unit, mass / sum(masses)) for unit, mass in zip(self.units, masses, strict=True))

    @property
    def document(self) -> dict[str, Any]:
        """The mixture in JSON types; `read_composition` reads it."""
        return {
            "key": self.key,
            "psmiles": self.psmiles,
            "units": [unit.psmiles for unit in self.units],
            "fractions": list(self.fractions),
        }


Composition = RepeatUnit | UnitMixture
"""Input of feature functions: one repeat unit, or several with their fractions."""


def read_composition(document: str | Mapping[str, Any]) -> Composition:
    """Read the `document` of a repeat unit (its pSMILES) or of a mixture; elements are not restricted.

    Raises:
        InvalidRepeatUnit: A repeat unit is not valid.
        InvalidSubstance: The fractions do not match the units.
        KeyError: A field is missing.
    """
    if isinstance(document, str):
        return RepeatUnit.from_psmiles(document, elements=None)
    units = tuple(RepeatUnit.from_psmiles(text, elements=None) for text in document["units"])
    return UnitMixture(document["key"], document["psmiles"], units, tuple(document["fractions"]))
