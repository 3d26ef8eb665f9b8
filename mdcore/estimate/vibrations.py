"""Density of states of the vibrations from velocities, and the quantum heat capacity of harmonic oscillators.

Equations after Berens, Mackay, White and Wilson (1983, doi:10.1063/1.446044).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mdcore.chem.constants import BOLTZMANN_J_K, LIGHT_SPEED_M_S, PLANCK_J_S

FloatArray = NDArray[np.float64]

_BLOCK_VALUES = 4_000_000
"""Velocity components that are in memory at a time, 32 MB in double precision."""
_WAVENUMBER_PER_CM = 1e12 / (100.0 * LIGHT_SPEED_M_S)
"""1/ps in 1/cm."""


@dataclass(frozen=True)
class DensityOfStates:
    """Degrees of freedom by wavenumber.

    Attributes:
        wavenumbers_per_cm: Centres of the intervals in 1/cm, shape (k,), equally spaced from 0.
        counts: Degrees of freedom in each interval, shape (k,).
    """

    wavenumbers_per_cm: FloatArray
    counts: FloatArray

    @property
    def degrees_of_freedom(self) -> float:
        """Sum of the counts."""
        return float(self.counts.sum())

    @property
    def density_cm(self) -> FloatArray:
        """Degrees of freedom per 1/cm, shape (k,)."""
        widths = np.full(len(self.counts), self.wavenumbers_per_cm[1])
        widths[0] *= 0.5  # negative wavenumbers are counted with their positive ones
        return np.asarray(self.counts / widths, dtype=np.float64)

    def quantum_capacity(self, temperature_k: float) -> float:
        """Return the heat capacity at constant volume of quantum harmonic oscillators with these wavenumbers, in units of k."""
        return float(self.counts @ quantum_weight(self.wavenumbers_per_cm, temperature_k))

    def capacity_variance(self, temperature_k: float) -> float:
        """Return the variance of `quantum_capacity` in k^2 if every vibration kept a random energy: sum g (w - <w>)^2."""
        weight = quantum_weight(self.wavenumbers_per_cm, temperature_k)
        mean = float(self.counts @ weight) / self.degrees_of_freedom
        return float(self.counts @ (weight - mean) ** 2)


def quantum_weight(wavenumbers_per_cm: ArrayLike, temperature_k: float) -> FloatArray:
    """Return the heat capacity of a quantum harmonic oscillator over that of a classical one.

    w = x^2 e^x / (e^x - 1)^2 with x = h c nu / (k T), Einstein's function; 1 for x = 0.

    Args:
        wavenumbers_per_cm: Wavenumbers in 1/cm, any shape.
        temperature_k: Temperature in K.
    """
    nu = np.asarray(wavenumbers_per_cm, dtype=np.float64)
    x = PLANCK_J_S * LIGHT_SPEED_M_S * 100.0 * nu / (BOLTZMANN_J_K * temperature_k)
    # x^2 e^x / (e^x - 1)^2 = (x/2 / sinh(x/2))^2; below 1e-4 the series is exact to rounding.
    half = np.clip(0.5 * x, 5e-5, 350.0)
    return np.asarray(np.where(x < 1e-4, 1.0 - x**2 / 12.0, (half / np.sinh(half)) ** 2))


def density_of_states(
    velocities_nm_ps: ArrayLike, masses_amu: ArrayLike, interval_ps: float, degrees_of_freedom: float
) -> DensityOfStates:
    """Return the density of states from the spectrum of the mass-weighted velocities.

    By the theorem of Wiener and Khinchin this is the Fourier transform of the autocorrelation of sqrt(m) v. The velocities are
    multiplied by a Hann window, and the spectrum is normalised to the degrees of freedom, which removes the statistical error of the
    kinetic energy. Frequencies above the Nyquist frequency, 1 / (2 interval), would be folded back.

    Args:
        velocities_nm_ps: Shape (F, n, 3); read in blocks of atoms, so that it can be a view of a file.
        masses_amu: Shape (n,), the masses with which the dynamics ran.
        interval_ps: Time between frames.
        degrees_of_freedom: What the counts sum to: those of the whole cell, also where only some atoms are given.

    Raises:
        ValueError: There are fewer than 8 frames.
    """
    masses = np.asarray(masses_amu, dtype=np.float64)
    velocities = velocities_nm_ps if isinstance(velocities_nm_ps, np.ndarray) else np.asarray(velocities_nm_ps)
    n_frames, n_atoms, _ = velocities.shape
    if n_frames < 8:
        raise ValueError(f"a density of states needs at least 8 frames, got {n_frames}; record velocities for longer")
    window = np.hanning(n_frames + 2)[1:-1]
    power = np.zeros(n_frames // 2 + 1)
    block = max(1, _BLOCK_VALUES // (3 * n_frames))
    for first in range(0, n_atoms, block):
        own = slice(first, first + block)
        weighted = velocities[:, own].astype(np.float64) * (np.sqrt(masses[own])[:, None] * window[:, None, None])
        power += (np.abs(np.fft.rfft(weighted, axis=0)) ** 2).sum(axis=(1, 2))
    # Every frequency but the first, and for an even number of frames the last, stands for itself and its negative.
    power[1 : (n_frames + 1) // 2] *= 2.0
    wavenumbers = np.asarray(np.fft.rfftfreq(n_frames, interval_ps) * _WAVENUMBER_PER_CM, dtype=np.float64)
    return DensityOfStates(wavenumbers, power * (degrees_of_freedom / power.sum()))


def mean_density_of_states(spectra: Sequence[DensityOfStates]) -> DensityOfStates:
    """Return the mean of densities of states with the same wavenumbers."""
    return DensityOfStates(spectra[0].wavenumbers_per_cm, np.mean([one.counts for one in spectra], axis=0))
