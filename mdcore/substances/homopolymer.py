"""A polymer of one repeat unit."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from mdcore.cell import chain_length, density_estimate_g_cm3, melt_temperature_k, plan_homopolymer, vdw_volume_nm3
from mdcore.cell.estimates import (
    COLDEST_MELT_K,
    CONSTANT_VOLUME_MELT_K,
    GLASS_TRANSITION_ERROR_K,
    HOTTEST_MELT_K,
    glass_transition_estimate_k,
)
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.optics import OpticsSettings, Refractions, needs_dft, refractions
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.settings.simulation import CellSettings, ProtocolSettings
from mdcore.substances.base import CellPlan, Substance
from mdcore.substances.documents import Document

_BOND_VOLUME_NM3 = 5.92e-3
"""Reduction of the sum of the atoms' van der Waals volumes per bond in cubic nm (Zhao et al. 2003, doi:10.1021/jo034808o)."""
KNOWN_TRANSITION_ERROR_K = 10.0
"""Scatter in K of measured glass transitions of the same polymer."""


class _Document(Document):
    psmiles: str


def unit_volume_nm3(unit: RepeatUnit) -> float:
    """Return the van der Waals volume of a repeat unit inside its chain in nm3: one of the bonds to its neighbours is counted."""
    return vdw_volume_nm3(unit.mol) - _BOND_VOLUME_NM3


def hottest_melt_k(units: tuple[RepeatUnit, ...], protocol: ProtocolSettings, glass_transition_k: float) -> float:
    """Return the temperature of a polymer melt in K.

    A melt kept at the volume of the glass is under pressure, which slows its dynamics; as it cannot boil, it is heated further than
    a melt at constant pressure.

    Args:
        units: Repeat units of the chains.
        protocol: Settings of melt and cooling.
        glass_transition_k: Known or estimated glass transition in K.
    """
    if protocol.cool_at == "volume":
        return max(protocol.temperature_K, CONSTANT_VOLUME_MELT_K)
    if protocol.melt_above_transition_K is not None:
        melt = glass_transition_k + protocol.melt_above_transition_K
        return max(protocol.temperature_K, min(HOTTEST_MELT_K, max(COLDEST_MELT_K, melt)))
    return max(protocol.temperature_K, *(melt_temperature_k(unit, protocol.glass_transition_K) for unit in units))


@dataclass(frozen=True)
class Homopolymer(Substance):
    """Chains of one repeat unit.

    Attributes:
        unit: The repeat unit; simulations only depend on its key.
    """

    unit: RepeatUnit
    kind: ClassVar[str] = "homopolymer"
    has_cell_conformers: ClassVar[bool] = True

    @classmethod
    def example(cls) -> Self:
        """Return poly(ethylene oxide)."""
        return cls(RepeatUnit.from_psmiles("*CCO*"))

    @property
    def key(self) -> str:
        """Canonical key of the repeat unit."""
        return self.unit.key

    @property
    def label(self) -> str:
        """The repeat unit as written."""
        return self.unit.psmiles

    @property
    def molar_mass_g_mol(self) -> float:
        """Molar mass of the repeat unit in g/mol."""
        return self.unit.molar_mass_g_mol

    @property
    def vdw_volume_nm3(self) -> float:
        """Van der Waals volume of the repeat unit inside its chain in nm3."""
        return unit_volume_nm3(self.unit)

    @property
    def starting_density_g_cm3(self) -> float:
        """Estimated density of the glass in g/cm3."""
        return density_estimate_g_cm3(self.unit)

    @property
    def repeat_units(self) -> tuple[RepeatUnit, ...]:
        """The repeat unit."""
        return (self.unit,)

    @property
    def unit_fractions(self) -> tuple[float, ...]:
        """One."""
        return (1.0,)

    @property
    def command(self) -> tuple[str, ...]:
        """The repeat unit."""
        return (self.unit.psmiles,)

    def plan(self, settings: CellSettings, seed: int) -> CellPlan:
        """Plan `n_chains` chains of `atoms_per_chain` atoms."""
        return CellPlan(plan_homopolymer(self.unit, settings, seed), chain_length(self.unit, settings.atoms_per_chain))

    def _hottest_k(self, protocol: ProtocolSettings) -> float:
        return hottest_melt_k(self.repeat_units, protocol, self.glass_transition_k(protocol.glass_transition_K)[0])

    def glass_transition_k(self, known_k: float | None) -> tuple[float, float]:
        """Return the known glass transition temperature, or an estimate from the composition, and its standard error in K."""
        if known_k is not None:
            return known_k, KNOWN_TRANSITION_ERROR_K
        return glass_transition_estimate_k(self.unit), GLASS_TRANSITION_ERROR_K

    def needs_dft(self, optics: OpticsSettings) -> bool:
        """Return whether the repeat unit's refractions come from density functional theory."""
        return needs_dft(self.unit, optics)

    def refractions(
        self,
        optics: OpticsSettings,
        cache: MutableMapping[str, str] | None = None,
        source: ConformerSource = ETKDG,
    ) -> Refractions:
        """Return the molar refractions of the repeat unit."""
        return refractions(self.unit, optics, cache=cache, source=source)

    def answer(self) -> dict[str, Any]:
        """Return `psmiles` and `key`."""
        return {"psmiles": self.unit.psmiles, "key": self.key}

    def document(self) -> dict[str, Any]:
        """Return the document `{kind: homopolymer, psmiles: ...}`."""
        return {"kind": self.kind, "psmiles": self.unit.psmiles}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read `psmiles`."""
        return cls(RepeatUnit.from_psmiles(_Document.read(document).psmiles))
