"""Refractive index and Abbe number from molar refractions and density, with errors.

Lorentz and Lorenz relate the index to the polarizability of the molecules (Born and Wolf, Principles of Optics, eq. 2.3.17)::

    (n^2 - 1) / (n^2 + 2) = phi = rho R / M          n = sqrt((1 + 2 phi) / (1 - phi))

with the molar refraction `R = (4 pi / 3) N_A alpha` (cm3/mol), the density `rho` (g/cm3) and the molar mass `M` (g/mol).
It assumes an isotropic medium with the local field of a spherical cavity.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mdcore.chem.constants import AVOGADRO_PER_MOL, CM3_PER_ANGSTROM3
from mdcore.estimate.base import MODEL, Estimate
from mdcore.optics.values import Refractions


def molar_refraction(polarizability_a3: ArrayLike) -> NDArray[np.float64]:
    """Convert a polarizability volume in cubic angstrom to a molar refraction in cm3/mol."""
    factor = 4.0 * math.pi / 3.0 * AVOGADRO_PER_MOL * CM3_PER_ANGSTROM3
    return np.asarray(factor * np.asarray(polarizability_a3, dtype=np.float64), dtype=np.float64)


def refractive_index(
    refraction_cm3_mol: ArrayLike, molar_mass_g_mol: ArrayLike, density_g_cm3: ArrayLike
) -> NDArray[np.float64]:
    """Solve the Lorentz-Lorenz equation for n. Arguments broadcast.

    Raises:
        ValueError: The reduced refraction `rho R / M` is not in [0, 1), so that there is no finite index.
    """
    reduced = (
        np.asarray(density_g_cm3, dtype=np.float64)
        * np.asarray(refraction_cm3_mol, dtype=np.float64)
        / np.asarray(molar_mass_g_mol, dtype=np.float64)
    )
    if np.any(~(reduced >= 0.0) | (reduced >= 1.0)):
        raise ValueError(
            f"reduced refraction rho R / M = {np.ravel(reduced)[np.argmax(np.ravel(reduced))]:.4g} is outside [0, 1); check "
            "the density (g/cm3), the refraction (cm3/mol) and the molar mass (g/mol)"
        )
    return np.asarray(np.sqrt((1.0 + 2.0 * reduced) / (1.0 - reduced)), dtype=np.float64)


def refraction_from_index(
    index: ArrayLike, molar_mass_g_mol: ArrayLike, density_g_cm3: ArrayLike
) -> NDArray[np.float64]:
    """Invert `refractive_index`: the molar refraction in cm3/mol that gives `index`."""
    n2 = np.square(np.asarray(index, dtype=np.float64))
    mass = np.asarray(molar_mass_g_mol, dtype=np.float64)
    return np.asarray((n2 - 1.0) / (n2 + 2.0) * mass / np.asarray(density_g_cm3, dtype=np.float64), dtype=np.float64)


def abbe_number(n_C: ArrayLike, n_D: ArrayLike, n_F: ArrayLike) -> NDArray[np.float64]:
    """Return nu = (n_D - 1) / (n_F - n_C).

    Raises:
        ValueError: `n_F` does not exceed `n_C`.
    """
    spread = np.asarray(n_F, dtype=np.float64) - np.asarray(n_C, dtype=np.float64)
    if np.any(~(spread > 0.0)):
        raise ValueError(
            f"n_F - n_C = {np.min(spread):.3g} must be positive; check the order of the lines, and that the dispersion is normal"
        )
    return np.asarray((np.asarray(n_D, dtype=np.float64) - 1.0) / spread, dtype=np.float64)


def index_estimate(refractions: Refractions, density_g_cm3: float, density_stderr_g_cm3: float = 0.0) -> Estimate:
    """Estimate n_D and its error from a tier's refractions and a density.

    Errors of density and magnitude enter only through their product, `dn = (n^2-1)(n^2+2)/(6n) (drho/rho + dR/R)`. The
    error of the dispersion does not affect n_D.
    """
    return _estimate(_index_at, refractions, density_g_cm3, density_stderr_g_cm3)


def abbe_estimate(refractions: Refractions, density_g_cm3: float, density_stderr_g_cm3: float = 0.0) -> Estimate:
    """Estimate the Abbe number and its error from a tier's refractions and a density.

    Errors of density and magnitude are common to all lines and nearly cancel in the ratio; the error of the dispersion does not.
    """
    return _estimate(_abbe_at, refractions, density_g_cm3, density_stderr_g_cm3)


def dielectric_estimate(refractions: Refractions, density_g_cm3: float, density_stderr_g_cm3: float = 0.0) -> Estimate:
    """Estimate the electronic dielectric constant at the sodium line, n_D squared."""
    return _estimate(_dielectric_at, refractions, density_g_cm3, density_stderr_g_cm3)


def scaled_lines(refractions: Refractions, magnitude: ArrayLike, dispersion: ArrayLike) -> NDArray[np.float64]:
    """Apply the tier's error model: refractions at C, D, F for given relative deviations.

    Args:
        refractions: A tier's refractions.
        magnitude: Relative deviation common to all lines, shape (...).
        dispersion: Relative deviation of the spacing of the lines around D, shape (...).

    Returns:
        Refractions in cm3/mol, shape (..., 3).
    """
    base = np.array([refractions.r_C, refractions.r_D, refractions.r_F])
    offsets = base - refractions.r_D
    scale = 1.0 + np.asarray(magnitude, dtype=np.float64)[..., None]
    return np.asarray(
        scale * (refractions.r_D + offsets * (1.0 + np.asarray(dispersion, dtype=np.float64)[..., None])),
        dtype=np.float64,
    )


def _indices(
    r: Refractions, log_density: float, magnitude: float, dispersion: float, density: float
) -> NDArray[np.float64]:
    lines = scaled_lines(r, np.float64(magnitude), np.float64(dispersion))
    return refractive_index(lines, r.molar_mass_g_mol, density * math.exp(log_density))


def _index_at(*args: Any) -> float:
    return float(_indices(*args)[1])


def _abbe_at(*args: Any) -> float:
    return float(abbe_number(*_indices(*args)))


def _dielectric_at(*args: Any) -> float:
    return float(_indices(*args)[1] ** 2)


def _estimate(
    function: Callable[..., float], refractions: Refractions, density: float, density_stderr: float
) -> Estimate:
    if not (density > 0.0 and density_stderr >= 0.0):
        raise ValueError(f"density {density} +- {density_stderr} g/cm3 must be positive, and its error not negative")
    sigmas = np.array(
        [density_stderr / density, refractions.relative_error, refractions.relative_dispersion_error], dtype=np.float64
    )
    gradient = np.empty(3)
    # Central differences: the step is large against rounding and small against the curvature.
    step = 1e-5
    for i in range(3):
        ends = []
        for sign in (1.0, -1.0):
            point = [0.0, 0.0, 0.0]
            point[i] = sign * step
            ends.append(function(refractions, *point, density))
        gradient[i] = (ends[0] - ends[1]) / (2.0 * step)
    parts = gradient * sigmas
    statistical, model = abs(float(parts[0])), float(np.hypot(parts[1], parts[2]))
    value = function(refractions, 0.0, 0.0, 0.0, density)
    return Estimate(value, math.hypot(statistical, model), {"density": statistical, MODEL: model})
