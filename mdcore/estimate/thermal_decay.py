"""Thermal diffusivity from the decay of a temperature difference between two halves of a periodic cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K, M2_S_PER_NM2_PS
from mdcore.chem.errors import NotDetermined
from mdcore.estimate.base import Estimate

FloatArray = NDArray[np.float64]

MODES = (1, 3)
"""Waves of the Fourier series that are fitted; those of higher order are gone within the time that is left out."""
_AFTER_HEATING_PS = 1.5
"""Time after the heating that is left out: slow modes, which were heated less than the kinetic energy, take heat from it."""
_LEAST_RECORDS = 10
_MOST_POINTS = 60
"""Records are averaged in groups, so that the matrix of their covariance stays small."""
_LEAST_DECAY = 1.0
"""Relaxation times that a decay must cover."""
_ITERATIONS = 3
_STEP = 0.05
"""Change of the logarithm of the rate over which the curvature of the sum of squares is taken."""
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
    which is not an ideal step, does not matter. The weights are those of waves that relax and fluctuate thermally. The error is the larger
    of that from leaving out one decay at a time and that of the weighted fit.

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
    noise = _fluctuation_k2(decays) / len(decays)
    rate, stderr, fitted = _fitted(times, mean, noise)
    diffusivity = rate * length**2 / (4.0 * np.pi**2)
    covered = rate * (times[-1] - times[0])
    if not covered >= _LEAST_DECAY:
        raise NotDetermined(
            f"decays of {times[-1]:.0f} ps cover {covered:.2f} relaxation times of a cell of {length:.1f} nm, at least {_LEAST_DECAY:g} "
            "are needed; raise decay_ps"
        )
    n = len(waves)
    left_out = np.array(
        [_fitted(times, np.delete(waves, i, axis=0).mean(axis=0), noise * n / (n - 1))[0] for i in range(n)]
    )
    jackknife = float(np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())) / rate
    each = [_fitted(times, one, noise * n)[0] / rate * diffusivity * M2_S_PER_NM2_PS for one in waves]
    thin_times, thin = _thinned(times, mean)
    about: dict[str, Any] = {
        "method": "approach to equilibrium",
        "length_nm": length,
        "relaxation_ps": 1.0 / rate,
        "decays_m2_s": each,
        "covered_relaxation_times": covered,
        "times_ps": thin_times.tolist(),
        "amplitude_K": thin[:, 0].tolist(),
        "fit_K": fitted[:, 0].tolist(),
    }
    value = diffusivity * M2_S_PER_NM2_PS
    return Estimate(value, value * max(jackknife, stderr / rate), {}, about)


def amplitudes(decay: Decay) -> FloatArray:
    """Return the amplitudes of the waves sin(2 pi n x / L) of a decay in K, shape (r, modes), positive where the first half is hot."""
    n = decay.kinetic_kj_mol.shape[1]
    profile = 2.0 * decay.kinetic_kj_mol / (BOLTZMANN_KJ_MOL_K * np.maximum(decay.freedom, 1.0))
    centres = (np.arange(n) + 0.5) / n
    # The mean of a wave over a slab is sinc(mode / n) times its value in the middle.
    waves = np.array([np.sin(2.0 * np.pi * mode * centres) / np.sinc(mode / n) for mode in MODES])
    return np.asarray(decay.sign * 2.0 / n * profile @ waves.T)


def _fluctuation_k2(decays: Sequence[Decay]) -> float:
    """Return the variance of the amplitude of a wave in equilibrium in K^2: that of a slab's temperature is T^2 / f, f = C / k."""
    kinetic = np.concatenate([one.kinetic_kj_mol for one in decays])
    freedom = np.concatenate([one.freedom for one in decays])
    n = freedom.shape[1]
    temperature = 2.0 * kinetic.sum() / (BOLTZMANN_KJ_MOL_K * freedom.sum())
    return float(2.0 / n * temperature**2 / freedom.mean())


class _Whitening:
    """Removal of the correlations between the records of the waves.

    A wave relaxes and is driven by thermal noise, so that it fluctuates about its mean with the covariance
    s^2 (exp(-r |t - t'|) - exp(-r (t + t'))): none at the first time, that of equilibrium later. The kinetic energy of a slab adds white
    noise, whose variance is that of successive records.

    Args:
        times: Shape (r,).
        waves: Shape (r, modes).
        noise_k2: Variance of a wave in equilibrium, s^2.
        rate: Decay rate of the first wave in 1/ps, from which the covariance is computed.
    """

    def __init__(self, times: FloatArray, waves: FloatArray, noise_k2: float, rate: float) -> None:
        self._since, self._factors, self._given = times - times[0], list[FloatArray](), list[FloatArray]()
        apart, both = np.abs(self._since[:, None] - self._since[None]), self._since[:, None] + self._since[None]
        for column, order in enumerate(MODES):
            own = rate * order**2
            covariance = noise_k2 * (np.exp(-own * apart) - np.exp(-own * both))
            white = 0.5 * float((np.diff(waves[:, column]) ** 2).mean())
            covariance[np.diag_indices(len(times))] += max(white, 1e-3 * noise_k2)
            self._factors.append(np.linalg.inv(np.linalg.cholesky(covariance)))
            self._given.append(self._factors[-1] @ waves[:, column])

    def cost(self, rate: float) -> tuple[float, FloatArray]:
        """Return the weighted sum of squares of a rate, with the best amplitudes at the first time, and the fitted waves."""
        total, fitted = 0.0, []
        for factor, given, order in zip(self._factors, self._given, MODES, strict=True):
            decay = np.exp(-rate * order**2 * self._since)
            shape = factor @ decay
            start = float(shape @ given) / float(shape @ shape)
            residual = given - start * shape
            total += float(residual @ residual)
            fitted.append(start * decay)
        return total, np.stack(fitted, axis=1)

    def best(self, near: float | None) -> float:
        """Return the rate of the least sum of squares, anywhere or near a rate, by a grid and then by golden sections."""
        span = self._since[-1]
        grid = (
            np.geomspace(_SEARCH[0] / span, _SEARCH[1] / span, 50) if near is None else near * np.geomspace(0.5, 2.0, 9)
        )
        lowest = int(np.argmin([self.cost(rate)[0] for rate in grid]))
        low, high = np.log(grid[max(lowest - 1, 0)]), np.log(grid[min(lowest + 1, len(grid) - 1)])
        golden = (np.sqrt(5.0) - 1.0) / 2.0
        for _ in range(16):
            a, b = high - golden * (high - low), low + golden * (high - low)
            if self.cost(float(np.exp(a)))[0] < self.cost(float(np.exp(b)))[0]:
                high = b
            else:
                low = a
        return float(np.exp(0.5 * (low + high)))


def _fitted(times: FloatArray, waves: FloatArray, noise_k2: float) -> tuple[float, float, FloatArray]:
    """Return the decay rate of the first wave in 1/ps, its standard error, and the fitted waves, by generalised least squares.

    The covariance depends on the rate: the fit is repeated with that of the rate before.
    """
    times, thin = _thinned(times, waves)
    whitening = _Whitening(times, thin, noise_k2, 1.0 / float(times[-1] - times[0]))
    rate = whitening.best(None)
    for _ in range(_ITERATIONS):
        whitening = _Whitening(times, thin, noise_k2, rate)
        rate = whitening.best(rate)
    low, middle, high = (whitening.cost(rate * float(np.exp(k * _STEP)))[0] for k in (-1, 0, 1))
    curvature = (low - 2.0 * middle + high) / _STEP**2 / 2.0
    stderr = rate / float(np.sqrt(curvature)) if curvature > 0.0 else float("inf")
    return rate, stderr, whitening.cost(rate)[1]


def _thinned(times: FloatArray, waves: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the means of groups of successive records, at most `_MOST_POINTS` of them."""
    group = -(-len(times) // _MOST_POINTS)
    kept = len(times) // group * group
    return times[:kept].reshape(-1, group).mean(axis=1), waves[:kept].reshape(-1, group, waves.shape[1]).mean(axis=1)
