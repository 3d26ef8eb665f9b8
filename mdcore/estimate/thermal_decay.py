"""Thermal diffusivity from the decay of a temperature difference between two halves of a periodic cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K, M2_S_PER_NM2_PS
from mdcore.chem.errors import NotDetermined
from mdcore.dynamics.statistics import statistical_inefficiency
from mdcore.estimate.base import Estimate

FloatArray = NDArray[np.float64]

MODES = (1, 3)
"""Waves of the Fourier series that are fitted; those of higher order are gone within the time that is left out."""
_AFTER_HEATING_PS = 0.4
_LEAST_RECORDS = 10
_LEAST_DECAY = 1.0
"""Relaxation times that a decay must cover."""
_SEARCH = (1e-4, 1e3)
"""Range of D t / L^2 of the last record in which the decay is searched, wider than anything that a fit could tell."""


@dataclass(frozen=True)
class Decay:
    """Records of one decay after its heating.

    Attributes:
        times_ps: Time since the heating ended, shape (r,).
        kinetic_kj_mol: Thermal kinetic energy of each slab, shape (r, n).
        freedom: Degrees of freedom of each slab, shape (r, n).
        sign: 1 where the first half was the hot one, -1 where it was the cold one.
        length_nm: Length of the cell.
    """

    times_ps: FloatArray
    kinetic_kj_mol: FloatArray
    freedom: FloatArray
    sign: int
    length_nm: float


def thermal_diffusivity(decays: Sequence[Decay]) -> Estimate:
    """Estimate the diffusivity in m2/s from decays of a step in temperature.

    The profile of a periodic cell with a step at 0 and L/2 is sum_n A_n sin(2 pi n x / L) exp(-4 pi^2 n^2 D t / L^2) over odd n. The
    amplitudes of the first waves, averaged over the decays, are fitted with one D and free A_n: then the profile at the end of the heating,
    which is not an ideal step, does not matter. The error is the larger of that from leaving out one decay at a time and that from the
    noise of the amplitudes about the fit.

    Args:
        decays: At least two with the same number of slabs and the same times.

    Raises:
        NotDetermined: They are too short, or show no decay.
    """
    if len(decays) < 2:
        raise NotDetermined(f"the error of a diffusivity needs at least 2 decays, got {len(decays)}; raise n_decays")
    shortest = min(len(one.times_ps) for one in decays)
    times = decays[0].times_ps[:shortest]
    kept = times >= _AFTER_HEATING_PS
    length = float(np.mean([one.length_nm for one in decays]))
    if kept.sum() < _LEAST_RECORDS:
        raise NotDetermined(f"a decay of {times[-1]:.2g} ps has {kept.sum()} records; raise decay_ps")
    times = times[kept]
    waves = np.array([amplitudes(one)[:shortest][kept] for one in decays])
    mean = waves.mean(axis=0)
    rate, fitted = _fitted(times, mean)
    diffusivity = rate * length**2 / (4.0 * np.pi**2)
    covered = rate * (times[-1] - times[0])
    if not covered >= _LEAST_DECAY:
        raise NotDetermined(
            f"decays of {times[-1]:.0f} ps cover {covered:.2f} relaxation times of a cell of {length:.1f} nm, at least {_LEAST_DECAY:g} "
            "are needed; raise decay_ps"
        )
    left_out = np.array([_fitted(times, np.delete(waves, i, axis=0).mean(axis=0))[0] for i in range(len(waves))])
    n = len(waves)
    jackknife = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())) / rate
    noise = _noise(times, mean[:, 0], fitted[:, 0], rate) / rate
    each = [_fitted(times, one)[0] / rate * diffusivity * M2_S_PER_NM2_PS for one in waves]
    about: dict[str, Any] = {
        "method": "approach to equilibrium",
        "length_nm": length,
        "relaxation_ps": 1.0 / rate,
        "decays_m2_s": each,
        "covered_relaxation_times": covered,
        "times_ps": times.tolist(),
        "amplitude_K": mean[:, 0].tolist(),
        "fit_K": fitted[:, 0].tolist(),
    }
    value = diffusivity * M2_S_PER_NM2_PS
    return Estimate(value, value * max(jackknife, noise), {}, about)


def amplitudes(decay: Decay) -> FloatArray:
    """Return the amplitudes of the waves sin(2 pi n x / L) of a decay in K, shape (r, modes), positive where the first half is hot."""
    n = decay.kinetic_kj_mol.shape[1]
    profile = 2.0 * decay.kinetic_kj_mol / (BOLTZMANN_KJ_MOL_K * np.maximum(decay.freedom, 1.0))
    centres = (np.arange(n) + 0.5) / n
    # The mean of a wave over a slab is sinc(mode / n) times its value in the middle.
    waves = np.array([np.sin(2.0 * np.pi * mode * centres) / np.sinc(mode / n) for mode in MODES])
    return np.asarray(decay.sign * 2.0 / n * profile @ waves.T)


def _fitted(times: FloatArray, waves: FloatArray) -> tuple[float, FloatArray]:
    """Return the decay rate of the first wave in 1/ps and the fitted amplitudes, by least squares.

    The amplitudes at time 0 are linear parameters, so that only the rate is searched, on a grid and then by golden sections.
    """
    orders = np.array(MODES, dtype=np.float64) ** 2

    def at(rate: float) -> tuple[float, FloatArray]:
        shapes = np.exp(-np.outer(times - times[0], orders) * rate)
        starts = (shapes * waves).sum(axis=0) / (shapes**2).sum(axis=0)
        fitted = shapes * starts
        return float(((waves - fitted) ** 2).sum()), fitted

    span = times[-1] - times[0]
    grid = np.geomspace(_SEARCH[0] / span, _SEARCH[1] / span, 60)
    costs = [at(rate)[0] for rate in grid]
    best = int(np.argmin(costs))
    low, high = np.log(grid[max(best - 1, 0)]), np.log(grid[min(best + 1, len(grid) - 1)])
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(40):
        a, b = high - golden * (high - low), low + golden * (high - low)
        if at(float(np.exp(a)))[0] < at(float(np.exp(b)))[0]:
            high = b
        else:
            low = a
    rate = float(np.exp(0.5 * (low + high)))
    return rate, at(rate)[1]


def _noise(times: FloatArray, wave: FloatArray, fitted: FloatArray, rate: float) -> float:
    """Return the standard error of the rate from the scatter of the first wave about its fit, autocorrelation included."""
    residual = wave - fitted
    inefficiency = statistical_inefficiency(residual)
    # Derivatives by the rate and by the logarithm of the amplitude, which is fitted as well.
    by_rate, by_amplitude = -(times - times[0]) * fitted, fitted
    design = np.stack([by_rate, by_amplitude], axis=1)
    covariance = np.linalg.inv(design.T @ design) * residual.var() * inefficiency
    return float(np.sqrt(covariance[0, 0]))
