"""What can be simulated: a homopolymer, a copolymer, or a molecular liquid."""

import math
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem

from mdcore.cell.estimates import (
    CONSTANT_VOLUME_MELT_K,
    GLASS_TRANSITION_ERROR_K,
    density_estimate_g_cm3,
    glass_transition_estimate_k,
    melt_temperature_k,
    vdw_volume_nm3,
)
from mdcore.cell.sequence import AlternatingSequence, BlockSequence, RandomSequence
from mdcore.chem.elements import FORCE_FIELD_ELEMENTS
from mdcore.chem.notation import read_molecule
from mdcore.chem.repeat_unit import RepeatUnit
from mdcore.optics import OpticsSettings, Refractions, UnknownEnvironment, needs_dft, refractions
from mdcore.optics.additive import molecule_refractions
from mdcore.optics.geometry import ETKDG, ConformerSource
from mdcore.settings import ProtocolSettings

_BOND_VOLUME_NM3 = 5.92e-3
"""What a bond takes from the sum of the atoms' van der Waals volumes (Zhao et al. 2003, doi:10.1021/jo034808o)."""
_DALTON_PER_NM3_TO_G_CM3 = 1.66053906660e-3
_KNOWN_TRANSITION_ERROR_K = 10.0
"""By how much measured glass transitions of one polymer differ."""
_LIQUID_PACKING = 1.75
"""Volume of an organic liquid over its van der Waals volume; where compression stops and the barostat takes over."""


@dataclass(frozen=True)
class Copolymer:
    """Two or more repeat units in one chain, joined head to tail as they are written.

    Attributes:
        units: The repeat units.
        sequence: How they follow each other.
    """

    units: tuple[RepeatUnit, ...]
    sequence: AlternatingSequence | RandomSequence | BlockSequence

    def __post_init__(self) -> None:
        """Refuse what is no copolymer.

        Raises:
            ValueError: Fewer than two units, or fractions that do not match them.
        """
        if len(self.units) < 2:
            raise ValueError(f"a copolymer of {len(self.units)} repeat unit is none; give at least two")
        if not isinstance(self.sequence, AlternatingSequence) and len(self.sequence.fractions) != len(self.units):
            raise ValueError(
                f"{len(self.sequence.fractions)} fractions were given for {len(self.units)} repeat units; give one for each"
            )

    @property
    def key(self) -> str:
        """Text that identifies the copolymer: units as they are written, kind and fractions."""
        shares = "" if isinstance(self.sequence, AlternatingSequence) else f":{','.join(map(repr, self.fractions))}"
        return f"{self.sequence.kind}{shares}:{'.'.join(unit.psmiles for unit in self.units)}"

    @property
    def fractions(self) -> tuple[float, ...]:
        """Mole fraction of each unit."""
        if isinstance(self.sequence, AlternatingSequence):
            return (1.0 / len(self.units),) * len(self.units)
        return self.sequence.fractions

    @property
    def molar_mass_g_mol(self) -> float:
        """Molar mass of the mean unit in g/mol."""
        return sum(x * unit.molar_mass_g_mol for x, unit in zip(self.fractions, self.units, strict=True))

    @property
    def vdw_volume_nm3(self) -> float:
        """Van der Waals volume of the mean unit inside its chain."""
        return sum(x * unit_volume_nm3(unit) for x, unit in zip(self.fractions, self.units, strict=True))


@dataclass(frozen=True)
class Liquid:
    """A molecular liquid.

    Attributes:
        smiles: One neutral molecule without stars.
    """

    smiles: str

    @cached_property
    def mol(self) -> Chem.Mol:
        """The molecule.

        Raises:
            InvalidMolecule: The SMILES is no molecule the force field covers.
        """
        return read_molecule(self.smiles, FORCE_FIELD_ELEMENTS)

    @property
    def key(self) -> str:
        """Canonical SMILES."""
        return str(Chem.MolToSmiles(self.mol))

    @property
    def molar_mass_g_mol(self) -> float:
        """Molar mass in g/mol."""
        from rdkit.Chem.Descriptors import MolWt  # type: ignore[attr-defined]

        return float(MolWt(self.mol))

    @property
    def vdw_volume_nm3(self) -> float:
        """Van der Waals volume of a molecule."""
        return vdw_volume_nm3(self.mol)

    @property
    def n_atoms(self) -> int:
        """Atoms of a molecule, hydrogens included."""
        return int(Chem.AddHs(self.mol).GetNumAtoms())


Specimen = RepeatUnit | Copolymer | Liquid


def unit_volume_nm3(unit: RepeatUnit) -> float:
    """Return the van der Waals volume of a repeat unit inside its chain: it owns one of the bonds to its neighbours."""
    return vdw_volume_nm3(unit.mol) - _BOND_VOLUME_NM3


def specimen_volume_nm3(specimen: Specimen) -> float:
    """Return the van der Waals volume that belongs to the specimen's molar mass."""
    return unit_volume_nm3(specimen) if isinstance(specimen, RepeatUnit) else specimen.vdw_volume_nm3


def starting_density_g_cm3(specimen: Specimen) -> float:
    """Estimate the density to compress to before the barostat takes over; volumes of a copolymer's units add up."""
    if isinstance(specimen, RepeatUnit):
        return density_estimate_g_cm3(specimen)
    if isinstance(specimen, Liquid):
        return specimen.molar_mass_g_mol * _DALTON_PER_NM3_TO_G_CM3 / (_LIQUID_PACKING * specimen.vdw_volume_nm3)
    masses = [x * unit.molar_mass_g_mol for x, unit in zip(specimen.fractions, specimen.units, strict=True)]
    volumes = [m / density_estimate_g_cm3(unit) for m, unit in zip(masses, specimen.units, strict=True)]
    return sum(masses) / sum(volumes)


def hottest_k(specimen: Specimen, protocol: ProtocolSettings) -> float:
    """Return the highest temperature of a protocol: the one it names, or a choice by the specimen.

    A liquid is not heated above that of the measurement. A melt that is kept at the volume of the glass is under
    pressure, which slows it down; it cannot boil, and is made hotter than one at constant pressure.
    """
    if protocol.max_temperature_K is not None:
        return max(protocol.temperature_K, protocol.max_temperature_K)
    if isinstance(specimen, Liquid):
        return protocol.temperature_K
    if protocol.cool_at == "volume":
        return max(protocol.temperature_K, CONSTANT_VOLUME_MELT_K)
    units: Sequence[RepeatUnit] = (specimen,) if isinstance(specimen, RepeatUnit) else specimen.units
    return max(protocol.temperature_K, *(melt_temperature_k(unit, protocol.glass_transition_K) for unit in units))


def glass_transition_k(specimen: RepeatUnit | Copolymer, known_k: float | None) -> tuple[float, float]:
    """Return a polymer's glass transition and its standard error in K: the known one, or an estimate.

    Estimates of a copolymer's units are averaged as Fox does (1956): weight fractions of the inverse.
    """
    if known_k is not None:
        return known_k, _KNOWN_TRANSITION_ERROR_K
    if isinstance(specimen, RepeatUnit):
        return glass_transition_estimate_k(specimen), GLASS_TRANSITION_ERROR_K
    masses = [x * unit.molar_mass_g_mol for x, unit in zip(specimen.fractions, specimen.units, strict=True)]
    inverse = sum(m / glass_transition_estimate_k(unit) for m, unit in zip(masses, specimen.units, strict=True))
    return sum(masses) / inverse, GLASS_TRANSITION_ERROR_K


def specimen_needs_dft(specimen: Specimen, optics: OpticsSettings) -> bool:
    """Tell whether `specimen_refractions` will ask DFT for any of the specimen's units."""
    if isinstance(specimen, Liquid):
        return False
    units = (specimen,) if isinstance(specimen, RepeatUnit) else specimen.units
    return any(needs_dft(unit, optics) for unit in units)


def specimen_refractions(
    specimen: Specimen,
    optics: OpticsSettings,
    cache: MutableMapping[str, str] | None = None,
    source: ConformerSource = ETKDG,
) -> Refractions:
    """Return the molar refractions of a specimen by the tier that the settings choose.

    Those of a copolymer are the mean of its units', weighted by mole fraction: what the bonds between unlike units change is
    neglected; their conformers are those of ETKDG. A liquid has the additive tier only.

    Raises:
        UnknownEnvironment: The additive tier lacks an increment, or DFT was asked for a liquid.
    """
    if isinstance(specimen, RepeatUnit):
        return refractions(specimen, optics, cache=cache, source=source)
    if isinstance(specimen, Liquid):
        if optics.kind == "dft":
            raise UnknownEnvironment(
                f"optics dft is for repeat units, not for the liquid {specimen.smiles}; use additive"
            )
        return molecule_refractions(specimen.mol)
    parts = [refractions(unit, optics, cache=cache) for unit in specimen.units]
    # Refractions belong to the primitive unit, mole fractions to the unit as it is written.
    shares = [
        x * unit.molar_mass_g_mol / part.molar_mass_g_mol
        for x, unit, part in zip(specimen.fractions, specimen.units, parts, strict=True)
    ]
    return mean_refractions(parts, shares)


def mean_refractions(parts: Sequence[Refractions], fractions: Sequence[float]) -> Refractions:
    """Mix refractions by numbers of moles; relative errors, which the parts share, by their part of the sum."""

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
