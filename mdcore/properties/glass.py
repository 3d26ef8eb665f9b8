"""Cooling ramps: melt line, glass line, the kink between them, and what a slower cooling would have given."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdcore.properties.thermodynamics import Estimate
from mdcore.protocols.statistics import statistical_inefficiency

FloatArray = NDArray[np.float64]

_MIN_POINTS_PER_LINE = 5


@dataclass(frozen=True)
class GlassFit:
    """Two straight lines ln V(T) that meet at the glass transition of the simulated cooling rate.

    Attributes:
        transition_k: Temperature of the kink in K; far above experiment, as the ramp is some ten orders of magnitude faster.
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
        ValueError: Fewer than ten records, or less than 50 K between the coldest and the hottest.
    """
    temperature, log_volume = (
        np.asarray(temperature_k, dtype=np.float64),
        np.log(np.asarray(volume_nm3, dtype=np.float64)),
    )
    span = float(np.ptp(temperature)) if len(temperature) else 0.0
    if len(temperature) < 2 * _MIN_POINTS_PER_LINE or span < 50.0:
        raise ValueError(
            f"a cooling ramp of {len(temperature)} records over {span:.0f} K cannot show a kink; it needs 10 records and 50 K"
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
        raise ValueError("the cooling ramp has no temperature between its ends to place a kink at")
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
        window_k: Width of the part of the ramp above its lowest temperature that is used.

    Returns:
        The slope; its standard error counts correlated residuals as fewer samples, and is infinite for fewer than ten records.
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


def slowly_cooled_density(
    fit: GlassFit, density: Estimate, glass_transition_k: float, temperature_k: float
) -> Estimate:
    """Correct a simulated glass for its cooling rate.

    The melt line is followed down to the transition of experimental cooling rates, and the simulated glass line from there::

        ln V = ln V_kink + alpha_melt (Tg - T_kink) + alpha_glass (T - Tg)

    It holds where the simulated melt is in equilibrium down to its kink and both lines are straight; above the experimental
    transition, or where the simulated transition is the lower one, the density stays as it is.

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
