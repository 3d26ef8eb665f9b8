"""Thermal conductivity from a steady heat flow between two slabs, by Fourier's law."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import BOLTZMANN_KJ_MOL_K, W_M_K_PER_INTERNAL
from mdcore.chem.errors import NotDetermined
from mdcore.dynamics.statistics import mean_and_stderr
from mdcore.estimate.base import MODEL, Estimate

FloatArray = NDArray[np.float64]

SETTLED_TAUS = 4.0
"""Relaxation times that are discarded from the start of the flow; e^-4 = 2 % of the final gradient is then missing."""
_AFTER_CHANGE_TAUS = 3.0
"""The same after the power was corrected, which changes it by less than itself."""
_LARGEST_DRIFT = 0.05
"""Largest drift of the energy as a fraction of the exchanged power."""
_LEAST_RECORDS = 20
_NEIGHBOURS_FROM = 14
"""Number of slabs from which the neighbours of the exchange slabs are left out of the fit as well."""
_ITERATIONS = 5


@dataclass(frozen=True)
class HeatFlow:
    """Records of a heat flow; slab 0 is cold, slab n/2 hot.

    Attributes:
        times_ps: Time since the flow began, shape (r,).
        kinetic_kj_mol: Thermal kinetic energy of each slab, shape (r, n).
        freedom: Degrees of freedom of each slab, shape (r, n).
        exchanged_kj_mol: Heat exchanged since the flow began, shape (r,).
        energy_kj_mol: Total energy, shape (r,).
        length_nm: Length of the cell along the flow.
        area_nm2: Area perpendicular to it.
    """

    times_ps: FloatArray
    kinetic_kj_mol: FloatArray
    freedom: FloatArray
    exchanged_kj_mol: FloatArray
    energy_kj_mol: FloatArray
    length_nm: float
    area_nm2: float

    @property
    def n_slabs(self) -> int:
        """Number of slabs."""
        return int(self.kinetic_kj_mol.shape[1])

    @property
    def capacity_kj_mol_k_nm3(self) -> float:
        """Classical harmonic heat capacity of the simulated degrees of freedom per volume, k f / V."""
        return BOLTZMANN_KJ_MOL_K * float(self.freedom.sum(axis=1).mean()) / (self.length_nm * self.area_nm2)

    def relaxation_ps(self, conductivity_w_m_k: float) -> float:
        """Return the relaxation time of the longest wave in the cell, L^2 / (4 pi^2 D) with D = kappa / (rho c)."""
        diffusivity = conductivity_w_m_k / W_M_K_PER_INTERNAL / self.capacity_kj_mol_k_nm3
        return float(self.length_nm**2 / (4.0 * np.pi**2 * diffusivity))


@dataclass(frozen=True)
class _Fit:
    """Gradients of both halves in K/nm, both positive for heat that flows from hot to cold, and what they were fitted to."""

    gradients: tuple[float, float]
    stderr: float
    r2: tuple[float, float]
    profile_k: FloatArray
    temperature_k: float
    lines: tuple[tuple[float, float], tuple[float, float]]


def inner_slabs(n_slabs: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the slabs of the rising and of the falling half that are fitted.

    The exchange slabs are left out, and in long cells their neighbours as well.
    """
    half, edge = n_slabs // 2, 2 if n_slabs >= _NEIGHBOURS_FROM else 1
    return np.arange(edge, half - edge + 1), np.arange(half + edge, n_slabs - edge + 1)


def thermal_conductivity(flow: HeatFlow, guess_w_m_k: float = 0.2) -> Estimate:
    """Estimate kappa = J / |dT/dx| in W/m/K from a heat flow at constant energy.

    J = P / (2 A) for the exchanged power P, which leaves a slab through two faces. The temperature profile is fitted by a line in each
    half. The start is discarded by the relaxation time for the conductivity that is found. Where the energy drifts, half of the drift
    is added to the power, as the flow through the middle of each half has lost half of it, and the same amount enters the error. The
    statistical error is the larger of that of the gradient, with autocorrelation, and half the difference between the two halves.

    Args:
        flow: The records.
        guess_w_m_k: Conductivity with which the search for the relaxation time begins.

    Raises:
        NotDetermined: The flow is too short, has no gradient, or its energy drifts by more than 5 % of the exchanged power.
    """
    kappa = guess_w_m_k
    for _ in range(_ITERATIONS):
        first = _settled(flow, kappa)
        fit = _fit(flow, first)
        power, drift, drift_stderr = _powers(flow, first)
        gradient = 0.5 * sum(fit.gradients)
        if gradient <= 0.0 or power <= 0.0:
            raise NotDetermined(
                f"temperature gradient and exchanged power must be positive, got {gradient:.2g} K/nm and {power:.3g} kJ/mol/ps; "
                "noise exceeds them: raise duration_ps or gradient_K_nm"
            )
        before, kappa = kappa, _kappa(power + drift / 2.0, flow.area_nm2, gradient)
        if abs(kappa - before) < 0.01 * kappa:
            break
    share = drift / power
    if abs(drift) - 2.0 * drift_stderr > _LARGEST_DRIFT * power:
        raise NotDetermined(
            f"the energy drifts by {100 * share:+.1f} % of the exchanged power, more than {100 * _LARGEST_DRIFT:g} % are not corrected; "
            "lower timestep_fs"
        )
    halves = [_kappa(power + drift / 2.0, flow.area_nm2, one) for one in fit.gradients]
    block, difference = kappa * fit.stderr / gradient, abs(halves[0] - halves[1]) / 2.0
    statistical, model = max(block, difference), kappa * abs(share) / 2.0
    about: dict[str, Any] = {
        "method": "non-equilibrium dynamics",
        "length_nm": flow.length_nm,
        "area_nm2": flow.area_nm2,
        "power_kj_mol_ps": power,
        "temperature_K": fit.temperature_k,
        "gradient_K_nm": gradient,
        "halves_W_m_K": halves,
        "r2": list(fit.r2),
        "block_stderr_W_m_K": block,
        "drift_of_power": share,
        "drift_of_power_stderr": drift_stderr / power,
        "relaxation_ps": flow.relaxation_ps(kappa),
        "discarded_ps": float(flow.times_ps[first]),
        "used_ps": float(flow.times_ps[-1] - flow.times_ps[first]),
        "profile_K": fit.profile_k.tolist(),
        "lines_K": [list(line) for line in fit.lines],
    }
    return Estimate(
        kappa, float(np.hypot(statistical, model)), {"statistical": statistical, MODEL: model} if model else {}, about
    )


def mean_conductivity(components: dict[str, Estimate]) -> Estimate:
    """Return the mean of the conductivities along several axes, which are equal in an isotropic substance.

    The statistical error is the larger of those of the components combined and their scatter.

    Args:
        components: Estimates by axis, at least one.
    """
    estimates = list(components.values())
    tensor = {axis: {"value": one.value, "stderr": one.stderr} for axis, one in components.items()}
    if len(estimates) == 1:
        only = estimates[0]
        return Estimate(only.value, only.stderr, only.parts, {**only.about, "axes": tensor})
    values = np.array([one.value for one in estimates])
    within = float(np.sqrt(sum(one.statistical**2 for one in estimates)) / len(estimates))
    statistical = max(within, float(values.std(ddof=1) / np.sqrt(len(values))))
    model = float(np.mean([one.model for one in estimates]))
    return Estimate(
        float(values.mean()),
        float(np.hypot(statistical, model)),
        {"statistical": statistical, MODEL: model} if model else {},
        {**estimates[0].about, "axes": tensor},
    )


def diffusivity_of(
    conductivity: Estimate, density: Estimate, capacity: Estimate, classical: Mapping[str, float]
) -> Estimate:
    """Return the diffusivity kappa / (rho c_p) in m2/s, errors propagated to first order.

    Args:
        conductivity: W/m/K.
        density: g/cm3.
        capacity: Heat capacity after quantum correction, J/g/K.
        classical: Value and standard error of the classical heat capacity of the simulated degrees of freedom, J/g/K.
    """

    def of(value: float, stderr: float) -> tuple[float, float]:
        found = conductivity.value / (density.value * value * 1e6)
        relative = np.hypot(
            np.hypot(conductivity.stderr / conductivity.value, density.stderr / density.value), stderr / value
        )
        return found, found * float(relative)

    quantum, plain = of(capacity.value, capacity.stderr), of(classical["value"], classical["stderr"])
    about = {
        "heat_capacity": "quantum-corrected",
        "heat_capacity_J_g_K": {"value": capacity.value, "stderr": capacity.stderr},
        "with_classical_heat_capacity": {"value": plain[0], "stderr": plain[1]},
        "classical_heat_capacity_J_g_K": dict(classical),
    }
    return Estimate(*quantum, {}, about)


def _kappa(power: float, area_nm2: float, gradient: float) -> float:
    return power / (2.0 * area_nm2 * gradient) * W_M_K_PER_INTERNAL


def _settled(flow: HeatFlow, kappa: float) -> int:
    """Return the first record of the steady flow."""
    tau, times = flow.relaxation_ps(kappa), flow.times_ps
    # Medians of five: a slab that is empty for a moment exchanges nothing, which is not a change of the power.
    rate = np.diff(flow.exchanged_kj_mol) / np.diff(times)
    rate = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(rate, 2, mode="edge"), 5), axis=1)
    final = float(np.median(rate[-_LEAST_RECORDS:]))
    if final <= 0.0:
        raise NotDetermined("no heat was exchanged at the end of the flow, its exchange slabs are empty; lower n_slabs")
    changed = np.flatnonzero(np.abs(rate / final - 1.0) > 1e-6)
    begin = max(SETTLED_TAUS * tau, times[changed[-1] + 1] + _AFTER_CHANGE_TAUS * tau if len(changed) else 0.0)
    first = int(np.searchsorted(times, begin))
    # Fewer than as many relaxation times as are discarded leave an error as large as the value.
    if len(times) - first < _LEAST_RECORDS or times[-1] < begin + SETTLED_TAUS * tau:
        raise NotDetermined(
            f"a heat flow of {times[-1]:.0f} ps is too short: it becomes steady after {begin:.0f} ps and needs {SETTLED_TAUS * tau:.0f} ps "
            f"more in a cell of {flow.length_nm:.1f} nm; raise duration_ps"
        )
    return first


def _fit(flow: HeatFlow, first: int) -> _Fit:
    kinetic, freedom, n = flow.kinetic_kj_mol[first:], flow.freedom[first:], flow.n_slabs
    profile = 2.0 * kinetic.sum(axis=0) / (BOLTZMANN_KJ_MOL_K * freedom.sum(axis=0))
    centres = (np.arange(n) + 0.5) / n * flow.length_nm
    weights, slopes, lines, r2 = np.zeros(n), [], [], []
    for half, sign in zip(inner_slabs(n), (1.0, -1.0), strict=True):
        x, y = centres[half], profile[half]
        slope, offset = np.polyfit(x, y, 1)
        slopes.append(float(sign * slope))
        lines.append((float(slope), float(offset)))
        residual = y - (slope * x + offset)
        r2.append(float(1.0 - residual @ residual / ((y - y.mean()) ** 2).sum()))
        # The slope is a linear function of the temperatures; so is the gradient of each record.
        weights[half] += 0.5 * sign * (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    each = 2.0 * kinetic / (BOLTZMANN_KJ_MOL_K * np.maximum(freedom, 1.0)) @ weights
    mean_k = float(2.0 * kinetic.sum() / (BOLTZMANN_KJ_MOL_K * freedom.sum()))
    return _Fit((slopes[0], slopes[1]), mean_and_stderr(each)[1], (r2[0], r2[1]), profile, mean_k, (lines[0], lines[1]))


def _powers(flow: HeatFlow, first: int) -> tuple[float, float, float]:
    """Return the exchanged power, the drift of the energy and its standard error, all in kJ/mol/ps."""
    times, energy = flow.times_ps[first:], flow.energy_kj_mol[first:]
    power = float((flow.exchanged_kj_mol[-1] - flow.exchanged_kj_mol[first]) / (times[-1] - times[0]))
    centred = times - times.mean()
    drift = float(centred @ energy / (centred @ centred))
    residual = energy - energy.mean() - drift * centred
    # Standard error of a slope with correlated residuals: that of the residuals' mean, times sqrt(n / sum of squares).
    stderr = mean_and_stderr(residual)[1] * float(np.sqrt(len(times) / (centred @ centred)))
    return power, drift, stderr
