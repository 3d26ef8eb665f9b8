"""DFT tier: molar refractions of a repeat unit from linear-response polarizabilities."""

import json
import math
from collections.abc import MutableMapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mdcore.chem import RepeatUnit, seed_sequence
from mdcore.chem.constants import AVOGADRO_PER_MOL, CM3_PER_ANGSTROM3
from mdcore.optics.cache import FolderCache
from mdcore.optics.errors import OpticsFailed
from mdcore.optics.geometry import ETKDG, ConformerSource, cut
from mdcore.optics.level import Level, require_pyscf
from mdcore.optics.pi import fused_atoms, n_pi_atoms
from mdcore.optics.polarizability import isotropic, polarizability
from mdcore.optics.scheme import Scheme, scheme_for
from mdcore.optics.settings import OpticsSettings
from mdcore.optics.values import Refractions

UNFITTED_ERRORS = 0.03, 0.08
"""Further relative errors of magnitude and dispersion for units with a group that does not occur in the fitted liquids; equal to those
of a level without a fit."""
_UNFITTED = Chem.MolFromSmarts("[#15,#53,$([#16](~*)(~*)(~*)~*)]")
"""Phosphorus, iodine, and sulfur with four neighbours."""

# Molar refraction of one cubic angstrom, in cm3/mol.
REFRACTION_PER_A3 = 4.0 * math.pi / 3.0 * AVOGADRO_PER_MOL * CM3_PER_ANGSTROM3


@dataclass(frozen=True)
class Correction:
    """Correction of molar refractions for the condensed phase and the level of theory, fitted to liquids.

    `R_D` of a molecule becomes `scale R_D + per_pi_atom n + per_molecule`, with n the number of atoms in pi bonds: Kohn-Sham
    response overestimates pi systems, and the Lorentz-Lorenz model the local field of flat molecules. The last term contains the
    contribution of the molecule's ends; it cancels for a unit inside a chain, which is the difference of two molecules. Without
    this term, the fitted scale would describe small molecules and be 2 % too large for units. Differences between lines are
    multiplied by `dispersion_scale (1 - dispersion_pi f)`, with f the fraction of heavy atoms in pi bonds. Values and
    errors come from benchmarks/optics_levels.py.

    Attributes:
        scale: Dimensionless.
        per_pi_atom: In cm3/mol.
        per_molecule: In cm3/mol; does not enter the value of a repeat unit.
        dispersion_scale: Dimensionless.
        dispersion_pi: Dimensionless.
        fused_error: Replaces `pi_error` if aromatic rings are fused.
        fused_dispersion_error: Replaces `pi_dispersion_error` if aromatic rings are fused.
        relative_error: Residual standard error of R_D in saturated molecules.
        relative_dispersion_error: The same for `R_F - R_C`.
        pi_error: Further error of R_D if all heavy atoms are in pi bonds; it is scaled by their fraction.
        pi_dispersion_error: The same for `R_F - R_C`.
    """

    scale: float = 1.0
    per_pi_atom: float = 0.0
    dispersion_scale: float = 1.0
    relative_error: float = 0.03
    relative_dispersion_error: float = 0.08
    pi_error: float = 0.05
    pi_dispersion_error: float = 0.2
    dispersion_pi: float = 0.0
    fused_error: float = 0.1
    fused_dispersion_error: float = 0.4
    per_molecule: float = 0.0

    def errors(self, pi_fraction: float, *, fused: bool = False, unfitted: bool = False) -> tuple[float, float]:
        """Return the relative standard errors of magnitude and dispersion of a unit, from its fraction of pi atoms.

        Args:
            pi_fraction: Fraction of heavy atoms in pi bonds.
            fused: Whether aromatic rings are fused.
            unfitted: Whether the unit has a group that does not occur in the fitted liquids.
        """
        magnitude, dispersion = (
            (self.fused_error, self.fused_dispersion_error) if fused else (self.pi_error, self.pi_dispersion_error)
        )
        more, more_dispersion = UNFITTED_ERRORS if unfitted else (0.0, 0.0)
        return (
            math.hypot(self.relative_error, magnitude * pi_fraction, more),
            math.hypot(self.relative_dispersion_error, dispersion * pi_fraction, more_dispersion),
        )


CORRECTIONS = MappingProxyType(
    {
        "pbe0/aug-cc-pvdz/grid0": Correction(
            scale=0.9884,
            per_pi_atom=-0.212,
            per_molecule=0.414,
            dispersion_scale=0.993,
            dispersion_pi=0.112,
            relative_error=0.0117,
            relative_dispersion_error=0.037,
            pi_error=0.017,
            pi_dispersion_error=0.039,
            fused_error=0.043,
            fused_dispersion_error=0.198,
        ),
        "pbe0/def2-svpd/grid0": Correction(
            scale=1.0051,
            per_pi_atom=-0.135,
            per_molecule=0.367,
            dispersion_scale=1.061,
            dispersion_pi=0.068,
            relative_error=0.0172,
            relative_dispersion_error=0.052,
            pi_error=0.019,
            pi_dispersion_error=0.066,
        ),
        "b3lyp/aug-cc-pvdz/grid0": Correction(
            scale=0.9841,
            per_pi_atom=-0.214,
            per_molecule=0.276,
            dispersion_scale=0.931,
            dispersion_pi=0.082,
            relative_error=0.0084,
            relative_dispersion_error=0.036,
            pi_error=0.015,
            pi_dispersion_error=0.049,
        ),
        "camb3lyp/aug-cc-pvdz/grid0": Correction(
            scale=1.0061,
            per_pi_atom=-0.229,
            per_molecule=0.22,
            dispersion_scale=1.028,
            dispersion_pi=0.102,
            relative_error=0.0078,
            relative_dispersion_error=0.033,
            pi_error=0.012,
            pi_dispersion_error=0.023,
        ),
    }
)
"""By name of the level; errors for fused rings were only determined for the default level."""

Cache = MutableMapping[str, str]


def dft_refractions(
    unit: RepeatUnit,
    level: Level | None = None,
    *,
    n_conformers: int = 2,
    max_heavy_atoms: int = 16,
    seed: int = 0,
    cache: Cache | None = None,
    correction: Correction | None = None,
    source: ConformerSource = ETKDG,
    device: str = "auto",
) -> Refractions:
    """Compute the molar refractions of one primitive repeat unit by density-functional linear response.

    Gas-phase response at the geometries of `source`, ETKDG and MMFF94s by default, corrected for the condensed phase
    by `Correction`; values of levels without a fitted correction are left raw and have a larger error.

    Args:
        unit: Repeat unit.
        level: Level of theory; the benchmarked default if None.
        n_conformers: Number of conformers to average over.
        max_heavy_atoms: See `scheme_for`.
        seed: Seed of the embedding.
        cache: Mapping of keys to texts, for example a store or a folder, with raw polarizabilities; units found in it are not
            recomputed.
        correction: Replaces the correction of the level; `Correction()` leaves the values raw.
        source: Source of the geometries.
        device: See `mdcore.optics.device.choose_device`.

    Raises:
        OpticsUnavailable: PySCF is not installed, or the requested device cannot be used.
        OpticsFailed: A calculation did not converge.
    """
    level = Level() if level is None else level
    plan = scheme_for(unit, max_heavy_atoms)
    held: Cache = {} if cache is None else cache
    key = _cache_key(unit, level, plan, n_conformers, seed, source)
    if key not in held:
        with _alone(held, key):
            # Another process may have computed it in the meantime.
            if key not in held:
                alpha = unit_polarizabilities(unit, plan, level, n_conformers, seed, source, device)
                held[key] = json.dumps({"alpha_A3": alpha.tolist()})
    if correction is None:
        correction = CORRECTIONS.get(level.name, Correction())
    return _refractions(unit, np.array(json.loads(held[key])["alpha_A3"], dtype=np.float64), correction)


def dft_cache_key(unit: RepeatUnit, settings: OpticsSettings, seed: int = 0) -> str:
    """Return the cache key of `refractions` for the DFT result of a unit with embedded conformers."""
    plan = scheme_for(unit, settings.max_heavy_atoms)
    return _cache_key(unit, settings.level, plan, settings.n_conformers, seed, ETKDG)


def _cache_key(
    unit: RepeatUnit, level: Level, plan: Scheme, n_conformers: int, seed: int, source: ConformerSource
) -> str:
    return f"{key_prefix(unit)}{level.name}|{plan.name}|conformers {n_conformers}|{source.name}seed {seed}"


def key_prefix(unit: RepeatUnit) -> str:
    """Return the common prefix of all cache keys of a unit."""
    return f"optics|{unit.key}|"


def _alone(cache: Cache, key: str) -> AbstractContextManager[None]:
    return cache.alone(key) if isinstance(cache, FolderCache) else nullcontext()


def unit_polarizabilities(
    unit: RepeatUnit,
    plan: Scheme,
    level: Level,
    n_conformers: int,
    seed: int,
    source: ConformerSource = ETKDG,
    device: str = "auto",
) -> NDArray[np.float64]:
    """Return mean polarizabilities per primitive unit in cubic angstrom, shape (conformers, 5): static, C, D, F, g."""
    require_pyscf()
    word = int(seed_sequence(seed, unit.key, "optics conformers").generate_state(1, np.uint32)[0]) % (2**31)
    rows = []
    for conformer in source(plan.oligomer, n_conformers, word):
        total = np.zeros(5)
        for coefficient, kept in plan.terms:
            total += coefficient * isotropic(polarizability(cut(conformer, set(kept)), level, device=device))
        rows.append(total / plan.n_units)
    return np.array(rows)


def _refractions(unit: RepeatUnit, alpha_a3: NDArray[np.float64], correction: Correction) -> Refractions:
    raw = REFRACTION_PER_A3 * alpha_a3.mean(axis=0)
    raw_D = float(raw[2])
    if not 0.0 < raw[1] < raw[2] < raw[3]:
        raise OpticsFailed(
            f"polarizabilities of {unit.key} do not increase towards shorter wavelengths; check the functional and the geometry"
        )
    n_pi, pi_fraction, fused, unfitted = _pi_content(unit)
    r_D = correction.scale * raw_D + correction.per_pi_atom * n_pi
    r_C, r_F, r_g = (r_D + offset for offset in corrected_offsets(raw, correction, pi_fraction))
    magnitude_error, dispersion_error = correction.errors(pi_fraction, fused=fused, unfitted=unfitted)
    spread, spread_of_dispersion = _standard_error(alpha_a3[:, 2]), _standard_error(alpha_a3[:, 3] - alpha_a3[:, 1])
    return Refractions(
        molar_mass_g_mol=RepeatUnit.from_psmiles(unit.key, elements=None).molar_mass_g_mol,
        r_C=r_C,
        r_D=r_D,
        r_F=r_F,
        relative_error=math.hypot(magnitude_error, spread),
        relative_dispersion_error=math.hypot(dispersion_error, spread_of_dispersion),
        tier="dft",
        r_g=r_g,
    )


def corrected_offsets(
    raw: NDArray[np.float64], correction: Correction, pi_fraction: float
) -> tuple[float, float, float]:
    """Return the differences of the lines C, F and g from D in the condensed phase, in cm3/mol.

    Args:
        raw: Computed refractions, static and at C, D, F, g, in cm3/mol.
        correction: Correction of the level of theory.
        pi_fraction: Fraction of heavy atoms in pi bonds.
    """
    scale = correction.dispersion_scale * (1.0 - correction.dispersion_pi * pi_fraction)
    r_C, r_F, r_g = (scale * float(raw[i] - raw[2]) for i in (1, 3, 4))
    return r_C, r_F, r_g


def expected_errors(unit: RepeatUnit, level: Level) -> tuple[float, float]:
    """Return the relative standard errors of magnitude and dispersion expected of DFT, without any calculation."""
    _, pi_fraction, fused, unfitted = _pi_content(unit)
    return CORRECTIONS.get(level.name, Correction()).errors(pi_fraction, fused=fused, unfitted=unfitted)


def _pi_content(unit: RepeatUnit) -> tuple[int, float, bool, bool]:
    """Return the number of atoms in pi bonds, their fraction, whether rings are fused, and whether a group is not covered by the fits."""
    mol, centre = unit.window(6)
    n_pi = n_pi_atoms(mol, centre)
    foreign = {index for match in mol.GetSubstructMatches(_UNFITTED) for index in match}
    return n_pi, n_pi / len(centre), bool(fused_atoms(mol, centre)), bool(foreign & set(centre))


def _standard_error(values: NDArray[np.float64]) -> float:
    """Return the relative standard error of the mean; 0 for one conformer, where it is unknown and covered by the model error."""
    if len(values) < 2:
        return 0.0
    return float(np.std(values, ddof=1) / math.sqrt(len(values)) / np.mean(values))
