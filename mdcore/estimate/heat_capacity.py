"""Isobaric heat capacity with quantum correction, from a density of states and the enthalpy at two temperatures.

A classical simulation gives every vibration the heat capacity k, which is twice the measured heat capacity of a polymer at room
temperature. Following Berens et al. (1983, doi:10.1063/1.446044) and, for the anharmonic part, Madarasz et al. (2021,
doi:10.1021/acs.jctc.1c00665), the harmonic part is replaced by that of quantum oscillators::

    Cp = Cp_classical + k sum_i g_i (w_i - 1) = k sum_i g_i w_i + (Cp_classical - N_f k)

with g the density of states, N_f = sum g the degrees of freedom and w Einstein's function. The term in brackets is the anharmonic
part, which contains Cp - Cv, the conformations and the correction of anharmonic vibrations; it is treated classically.

The LFMiddle integrator samples positions, and so the potential energy U and the volume, with hardly any error of its time step; the
kinetic energy K is too small by the share (omega dt)^2 / 4 for a vibration, and its exact mean is N_f k T / 2. The anharmonic part is
therefore dU/dT + p dV/dT - N_f k / 2. Most of its statistical error is the energy of the vibrations, which fluctuates alike in U and K. So
it is taken as the difference quotient of U - lambda K + p V, where lambda makes the mean of K / T that of N_f degrees of freedom: K has no
systematic effect, and the fluctuations cancel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K
from mdcore.dynamics.statistics import mean_and_stderr
from mdcore.estimate.base import Estimate
from mdcore.estimate.thermodynamics import enthalpy_kj_mol
from mdcore.estimate.vibrations import DensityOfStates

FloatArray = NDArray[np.float64]

_BLOCKS = 32
"""Blocks of a visit, which are longer than a vibration and shorter than a change of the conformations."""


@dataclass(frozen=True)
class PressureRun:
    """Records of a visit of a temperature at constant pressure.

    Attributes:
        temperature_k: Temperature of the thermostat.
        potential_kj_mol: Potential energy of the cell, shape (r,).
        kinetic_kj_mol: Kinetic energy, shape (r,).
        volume_nm3: Volume, shape (r,).
    """

    temperature_k: float
    potential_kj_mol: FloatArray
    kinetic_kj_mol: FloatArray
    volume_nm3: FloatArray

    def excess_kj_mol(self, pressure_atm: float, kinetic_scale: float) -> FloatArray:
        """Return U - lambda K + p V with lambda the scale, shape (r,)."""
        return enthalpy_kj_mol(
            self.potential_kj_mol, -kinetic_scale * self.kinetic_kj_mol, self.volume_nm3, pressure_atm
        )


@dataclass(frozen=True)
class HeatCapacityParts:
    """Parts of the isobaric heat capacity of a cell in units of k.

    Attributes:
        degrees_of_freedom: N_f, the harmonic classical heat capacity.
        direct: Cp_classical - N_f from the enthalpy.
        quantum: Harmonic quantum heat capacity, sum g w.
        expansion: Cp - Cv from the expansion between the two temperatures and the fluctuation of the volume.
        anharmonicity: What is known of the difference between the anharmonic part and Cp - Cv: its standard error about zero for a glass,
            None where conformations change.
    """

    degrees_of_freedom: int
    direct: Estimate
    quantum: Estimate
    expansion: Estimate
    anharmonicity: float | None = None

    @property
    def anharmonic(self) -> Estimate:
        """Anharmonic part: the direct one, for a glass its weighted mean with Cp - Cv.

        The conformations of a glass do not change, so that its anharmonic part is Cp - Cv and a small difference. A cell that ages while
        its enthalpy is sampled has a large error of the direct part.
        """
        if self.anharmonicity is None:
            return self.direct
        errors = np.array([self.direct.stderr, np.hypot(self.expansion.stderr, self.anharmonicity)])
        if not errors.all():
            return self.direct
        weights = errors**-2
        values = np.array([self.direct.value, self.expansion.value])
        return Estimate(float(weights @ values / weights.sum()), float(weights.sum() ** -0.5))

    @staticmethod
    def joule_per_g_k(mass_amu: float) -> float:
        """Return k per cell of a mass in J/g/K."""
        return 1e3 * BOLTZMANN_KJ_MOL_K / mass_amu

    @property
    def classical(self) -> Estimate:
        """Classical heat capacity, dH/dT."""
        return Estimate(self.degrees_of_freedom + self.anharmonic.value, self.anharmonic.stderr)

    @property
    def correction(self) -> Estimate:
        """Harmonic quantum correction, sum g (w - 1)."""
        return Estimate(self.quantum.value - self.degrees_of_freedom, self.quantum.stderr)

    @property
    def total(self) -> Estimate:
        """Heat capacity at constant pressure."""
        error = float(np.hypot(self.quantum.stderr, self.anharmonic.stderr))
        parts = {"harmonic": self.quantum.stderr, "anharmonic": self.anharmonic.stderr}
        return Estimate(self.quantum.value + self.anharmonic.value, error, parts)


def heat_capacity_parts(
    spectra: Sequence[DensityOfStates],
    cold: Sequence[PressureRun],
    hot: Sequence[PressureRun],
    temperature_k: float,
    pressure_atm: float,
    recorded_share: float = 1.0,
    anharmonicity: float | None = None,
) -> HeatCapacityParts:
    """Return the parts of the heat capacity.

    Args:
        spectra: Densities of states of independent runs.
        cold: Visits of the lower temperature, of equal length.
        hot: Visits of the higher temperature.
        temperature_k: Temperature of the spectra.
        pressure_atm: Pressure of the visits.
        recorded_share: Share of the atoms whose velocities the spectra contain.
        anharmonicity: See `HeatCapacityParts`, in units of k.
    """
    degrees_of_freedom = round(spectra[0].degrees_of_freedom)
    return HeatCapacityParts(
        degrees_of_freedom,
        anharmonic_capacity(cold, hot, pressure_atm, degrees_of_freedom),
        quantum_capacity(spectra, temperature_k, recorded_share),
        expansion_capacity(cold, hot, temperature_k),
        anharmonicity,
    )


def quantum_capacity(spectra: Sequence[DensityOfStates], temperature_k: float, recorded_share: float = 1.0) -> Estimate:
    """Return the harmonic quantum heat capacity in units of k: the mean over independent spectra.

    The error of each is the larger of the scatter and of that of vibrations that keep the energy with which they start: its standard
    deviation is its mean, so that a spectrum weighs every degree of freedom with such an error, and its heat capacity has the variance
    sum g (w - <w>)^2. A few spectra can scatter less by chance.

    Args:
        spectra: One per run.
        temperature_k: Temperature in K.
        recorded_share: Share of the atoms whose velocities the spectra contain.
    """
    values = np.array([one.quantum_capacity(temperature_k) for one in spectra])
    expected = float(np.mean([one.capacity_variance(temperature_k) for one in spectra])) / recorded_share
    seen = float(values.var(ddof=1)) if len(values) > 1 else 0.0
    return Estimate(float(values.mean()), float(np.sqrt(max(expected, seen) / len(values))))


def anharmonic_capacity(
    cold: Sequence[PressureRun], hot: Sequence[PressureRun], pressure_atm: float, degrees_of_freedom: int
) -> Estimate:
    """Return dU/dT + p dV/dT - N_f k / 2 in units of k, by a finite difference with the kinetic energy as a control variate."""
    scale = degrees_of_freedom / kinetic_capacity([*cold, *hot]) / 2.0
    low = _mean([one.excess_kj_mol(pressure_atm, scale) for one in cold])
    high = _mean([one.excess_kj_mol(pressure_atm, scale) for one in hot])
    span = BOLTZMANN_KJ_MOL_K * (hot[0].temperature_k - cold[0].temperature_k)
    return Estimate((high.value - low.value) / span, float(np.hypot(low.stderr, high.stderr)) / span)


def kinetic_capacity(visits: Sequence[PressureRun]) -> float:
    """Return the mean of K / T over visits in units of k, N_f / 2 but for the error of the time step."""
    lengths = np.array([len(one.kinetic_kj_mol) for one in visits], dtype=np.float64)
    means = np.array([one.kinetic_kj_mol.mean() / one.temperature_k for one in visits])
    return float(means @ lengths / lengths.sum()) / BOLTZMANN_KJ_MOL_K


def expansion_capacity(cold: Sequence[PressureRun], hot: Sequence[PressureRun], temperature_k: float) -> Estimate:
    """Return Cp - Cv = T V alpha^2 / kappa_T in units of k.

    alpha is the finite difference of the volume, kappa_T the mean of Var(V) / (V k T) over all visits. It is classical. The error is
    infinite where the volume did not change.
    """
    low, high = _mean([one.volume_nm3 for one in cold]), _mean([one.volume_nm3 for one in hot])
    span = hot[0].temperature_k - cold[0].temperature_k
    slope, slope_error = (high.value - low.value) / span, float(np.hypot(low.stderr, high.stderr)) / span
    visits = [*cold, *hot]
    # kappa_T V k = Var(V) / T, so that k and V cancel.
    compliances = np.array([one.volume_nm3.var() / one.temperature_k for one in visits])
    lengths = np.array([len(one.volume_nm3) for one in visits], dtype=np.float64)
    compliance = float(compliances @ lengths / lengths.sum())
    if not compliance:
        return Estimate(0.0, float("inf"))
    scatter = float(compliances.std(ddof=1) / np.sqrt(len(visits)))
    value = temperature_k * slope**2 / compliance
    error = np.hypot(2.0 * temperature_k * slope * slope_error / compliance, value * scatter / compliance)
    return Estimate(value, float(error))


def _mean(visits: Sequence[FloatArray]) -> Estimate:
    """Return the mean over visits of equal weight.

    The error of each visit is that of its correlated series, or that of the means of its blocks if it is larger: fast fluctuations
    hide the autocorrelation of a slow change. The error of the mean is the larger of what follows from these and of the scatter between
    visits, which shows changes that are slower than a visit.
    """
    found = [float(one.mean()) for one in visits]
    errors = [max(mean_and_stderr(one)[1], mean_and_stderr(_block_means(one))[1]) for one in visits]
    within = float(np.linalg.norm(errors)) / len(found)
    between = float(np.std(found, ddof=1) / np.sqrt(len(found))) if len(found) > 1 else 0.0
    return Estimate(float(np.mean(found)), max(within, between))


def _block_means(series: FloatArray) -> FloatArray:
    return np.array([block.mean() for block in np.array_split(series, min(_BLOCKS, len(series)))])
