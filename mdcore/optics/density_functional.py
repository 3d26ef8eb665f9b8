"""DFT tier: molar refractions of a repeat unit from linear-response polarizabilities."""

import json
import math
from collections.abc import MutableMapping

import numpy as np
from numpy.typing import NDArray
from scipy import constants

from mdcore.chem import RepeatUnit, seed_sequence
from mdcore.optics.errors import OpticsFailed
from mdcore.optics.geometry import conformers, cut
from mdcore.optics.level import Level, require_pyscf
from mdcore.optics.polarizability import isotropic, polarizability
from mdcore.optics.scheme import Scheme, scheme_for
from mdcore.optics.values import Refractions

# Molar refraction of one cubic angstrom, in cm3/mol.
REFRACTION_PER_A3 = 4.0 * math.pi / 3.0 * constants.N_A * 1e-24

# Standard errors of the default level against liquids, see benchmarks/optics_accuracy.py: of R_D, and of R_F - R_C beyond that.
MODEL_ERROR = 0.012
MODEL_DISPERSION_ERROR = 0.05

Cache = MutableMapping[str, str]


def dft_refractions(
    unit: RepeatUnit,
    level: Level | None = None,
    *,
    n_conformers: int = 2,
    max_heavy_atoms: int = 22,
    seed: int = 0,
    cache: Cache | None = None,
) -> Refractions:
    """Compute the molar refractions of one primitive repeat unit by density-functional linear response.

    Gas-phase response at ETKDG and MMFF94s geometries; the condensed phase enters only through the Lorentz-Lorenz local
    field. The scale is not adjusted to experiment.

    Args:
        unit: Repeat unit.
        level: Level of theory; the benchmarked default if None.
        n_conformers: Conformers that are averaged.
        max_heavy_atoms: See `scheme_for`.
        seed: Seed of the embedding.
        cache: Texts by key, for example a store or a folder; a finished unit is read from it instead of computed.

    Raises:
        OpticsUnavailable: PySCF is not installed.
        OpticsFailed: A calculation did not converge.
    """
    level = Level() if level is None else level
    plan = scheme_for(unit, max_heavy_atoms)
    key = f"optics|{unit.key}|{level.name}|{plan.name}|conformers {n_conformers}|seed {seed}"
    text = cache.get(key) if cache is not None else None
    if text is None:
        record = {"alpha_A3": unit_polarizabilities(unit, plan, level, n_conformers, seed).tolist()}
        if cache is not None:
            cache[key] = json.dumps(record)
    else:
        record = json.loads(text)
    return _refractions(unit, np.array(record["alpha_A3"], dtype=np.float64))


def unit_polarizabilities(
    unit: RepeatUnit, plan: Scheme, level: Level, n_conformers: int, seed: int
) -> NDArray[np.float64]:
    """Return mean polarizabilities per primitive unit in cubic angstrom, shape (conformers, 5): static, C, D, F, g."""
    require_pyscf()
    word = int(seed_sequence(seed, unit.key, "optics conformers").generate_state(1, np.uint32)[0]) % (2**31)
    rows = []
    for conformer in conformers(plan.oligomer, n_conformers, word):
        total = np.zeros(5)
        for coefficient, kept in plan.terms:
            total += coefficient * isotropic(polarizability(cut(conformer, set(kept)), level))
        rows.append(total / plan.n_units)
    return np.array(rows)


def _refractions(unit: RepeatUnit, alpha_a3: NDArray[np.float64]) -> Refractions:
    _, r_C, r_D, r_F, r_g = (float(x) for x in REFRACTION_PER_A3 * alpha_a3.mean(axis=0))
    if not 0.0 < r_C < r_D < r_F:
        raise OpticsFailed(
            f"polarizabilities of {unit.key} do not rise towards the blue; check the functional and the geometry"
        )
    spread, spread_of_dispersion = _standard_error(alpha_a3[:, 2]), _standard_error(alpha_a3[:, 3] - alpha_a3[:, 1])
    return Refractions(
        molar_mass_g_mol=primitive_molar_mass(unit),
        r_C=r_C,
        r_D=r_D,
        r_F=r_F,
        relative_error=math.hypot(MODEL_ERROR, spread),
        relative_dispersion_error=math.hypot(MODEL_DISPERSION_ERROR, spread_of_dispersion),
        tier="dft",
        r_g=r_g,
    )


def _standard_error(values: NDArray[np.float64]) -> float:
    """Relative standard error of the mean; of one conformer it is unknown and left to the model error."""
    if len(values) < 2:
        return 0.0
    return float(np.std(values, ddof=1) / math.sqrt(len(values)) / np.mean(values))


def primitive_molar_mass(unit: RepeatUnit) -> float:
    """Molar mass of the primitive unit in g/mol."""
    primitive = RepeatUnit.from_psmiles(unit.key, elements=None)
    return float(primitive.molar_mass_g_mol)
