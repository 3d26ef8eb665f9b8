"""A polymer of two or more repeat units in one chain."""

import math
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from mdcore.cell import density_estimate_g_cm3, plan_copolymer
from mdcore.cell.estimates import GLASS_TRANSITION_ERROR_K, glass_transition_estimate_k
from mdcore.cell.sequence import AlternatingSequence, BlockSequence, RandomSequence, UnitSequence
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.optics import OpticsSettings, Refractions, needs_dft, refractions
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.settings.simulation import CellSettings, ProtocolSettings
from mdcore.substances.base import CellPlan, Substance
from mdcore.substances.documents import Document
from mdcore.substances.homopolymer import KNOWN_TRANSITION_ERROR_K, hottest_melt_k, unit_volume_nm3


class _Document(Document):
    units: tuple[str, ...]
    sequence: UnitSequence


@dataclass(frozen=True)
class Copolymer(Substance):
    """Two or more repeat units in one chain, joined head to tail as written.

    Attributes:
        units: The repeat units.
        sequence: Sequence of the units along the chain.
    """

    units: tuple[RepeatUnit, ...]
    sequence: AlternatingSequence | RandomSequence | BlockSequence
    kind: ClassVar[str] = "copolymer"

    def __post_init__(self) -> None:
        """Check the numbers of units and fractions.

        Raises:
            ValueError: There are fewer than two units, or the fractions do not match them.
        """
        if len(self.units) < 2:
            raise ValueError(f"a copolymer needs at least 2 repeat units, got {len(self.units)}; add one")
        if not isinstance(self.sequence, AlternatingSequence) and len(self.sequence.fractions) != len(self.units):
            raise ValueError(
                f"{len(self.sequence.fractions)} fractions were given for {len(self.units)} repeat units; give one for each"
            )

    @classmethod
    def example(cls) -> Self:
        """Return a random copolymer of ethylene and vinyl chloride."""
        units = RepeatUnit.from_psmiles("*CC*"), RepeatUnit.from_psmiles("*CC(*)Cl")
        return cls(units, RandomSequence(fractions=(0.75, 0.25)))

    @property
    def key(self) -> str:
        """Text that identifies the copolymer: units as written, kind of sequence and fractions."""
        shares = (
            "" if isinstance(self.sequence, AlternatingSequence) else f":{','.join(map(repr, self.unit_fractions))}"
        )
        return f"{self.sequence.kind}{shares}:{'.'.join(unit.psmiles for unit in self.units)}"

    @property
    def label(self) -> str:
        """Units, kind of sequence and fractions."""
        alternating = isinstance(self.sequence, AlternatingSequence)
        shares = "" if alternating else " " + ":".join(f"{x:g}" for x in self.unit_fractions)
        return f"{' + '.join(unit.psmiles for unit in self.units)} ({self.sequence.kind}{shares})"

    @property
    def repeat_units(self) -> tuple[RepeatUnit, ...]:
        """The repeat units."""
        return self.units

    @property
    def fractions(self) -> tuple[float, ...]:
        """Mole fraction of each unit."""
        return self.unit_fractions

    @property
    def unit_fractions(self) -> tuple[float, ...]:
        """Mole fraction of each unit."""
        if isinstance(self.sequence, AlternatingSequence):
            return (1.0 / len(self.units),) * len(self.units)
        return self.sequence.fractions

    @property
    def molar_mass_g_mol(self) -> float:
        """Molar mass of the mean unit in g/mol."""
        return sum(self._masses())

    @property
    def vdw_volume_nm3(self) -> float:
        """Van der Waals volume of the mean unit inside its chain in nm3."""
        return sum(x * unit_volume_nm3(unit) for x, unit in self._shares())

    @property
    def starting_density_g_cm3(self) -> float:
        """Estimated density in g/cm3; the volumes of the units add up."""
        masses = self._masses()
        return sum(masses) / sum(m / density_estimate_g_cm3(unit) for m, unit in zip(masses, self.units, strict=True))

    @property
    def command(self) -> tuple[str, ...]:
        """The repeat units, the kind of sequence and the fractions."""
        given = (*(unit.psmiles for unit in self.units), "--sequence", self.sequence.kind)
        if isinstance(self.sequence, AlternatingSequence):
            return given
        return (*given, "--fractions", ",".join(map(repr, self.unit_fractions)))

    def plan(self, settings: CellSettings, seed: int) -> CellPlan:
        """Plan `n_chains` chains; the sequence of each is drawn independently."""
        chains = plan_copolymer(self.units, self.sequence, settings, seed)
        lengths = [len(chain.residues) - 2 for chain in chains]
        return CellPlan(chains, sum(lengths) / len(lengths))

    def _hottest_k(self, protocol: ProtocolSettings) -> float:
        return hottest_melt_k(self.units, protocol, self.glass_transition_k(protocol.glass_transition_K)[0])

    def glass_transition_k(self, known_k: float | None) -> tuple[float, float]:
        """Return the known glass transition temperature, or an estimate, and its standard error in K.

        Estimates of the units are averaged with the Fox equation (1956): 1/Tg = sum of w/Tg over the units, w their weight fractions.
        """
        if known_k is not None:
            return known_k, KNOWN_TRANSITION_ERROR_K
        masses = self._masses()
        inverse = sum(m / glass_transition_estimate_k(unit) for m, unit in zip(masses, self.units, strict=True))
        return sum(masses) / inverse, GLASS_TRANSITION_ERROR_K

    def needs_dft(self, optics: OpticsSettings) -> bool:
        """Return whether the refractions of any unit come from density functional theory."""
        return any(needs_dft(unit, optics) for unit in self.units)

    def refractions(
        self,
        optics: OpticsSettings,
        cache: MutableMapping[str, str] | None = None,
        source: ConformerSource = ETKDG,
    ) -> Refractions:
        """Return the mean of the units' molar refractions, weighted by mole fraction.

        Effects of bonds between unlike units are neglected; conformers are always those of ETKDG.
        """
        parts = [refractions(unit, optics, cache=cache) for unit in self.units]
        # Refractions belong to the primitive unit, mole fractions to the unit as written.
        return mean_refractions(
            parts, [m / part.molar_mass_g_mol for m, part in zip(self._masses(), parts, strict=True)]
        )

    def answer(self) -> dict[str, Any]:
        """Return `psmiles` (a list), `sequence`, `fractions` and `key`."""
        return {
            "psmiles": [unit.psmiles for unit in self.units],
            "sequence": self.sequence.kind,
            "fractions": list(self.unit_fractions),
            "key": self.key,
        }

    def document(self) -> dict[str, Any]:
        """Return the document `{kind: copolymer, units: [...], sequence: {...}}`."""
        sequence = self.sequence.model_dump(mode="json")
        return {"kind": self.kind, "units": [unit.psmiles for unit in self.units], "sequence": sequence}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read `units` and `sequence`."""
        fields = _Document.read(document)
        return cls(tuple(RepeatUnit.from_psmiles(text) for text in fields.units), fields.sequence)

    def _shares(self) -> list[tuple[float, RepeatUnit]]:
        return list(zip(self.unit_fractions, self.units, strict=True))

    def _masses(self) -> list[float]:
        return [x * unit.molar_mass_g_mol for x, unit in self._shares()]


def mean_refractions(parts: Sequence[Refractions], fractions: Sequence[float]) -> Refractions:
    """Mix refractions by amounts in moles; relative errors, assumed fully correlated, by their contributions to the sum."""

    def mean(values: Sequence[float]) -> float:
        return math.fsum(x * value for x, value in zip(fractions, values, strict=True))

    r_C, r_D, r_F = (mean([getattr(part, line) for part in parts]) for line in ("r_C", "r_D", "r_F"))
    blue = [part.r_g for part in parts if part.r_g is not None]
    tiers = sorted({part.tier for part in parts})
    return Refractions(
        molar_mass_g_mol=mean([part.molar_mass_g_mol for part in parts]),
        r_C=r_C,
        r_D=r_D,
        r_F=r_F,
        relative_error=mean([part.r_D * part.relative_error for part in parts]) / r_D,
        relative_dispersion_error=mean([(part.r_F - part.r_C) * part.relative_dispersion_error for part in parts])
        / (r_F - r_C),
        tier="+".join(tiers),
        flags=tuple(sorted({flag for part in parts for flag in part.flags})),
        r_g=mean(blue) if len(blue) == len(parts) else None,
    )
