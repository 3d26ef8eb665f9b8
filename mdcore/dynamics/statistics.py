"""Statistics of correlated series: statistical inefficiency, standard error of a mean, drifts."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def statistical_inefficiency(series: FloatArray) -> float:
    """Return g = 1 + 2 tau, the number of correlated samples that count as one.

    The autocorrelation function is summed to its first non-positive value (Chodera et al. 2007, equations 20-22,
    doi:10.1021/ct0502864; window of Flyvbjerg and Petersen's problem solved as in Sokal's initial positive sequence).

    Args:
        series: Shape (n,), equally spaced samples of a stationary series.

    Returns:
        g in [1, n]; n for fewer than four samples, 1 for a constant series.
    """
    n = len(series)
    if n < 4:
        return float(max(n, 1))
    fluctuation = series - series.mean()
    variance = float(fluctuation @ fluctuation) / n
    if variance <= (1e-14 * max(1.0, abs(float(series.mean())))) ** 2:
        return 1.0
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(fluctuation, size)
    correlation = np.fft.irfft(spectrum * np.conj(spectrum), size)[:n] / n / variance
    crossing = np.flatnonzero(correlation <= 0.0)
    stop = int(crossing[0]) if len(crossing) else n
    lags = np.arange(1, stop)
    g = 1.0 + 2.0 * float(((1.0 - lags / n) * correlation[1:stop]).sum())
    return float(min(max(g, 1.0), n))


def mean_and_stderr(series: FloatArray) -> tuple[float, float]:
    """Return the mean and its standard error, autocorrelation taken into account.

    Args:
        series: Shape (n,), n at least 1.

    Raises:
        ValueError: The series is empty.
    """
    n = len(series)
    if n == 0:
        raise ValueError("a series of 0 samples has no mean; sample for longer than one record interval")
    if n == 1:
        return float(series[0]), float("inf")
    # The inefficiency is that of the mean of n samples, so the plain variance needs the factor n/(n-1) and g/n, and no more
    # than n - g of the n deviations are free.
    g = statistical_inefficiency(series)
    effective = n / g
    if effective <= 1.0:
        return float(series.mean()), float(np.ptp(series))
    variance = float(series.var()) * effective / (effective - 1.0)
    return float(series.mean()), float(np.sqrt(variance / effective))


def half_drift(series: FloatArray) -> float:
    """Return the mean of the second half minus that of the first; 0 for fewer than two samples."""
    half = len(series) // 2
    return float(series[half:].mean() - series[:half].mean()) if half else 0.0


def energy_drift(potential: FloatArray, kinetic: FloatArray) -> tuple[float, float]:
    """Return the drift of the total energy over a series and its standard error, relative to twice the mean kinetic energy.

    The energy of a harmonic system is twice its kinetic energy, so this is the relative change of the temperature. A line is fitted to
    the energies, whose fluctuation about it is the error of the time step; the standard error accounts for its autocorrelation.

    Args:
        potential: Shape (n,), equally spaced.
        kinetic: Shape (n,), in the same unit.

    Returns:
        Drift and standard error; 0 and infinity for fewer than four samples.
    """
    n = len(potential)
    if n < 4:
        return 0.0, float("inf")
    total = np.asarray(potential) + np.asarray(kinetic)
    time = np.arange(n) / (n - 1) - 0.5
    spread = float(time @ time)
    slope = float(time @ (total - total.mean())) / spread
    rest = total - total.mean() - slope * time
    error = float(np.sqrt(rest @ rest / (n - 2) * statistical_inefficiency(rest) / spread))
    scale = 2.0 * float(np.mean(kinetic))
    return slope / scale, error / scale
