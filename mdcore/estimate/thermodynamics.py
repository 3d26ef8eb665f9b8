"""Estimators of thermodynamic and structural properties from time series, with standard errors.

Fluctuation formulas after Allen and Tildesley, Computer Simulation of Liquids, second edition, section 2.5; errors are
estimated from blocks of several correlation times.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import (
    AVOGADRO_PER_MOL,
    BOLTZMANN_J_K,
    JOULE_PER_KJ_MOL,
    M3_PER_NM3,
    PASCAL_PER_ATM,
)
from mdcore.dynamics.statistics import mean_and_stderr, statistical_inefficiency
from mdcore.estimate.base import Estimate

FloatArray = NDArray[np.float64]

_MIN_BLOCKS = 4
_MAX_BLOCKS = 20
_FREEZING_K = 450.0
_MELT_COMPRESSIBILITY_PER_PA = 1e-9
_LIQUID_SHARE = 1.0 / 3.0


def mean_estimate(series: FloatArray) -> Estimate:
    """Return the mean of a series and its autocorrelation-aware standard error."""
    return Estimate(*mean_and_stderr(np.asarray(series, dtype=np.float64)))


def block_estimate(estimator: Callable[[FloatArray], float], series: FloatArray) -> Estimate:
    """Apply a nonlinear estimator to a series, with the error from a jackknife over blocks.

    Args:
        estimator: Function of rows, shape (r, columns), to a number.
        series: Shape (n, columns).

    Returns:
        The estimate from all rows; its error from deleting one block at a time, with blocks of at least two statistical inefficiencies.
    """
    rows = np.asarray(series, dtype=np.float64)
    value = float(estimator(rows))
    longest = max(statistical_inefficiency(rows[:, column]) for column in range(rows.shape[1]))
    n_blocks = int(min(_MAX_BLOCKS, len(rows) / (2.0 * longest)))
    if n_blocks < _MIN_BLOCKS:
        return Estimate(value, float("inf"))
    blocks = np.array_split(np.arange(len(rows)), n_blocks)
    left_out = np.array([estimator(np.delete(rows, block, axis=0)) for block in blocks])
    spread = (n_blocks - 1) / n_blocks * float(((left_out - left_out.mean()) ** 2).sum())
    return Estimate(value, float(np.sqrt(spread)))


def frozen_fluctuation(volume_nm3: FloatArray) -> float:
    """Return the relative standard error of a glass's volume due to frozen fluctuations, which its time series does not show.

    A melt's volume fluctuates with the variance kT kappa V (Allen and Tildesley, equation 2.85). In a glass this fluctuation is
    frozen in and differs between cells of the same size. With T and kappa of polymer melts near their glass transition, 450 K and
    1/GPa, the standard deviation is 3 % for 600 atoms and 0.7 % for 10,000. The variance that is visible in the series is subtracted;
    in a melt sampled long enough, this is all of it.

    Args:
        volume_nm3: Shape (n,), series at constant pressure.
    """
    volume = np.asarray(volume_nm3, dtype=np.float64)
    mean = float(volume.mean())
    melt = BOLTZMANN_J_K * _FREEZING_K * _MELT_COMPRESSIBILITY_PER_PA / (mean * M3_PER_NM3)
    seen = float(volume.var()) / mean**2
    # A third of the melt's variance in the series indicates a liquid or rubber, whose compressibility is 0.5 to 1/GPa at room
    # temperature; the error of the mean then covers it. Glasses have 0.2 to 0.35/GPa.
    return 0.0 if seen >= _LIQUID_SHARE * melt else float(np.sqrt(melt - seen))


def isothermal_compressibility(volume_nm3: FloatArray, temperature_k: float) -> Estimate:
    """Estimate kappa_T = Var(V) / (V k T) in 1/GPa from a constant-pressure run.

    Args:
        volume_nm3: Shape (n,).
        temperature_k: Temperature in K.
    """

    def kappa(rows: FloatArray) -> float:
        volume = rows[:, 0] * M3_PER_NM3
        return float(volume.var() / (volume.mean() * BOLTZMANN_J_K * temperature_k) * 1e9)

    return block_estimate(kappa, np.asarray(volume_nm3)[:, None])


def bulk_modulus(compressibility: Estimate) -> Estimate:
    """Return K_T = 1 / kappa_T in GPa, the error propagated to first order."""
    value = 1.0 / compressibility.value
    return Estimate(value, compressibility.stderr * value**2)


def thermal_expansion(volume_nm3: FloatArray, enthalpy_kj_mol: FloatArray, temperature_k: float) -> Estimate:
    """Estimate the volumetric expansion alpha_V = Cov(V, H) / (V k T^2) in 1/K from a constant-pressure run.

    Args:
        volume_nm3: Shape (n,).
        enthalpy_kj_mol: Shape (n,), enthalpy of the whole cell; see `enthalpy_kj_mol`.
        temperature_k: Temperature in K.
    """

    def alpha(rows: FloatArray) -> float:
        volume, enthalpy = rows[:, 0], rows[:, 1] * JOULE_PER_KJ_MOL
        covariance = ((volume - volume.mean()) * (enthalpy - enthalpy.mean())).mean()
        return float(covariance / (volume.mean() * BOLTZMANN_J_K * temperature_k**2))

    return block_estimate(alpha, np.stack([volume_nm3, enthalpy_kj_mol], axis=1))


def enthalpy_kj_mol(
    potential_kj_mol: FloatArray, kinetic_kj_mol: FloatArray, volume_nm3: FloatArray, pressure_atm: float | FloatArray
) -> FloatArray:
    """Return H = U + K + P V of the cell in kJ/mol, shape (n,)."""
    work = pressure_atm * PASCAL_PER_ATM * np.asarray(volume_nm3) * M3_PER_NM3 / JOULE_PER_KJ_MOL
    return np.asarray(np.asarray(potential_kj_mol) + np.asarray(kinetic_kj_mol) + work, dtype=np.float64)


def fractional_free_volume(density: Estimate, vdw_volume_nm3: float, molar_mass_g_mol: float) -> Estimate:
    """Return FFV = 1 - 1.3 V_vdW rho / M (Bondi 1964, doi:10.1021/j100785a001; factor 1.3 after Lee 1980).

    Args:
        density: Density in g/cm3.
        vdw_volume_nm3: Van der Waals volume of one repeat unit.
        molar_mass_g_mol: Molar mass of the repeat unit.
    """
    occupied = 1.3 * vdw_volume_nm3 * 1e-21 * AVOGADRO_PER_MOL / molar_mass_g_mol
    return Estimate(1.0 - occupied * density.value, occupied * density.stderr)


def root_mean_square(values: FloatArray) -> Estimate:
    """Return the root mean square over records and chains; chains are treated as independent.

    Args:
        values: Shape (r, n_chains), for example radii of gyration in nm.
    """
    squares = (np.asarray(values) ** 2).mean(axis=0)
    value = float(np.sqrt(squares.mean()))
    if len(squares) > 1:
        return Estimate(value, float(squares.std(ddof=1) / np.sqrt(len(squares)) / (2.0 * value)) if value else 0.0)
    single = mean_estimate(np.asarray(values)[:, 0] ** 2)
    return Estimate(value, single.stderr / (2.0 * value) if value else 0.0)
