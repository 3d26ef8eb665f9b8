"""Glasses: corrections for the cooling rate, and fits of melt and glass lines to cooling ramps."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.dynamics.statistics import statistical_inefficiency
from mdcore.estimate.base import FORCE_FIELD, MODEL, Estimate

FloatArray = NDArray[np.float64]

_MIN_POINTS_PER_LINE = 5

WLF_C1, WLF_C2_K = 17.44, 51.6
"""Universal constants of Williams, Landel and Ferry (1955), doi:10.1021/ja01619a008."""
SIMHA_BOYER = 0.113
"""(alpha_melt - alpha_glass) Tg of Simha and Boyer (1962), doi:10.1063/1.1733301."""
LABORATORY_COOLING_K_PER_S = 10.0 / 60.0
"""Cooling rate of measured glass transitions in K/ps, 10 K/min."""
_SHIFT_ERROR = 0.3
"""Relative error of the shift: at 1 K/ps the formula gives 141 K, and simulations report 60 to 100 K."""
_SIMHA_BOYER_ERROR = 0.2
"""Relative standard deviation of this product between polymers."""


@dataclass(frozen=True)
class Cooling:
    """Cooling of a simulated glass.

    Attributes:
        rate_k_per_ps: Cooling rate in K/ps.
        start_k: Initial temperature of the cooling in K.
    """

    rate_k_per_ps: float
    start_k: float


def transition_shift_k(cooling_rate_k_per_ps: float) -> float:
    """Return the shift of the glass transition due to fast cooling, in K.

    At the transition, the relaxation time equals the time scale of the cooling. According to the Williams-Landel-Ferry equation,
    relaxation is 10^x times faster at a temperature `C2 x / (C1 - x)` above the transition of slow cooling, with x the number of decades
    between the two rates.

    Args:
        cooling_rate_k_per_ps: Cooling rate of the simulation in K/ps.

    Returns:
        The shift; infinite for rates beyond the range of the equation (about 46 K/fs).

    Raises:
        ValueError: The rate is not positive.
    """
    if not cooling_rate_k_per_ps > 0.0:
        raise ValueError(f"cooling rate must be positive, got {cooling_rate_k_per_ps} K/ps")
    decades = math.log10(cooling_rate_k_per_ps * 1e12 / LABORATORY_COOLING_K_PER_S)
    return max(0.0, WLF_C2_K * decades / (WLF_C1 - decades)) if decades < WLF_C1 else math.inf


def slow_cooling_shrinkage(glass_transition_k: float, temperature_k: float, shift_k: float) -> float:
    """Return ln(V_fast / V_slow) at a temperature.

    Between the two transitions, the slowly cooled polymer contracts as a melt and the rapidly cooled one as a glass::

        ln(V_fast / V_slow) = (alpha_melt - alpha_glass) (Tg + shift - max(Tg, T)),   (alpha_melt - alpha_glass) Tg = 0.113

    Args:
        glass_transition_k: Glass transition at laboratory cooling rates in K.
        temperature_k: Temperature in K.
        shift_k: Shift of the transition due to the cooling rate of the simulation, in K.
    """
    distance = glass_transition_k + shift_k - max(glass_transition_k, temperature_k)
    return SIMHA_BOYER / glass_transition_k * max(0.0, distance)


def slowly_cooled_density(
    density: Estimate,
    temperature_k: float,
    cooling: Cooling | None,
    glass_transition_k: float,
    glass_transition_error_k: float = 0.0,
    force_field_error_g_cm3: float = 0.0,
) -> Estimate:
    """Correct the density of a simulated polymer for its cooling rate with universal constants of glass-forming polymers.

    The correction has no parameter fitted to densities. It assumes that the simulated melt has the density of the real one, that the
    glass was formed by cooling, and that the constants, averages over many polymers, hold for this one; see
    `benchmarks/density_accuracy.py` for its accuracy. The shift is limited by the temperature at which the cooling started.

    Args:
        density: Simulated density in g/cm3.
        temperature_k: Its temperature in K.
        cooling: The last cooling before the sampling; if None, no correction is applied.
        glass_transition_k: Glass transition at laboratory cooling rates in K.
        glass_transition_error_k: Its standard error in K.
        force_field_error_g_cm3: Standard error of densities by the force field in g/cm3, as found for liquids.

    Returns:
        The density after slow cooling; the model error includes those of shift, constants and glass transition.
    """
    if cooling is None:
        parts = {"density": density.stderr, MODEL: 0.0} | _force_field(force_field_error_g_cm3)
        return Estimate(density.value, math.hypot(*parts.values()), parts)
    hottest, shift = cooling.start_k, transition_shift_k(cooling.rate_k_per_ps)

    def shrinkage(transition_k: float, shift_k: float) -> float:
        return slow_cooling_shrinkage(transition_k, temperature_k, min(shift_k, hottest - transition_k))

    def half(low: float, high: float, of: Callable[[float], float]) -> float:
        return abs(of(high) - of(low)) / 2.0

    expected = shrinkage(glass_transition_k, shift)
    low, high = glass_transition_k - glass_transition_error_k, glass_transition_k + glass_transition_error_k
    error = math.hypot(
        half((1 - _SHIFT_ERROR) * shift, (1 + _SHIFT_ERROR) * shift, lambda x: shrinkage(glass_transition_k, x)),
        _SIMHA_BOYER_ERROR * expected,
        half(low, high, lambda x: shrinkage(x, shift)),
    )
    factor = math.exp(expected)
    statistical, model = density.stderr * factor, density.value * factor * error
    parts = {"density": statistical, MODEL: model} | _force_field(force_field_error_g_cm3)
    return Estimate(density.value * factor, math.hypot(*parts.values()), parts)


def _force_field(error: float) -> dict[str, float]:
    return {FORCE_FIELD: error} if error else {}


@dataclass(frozen=True)
class GlassFit:
    """Two straight lines ln V(T) that meet at the glass transition of the simulated cooling rate.

    Attributes:
        transition_k: Temperature of the kink in K; far above experiment, as the ramp is about ten orders of magnitude faster.
        log_volume: ln(V / nm3) at the kink.
        glass_expansion_per_k: Slope below the kink, the volumetric expansion of the glass in 1/K.
        melt_expansion_per_k: Slope above the kink, that of the melt in 1/K.
        residual: Root-mean-square deviation of ln V from the lines.
    """

    transition_k: float
    log_volume: float
    glass_expansion_per_k: float
    melt_expansion_per_k: float
    residual: float


def fit_glass(temperature_k: FloatArray, volume_nm3: FloatArray) -> GlassFit:
    """Fit a continuous pair of lines to ln V(T) of a cooling ramp by least squares over every possible kink.

    Args:
        temperature_k: Shape (n,), target temperatures of the ramp in K.
        volume_nm3: Shape (n,).

    Raises:
        ValueError: There are fewer than ten records, or they span less than 50 K.
    """
    temperature, log_volume = (
        np.asarray(temperature_k, dtype=np.float64),
        np.log(np.asarray(volume_nm3, dtype=np.float64)),
    )
    span = float(np.ptp(temperature)) if len(temperature) else 0.0
    if len(temperature) < 2 * _MIN_POINTS_PER_LINE or span < 50.0:
        raise ValueError(
            f"a cooling ramp of {len(temperature)} records over {span:.0f} K is too short; at least 10 records over 50 K are needed"
        )
    ordered = np.sort(temperature)
    candidates = np.unique(np.linspace(ordered[_MIN_POINTS_PER_LINE - 1], ordered[-_MIN_POINTS_PER_LINE], 121))
    best: tuple[float, float, FloatArray] | None = None
    for kink in candidates.tolist():
        below, above = np.minimum(temperature - kink, 0.0), np.maximum(temperature - kink, 0.0)
        design = np.stack([np.ones_like(temperature), below, above], axis=1)
        solution, *_ = np.linalg.lstsq(design, log_volume, rcond=None)
        squares = float(((design @ solution - log_volume) ** 2).sum())
        if best is None or squares < best[0]:
            best = (squares, kink, solution)
    if best is None:
        raise ValueError("the cooling ramp needs records between its lowest and highest temperature to fit a kink")
    squares, kink, solution = best
    return GlassFit(
        transition_k=kink,
        log_volume=float(solution[0]),
        glass_expansion_per_k=float(solution[1]),
        melt_expansion_per_k=float(solution[2]),
        residual=float(np.sqrt(squares / len(temperature))),
    )


def ramp_expansion(temperature_k: FloatArray, volume_nm3: FloatArray, window_k: float = 100.0) -> Estimate:
    """Estimate the volumetric expansion in 1/K from the cold end of a cooling ramp, as the slope of ln V.

    Args:
        temperature_k: Shape (n,), target temperatures of the ramp in K.
        volume_nm3: Shape (n,).
        window_k: Width of the temperature window above the lowest temperature of the ramp.

    Returns:
        The slope; its standard error accounts for correlated residuals, and is infinite for fewer than ten records.
    """
    temperature = np.asarray(temperature_k, dtype=np.float64)
    cold = temperature <= temperature.min() + window_k
    t, y = temperature[cold] - temperature[cold].mean(), np.log(np.asarray(volume_nm3, dtype=np.float64)[cold])
    spread = float(t @ t)
    if len(t) < 10 or spread == 0.0:
        return Estimate(float("nan"), float("inf"))
    slope = float(t @ y) / spread
    residual = y - y.mean() - slope * t
    effective = len(t) / statistical_inefficiency(residual)
    if effective <= 2.0:
        return Estimate(slope, float("inf"))
    variance = float(residual @ residual) / len(t) * effective / (effective - 2.0)
    return Estimate(slope, float(np.sqrt(variance / (spread * effective / len(t)))))


def ramp_corrected_density(
    fit: GlassFit, density: Estimate, glass_transition_k: float, temperature_k: float
) -> Estimate:
    """Correct the density of a simulated glass for its cooling rate with the lines of its own cooling ramp.

    The melt line is followed down to the transition of experimental cooling rates, and the simulated glass line from there::

        ln V = ln V_kink + alpha_melt (Tg - T_kink) + alpha_glass (T - Tg)

    It is valid if the simulated melt is in equilibrium down to the kink and both lines are straight. The density is unchanged above
    the experimental transition, or if the simulated transition is below the experimental one.

    Args:
        fit: Lines of the cooling ramp.
        density: Simulated density in g/cm3 at `temperature_k`.
        glass_transition_k: Glass transition at experimental cooling rates in K.
        temperature_k: Temperature of the density in K.
    """
    if temperature_k >= glass_transition_k or glass_transition_k >= fit.transition_k:
        return density
    shrinkage = (fit.melt_expansion_per_k - fit.glass_expansion_per_k) * (fit.transition_k - glass_transition_k)
    factor = float(np.exp(shrinkage))
    return Estimate(density.value * factor, density.stderr * factor)
