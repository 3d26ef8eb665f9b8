"""Glass transition, expansion and heat-capacity step from cooling in stairs at constant pressure.

Each stair is a run at one temperature. The logarithm of the specific volume, and the specific enthalpy, are fitted as functions of
temperature with hyperbolas (see `mdcore.estimate.hyperbola`). In ln v, a glass and a melt of constant expansion are straight lines; the
melt line of the Tait equation is one (Zoller and Walsh, Standard Pressure-Volume-Temperature Data for Polymers, 1995).

The standard error has two parts. That of the stairs is from a bootstrap over all stairs of all cells. That of the cells is the scatter
of independent cells about their mean, which one cell does not show: Patrone et al. (2016), doi:10.1016/j.polymer.2016.01.074, find 15
to 20 K for cells of about 5,000 atoms. It is assumed to be proportional to the square root of the reciprocal number of atoms, and
replaced by the scatter that was observed as the number of cells grows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.constants import DALTON_PER_NM3_TO_G_CM3
from mdcore.chem.errors import NotDetermined
from mdcore.dynamics.statistics import mean_and_stderr, statistical_inefficiency
from mdcore.estimate.base import Estimate
from mdcore.estimate.hyperbola import PARAMETERS, Hyperbola, HyperbolaFits, crossover_k, fit_hyperbolas, fit_line
from mdcore.estimate.thermodynamics import frozen_fluctuation

FloatArray = NDArray[np.float64]

MIN_STAIRS = 10
"""Fewest stairs of one cell for a fit."""
MIN_SIDE = 3
"""Fewest stairs in each tail of the fit, and on each side of the transition in a plan."""
END_MARGIN_K = 60.0
"""A transition closer than this to an end of the scan is not determined."""
DISAGREEMENT_K = 40.0
"""Largest difference between hyperbola and straight lines through the tails."""
SIGNIFICANCE = 2.0
"""Smallest bend in units of its standard error."""
LINE_PROBABILITY = 0.01
"""Probability of a better fit by chance below which a straight line is rejected (F test)."""
CELL_SCATTER_K, CELL_SCATTER_ATOMS = 17.5, 5000
"""Scatter of the transition between cells of so many atoms, Patrone et al. (2016)."""
CELL_SCATTER_WEIGHT = 4.0
"""Number of degrees of freedom that the assumed scatter between cells counts for."""
RESAMPLES = 400
_SEED = 20160107
_MIN_ROWS = 8
_DRIFT_Z = 3.0
_NEIGHBOURS = 2


@dataclass(frozen=True)
class Stairs:
    """Averages of the stairs of one cell, over the second half of each.

    Attributes:
        temperature_k: Shape (n,), in K, like all arrays in ascending order of temperature.
        log_volume: ln(v / (cm3/g)), shape (n,).
        log_volume_stderr: Its standard error, shape (n,).
        enthalpy_j_g: Specific enthalpy in J/g, shape (n,).
        enthalpy_stderr_j_g: Its standard error, shape (n,).
        drift_z: Linear drift of the volume over the averaged half, in units of its standard error, shape (n,).
        frozen: Relative standard error of the volume from fluctuations that are frozen in, shape (n,); see `frozen_fluctuation`.
        n_atoms: Atoms in the cell.
    """

    temperature_k: FloatArray
    log_volume: FloatArray
    log_volume_stderr: FloatArray
    enthalpy_j_g: FloatArray
    enthalpy_stderr_j_g: FloatArray
    drift_z: FloatArray
    frozen: FloatArray
    n_atoms: int

    @property
    def drifting(self) -> NDArray[np.bool_]:
        """Whether each stair drifts by more than three standard errors, shape (n,)."""
        return np.abs(self.drift_z) > _DRIFT_Z


def average_stairs(
    target_k: FloatArray, density_g_cm3: FloatArray, volume_nm3: FloatArray, enthalpy_kj_mol: FloatArray, n_atoms: int
) -> Stairs:
    """Average the second half of each stair.

    Args:
        target_k: Imposed temperature in K of each record, shape (r,); all records of a stair have the same.
        density_g_cm3: Shape (r,).
        volume_nm3: Shape (r,).
        enthalpy_kj_mol: Enthalpy of the whole cell, shape (r,).
        n_atoms: Atoms in the cell.

    Returns:
        The stairs with at least eight records.
    """
    mass_g_mol = float(np.mean(density_g_cm3 * volume_nm3)) / DALTON_PER_NM3_TO_G_CM3
    rows: list[tuple[float, ...]] = []
    for temperature in np.unique(target_k).tolist():
        own = np.flatnonzero(target_k == temperature)
        if len(own) < _MIN_ROWS:
            continue
        settled = own[len(own) // 2 :]
        volume, volume_error = mean_and_stderr(1.0 / density_g_cm3[settled])
        enthalpy, enthalpy_error = mean_and_stderr(enthalpy_kj_mol[settled] * (1e3 / mass_g_mol))
        drift, frozen = _drift_z(volume_nm3[settled]), frozen_fluctuation(volume_nm3[settled])
        rows.append((temperature, math.log(volume), volume_error / volume, enthalpy, enthalpy_error, drift, frozen))
    temperature_k, *averages = np.array(rows, dtype=np.float64).reshape(len(rows), 7).T
    volumes, volume_errors, enthalpies, enthalpy_errors, drifts, frozen_in = averages
    return Stairs(temperature_k, volumes, volume_errors, enthalpies, enthalpy_errors, drifts, frozen_in, n_atoms)


def _drift_z(series: FloatArray) -> float:
    """Return the slope of a series in units of its standard error, from correlated residuals."""
    time = np.arange(len(series)) - (len(series) - 1) / 2.0
    spread = float(time @ time)
    slope = float(time @ series) / spread
    residual = series - series.mean() - slope * time
    variance = float(residual @ residual) / max(1, len(series) - 2)
    error = math.sqrt(variance * statistical_inefficiency(residual) / spread)
    return slope / error if error > 0 else 0.0


@dataclass(frozen=True)
class Transition:
    """The bend of one quantity.

    Attributes:
        quantity: `volume` or `enthalpy`.
        hyperbola: The fit to all stairs.
        resampled: Fits to resampled stairs.
        stairs_stderr_k: Standard error of T0 in K from the bootstrap over stairs, without the differences between cells.
        lines_k: Temperature where straight lines through the tails meet; None if a tail has too few stairs or the lines are parallel.
        cells_k: Transition of each cell from its own fit; empty for one cell.
        reason: Why the transition is not determined, or None.
    """

    quantity: str
    hyperbola: Hyperbola
    resampled: HyperbolaFits
    stairs_stderr_k: float
    lines_k: float | None
    cells_k: tuple[float, ...]
    reason: str | None

    def stderr_of(self, name: str) -> float:
        """Return the bootstrap error of `cold_slope`, `hot_slope` or `bend`, over all stairs of all cells."""
        values = self.resampled
        found = values.cold_slope + values.bend if name == "hot_slope" else getattr(values, name)
        return _spread(found)


@dataclass(frozen=True)
class Scan:
    """Stairs of one or more independent cells.

    Attributes:
        cells: One for each cell.
        rate_k_per_ps: Cooling rate, step over hold.
    """

    cells: tuple[Stairs, ...]
    rate_k_per_ps: float

    @cached_property
    def volume(self) -> Transition:
        """The transition of ln v.

        Raises:
            NotDetermined: A cell has too few stairs for a fit.
        """
        values = [cell.log_volume for cell in self.cells]
        errors = [_errors(cell.log_volume_stderr, cell.log_volume) for cell in self.cells]
        return self._transition("volume", values, self._alike(errors))

    @cached_property
    def enthalpy(self) -> Transition:
        """The transition of the enthalpy.

        Raises:
            NotDetermined: A cell has too few stairs for a fit.
        """
        values = [cell.enthalpy_j_g for cell in self.cells]
        return self._transition("enthalpy", values, self.enthalpy_errors_j_g)

    @cached_property
    def enthalpy_errors_j_g(self) -> list[FloatArray]:
        """Errors of the enthalpies that weigh them in a fit, one array for each cell."""
        return self._alike([_errors(cell.enthalpy_stderr_j_g, cell.enthalpy_j_g) for cell in self.cells])

    @property
    def temperature_k(self) -> FloatArray:
        """Temperatures of all stairs of all cells in K, shape (n,)."""
        return np.concatenate([cell.temperature_k for cell in self.cells])

    def determined(self) -> Transition:
        """Return the transition of the volume.

        Raises:
            NotDetermined: The data do not determine it.
        """
        if self.volume.reason is not None:
            raise NotDetermined(self.volume.reason)
        return self.volume

    def _alike(self, errors: Sequence[FloatArray]) -> list[FloatArray]:
        """Give all cells the same error at the same temperature, its root mean square, so that none of them pulls the common fit."""
        mean = {
            t: math.sqrt(float(np.mean(np.square(np.concatenate(errors)[self.temperature_k == t]))))
            for t in np.unique(self.temperature_k).tolist()
        }
        return [np.array([mean[t] for t in cell.temperature_k.tolist()]) for cell in self.cells]

    def _transition(self, quantity: str, values: Sequence[FloatArray], errors: Sequence[FloatArray]) -> Transition:
        for cell in self.cells:
            if len(cell.temperature_k) < MIN_STAIRS:
                raise NotDetermined(
                    f"the scan has {len(cell.temperature_k)} stairs with at least {_MIN_ROWS} records; at least {MIN_STAIRS} are "
                    "needed: lower protocols.cooling_scan.step_K or raise hold_ps"
                )
        temperature, y, weights = self.temperature_k, np.concatenate(values), np.concatenate(errors) ** -2.0
        whole = fit_hyperbolas(temperature, y, weights[None, :])
        hyperbola, counts = whole[0], _counts(len(y))
        resampled = fit_hyperbolas(temperature, y, weights * counts)
        own: tuple[float, ...] = ()
        stairs = _spread(resampled.transition_k)
        if len(self.cells) > 1:
            fits = [
                fit_hyperbolas(cell.temperature_k, one, error[None, :] ** -2.0)[0]
                for cell, one, error in zip(self.cells, values, errors, strict=True)
            ]
            own = tuple(fit.transition_k for fit in fits)
            noise = [
                (one - fit(cell.temperature_k)) * math.sqrt(len(one) / (len(one) - PARAMETERS))
                for cell, one, fit in zip(self.cells, values, fits, strict=True)
            ]
            alike = hyperbola(temperature) + np.concatenate(noise)
            stairs = _spread(fit_hyperbolas(temperature, alike, weights * counts).transition_k)
        lines = _lines_meet(temperature, y, weights, hyperbola)
        found = Transition(quantity, hyperbola, resampled, stairs, lines, own, None)
        _, straight = fit_line(temperature, y, weights)
        reason = _why_not(found, temperature, straight, float(whole.squares[0]))
        return found if reason is None else replace(found, reason=reason)


def _counts(n: int) -> NDArray[np.int64]:
    """Return how often each of n stairs occurs in each resample, shape (resamples, n)."""
    return np.random.default_rng(_SEED).multinomial(n, np.full(n, 1.0 / n), RESAMPLES)


def _spread(resampled: FloatArray) -> float:
    """Return the standard error from resamples: half of their central 68.3 % interval, which a few degenerate resamples do not change."""
    low, high = np.percentile(resampled, [15.85, 84.15])
    return float(high - low) / 2.0


def _errors(stated: FloatArray, values: FloatArray) -> FloatArray:
    """Return the errors of the stairs that weigh them in a fit, shape (n,).

    The error of an average over a short stair does not include fluctuations that are slower than the stair, and may be small by chance.
    So it is at least the median of its neighbours' and at least the local scatter of the values, from second differences of neighbours.

    Args:
        stated: Standard errors from the series of each stair, shape (n,).
        values: The averages, shape (n,).
    """
    n = len(stated)
    second = np.abs(values[:-2] - 2.0 * values[1:-1] + values[2:])
    # The median is not changed by the bend, which is in at most three of the differences. 1.4826 and 6 for normal errors.
    scatter = [
        1.4826 / math.sqrt(6.0) * float(np.median(second[max(0, min(i - 1, n - 2) - 3) : i + 3])) for i in range(n)
    ]
    near = [float(np.median(stated[max(0, i - _NEIGHBOURS) : i + _NEIGHBOURS + 1])) for i in range(n)]
    errors = np.maximum(stated, np.maximum(scatter, near))
    return np.maximum(errors, 1e-12 * max(1.0, float(np.abs(values).max())))


def _lines_meet(temperature_k: FloatArray, y: FloatArray, weights: FloatArray, fit: Hyperbola) -> float | None:
    """Return where straight lines through the stairs outside T0 +- 2 w meet, or None."""
    cold = temperature_k < fit.transition_k - 2.0 * fit.width_k
    hot = temperature_k > fit.transition_k + 2.0 * fit.width_k
    if any(len(np.unique(temperature_k[side])) < MIN_SIDE for side in (cold, hot)):
        return None
    (below, slope_below), _ = fit_line(temperature_k[cold], y[cold], weights[cold])
    (above, slope_above), _ = fit_line(temperature_k[hot], y[hot], weights[hot])
    return None if slope_above == slope_below else float((below - above) / (slope_above - slope_below))


def _why_not(found: Transition, temperature_k: FloatArray, straight: float, squares: float) -> str | None:
    """Return why the data do not determine a transition, or None."""
    from scipy.stats import f as f_distribution

    fit, what = found.hyperbola, found.quantity
    low, high = float(temperature_k.min()), float(temperature_k.max())
    more = "lengthen protocols.cooling_scan.hold_ps, use a larger cell or more replicates"
    free = len(temperature_k) - PARAMETERS
    if free > 0 and squares > 0.0:
        ratio = (straight - squares) / (PARAMETERS - 2) / (squares / free)
        if float(f_distribution.sf(ratio, PARAMETERS - 2, free)) > LINE_PROBABILITY:
            return f"a straight line fits the {what} from {low:.0f} to {high:.0f} K as well as a bent one; {more}"
    if min(fit.transition_k - low, high - fit.transition_k) < END_MARGIN_K:
        end = "coldest_K" if fit.transition_k - low < high - fit.transition_k else "hottest_K"
        return (
            f"the {what} bends at {fit.transition_k:.0f} K, less than {END_MARGIN_K:g} K from an end of the scan ({low:.0f} to "
            f"{high:.0f} K); move protocols.cooling_scan.{end}"
        )
    error = found.stderr_of("bend")
    if not fit.bend >= SIGNIFICANCE * error:
        scale, unit = (1.0, "J/g/K") if what == "enthalpy" else (1e4, "1e-4/K")
        return (
            f"the slope of the {what} changes by {scale * fit.bend:.2f} +- {scale * error:.2f} {unit}, which is less than "
            f"{SIGNIFICANCE:g} standard errors; {more}"
        )
    if found.lines_k is None or abs(found.lines_k - fit.transition_k) > DISAGREEMENT_K:
        where = "do not meet" if found.lines_k is None else f"meet at {found.lines_k:.0f} K"
        return (
            f"the {what} bends at {fit.transition_k:.0f} K, but straight lines through glass and melt {where}, more than "
            f"{DISAGREEMENT_K:g} K away; {more}"
        )
    return None


def scan_transition(scan: Scan) -> Estimate:
    """Return the glass transition of the volume at the cooling rate of the scan, in K.

    Returns:
        The estimate, its error with the parts `stairs` and `cells`; `about` has the fits of volume and enthalpy and their agreement.

    Raises:
        NotDetermined: The volume does not determine it.
    """
    found = scan.determined()
    stairs, cells = _parts_k(scan, found)
    return Estimate(
        found.hyperbola.transition_k,
        math.hypot(stairs, cells),
        {"stairs": stairs, "cells": cells},
        {"cooling_scan": about_scan(scan)},
    )


def _parts_k(scan: Scan, found: Transition) -> tuple[float, float]:
    """Return the standard errors from stairs and from cells in K."""
    stairs, n = found.stairs_stderr_k, len(scan.cells)
    assumed = np.array([CELL_SCATTER_K**2 * CELL_SCATTER_ATOMS / cell.n_atoms for cell in scan.cells])
    variance = stairs**2 + float(assumed.sum()) / n**2
    if n > 1:
        observed = float(np.var(found.cells_k, ddof=1)) / n
        variance = (CELL_SCATTER_WEIGHT * variance + (n - 1) * observed) / (CELL_SCATTER_WEIGHT + n - 1)
    return stairs, math.sqrt(max(0.0, variance - stairs**2))


def about_scan(scan: Scan) -> dict[str, Any]:
    """Return rate, range, drift and both fits in JSON types."""
    drifting = sorted({t for cell in scan.cells for t in cell.temperature_k[cell.drifting].tolist()})
    volume, enthalpy = scan.volume, scan.enthalpy
    found: dict[str, Any] = {
        "rate_K_per_ps": scan.rate_k_per_ps,
        "cells": len(scan.cells),
        "stairs": len(scan.temperature_k),
        "range_K": [float(scan.temperature_k.min()), float(scan.temperature_k.max())],
        "drifting_stairs_K": drifting,
        "volume": _about_fit(volume),
        "enthalpy": _about_fit(enthalpy),
    }
    if volume.reason is None and enthalpy.reason is None:
        difference = enthalpy.hyperbola.transition_k - volume.hyperbola.transition_k
        error = math.hypot(volume.stairs_stderr_k, enthalpy.stairs_stderr_k)
        found["enthalpy_minus_volume_K"] = difference
        found["enthalpy_minus_volume_stderr_K"] = error
        found["agree"] = bool(abs(difference) <= 2.0 * error)
    return found


def _about_fit(found: Transition) -> dict[str, Any]:
    fit = found.hyperbola
    return {
        "transition_K": fit.transition_k,
        "stairs_stderr_K": found.stairs_stderr_k,
        "straight_lines_K": found.lines_k,
        "width_K": fit.width_k,
        "cells_K": list(found.cells_k),
        "not_determined": found.reason,
    }


def scan_expansion(scan: Scan, branch: str) -> Estimate:
    """Return the volumetric expansion of the `glass` or the `melt` in 1/K: the asymptotic slope of ln v.

    Raises:
        NotDetermined: The transition is not determined, so that the branches cannot be told apart.
    """
    found = scan.determined()
    name = {"glass": "cold_slope", "melt": "hot_slope"}[branch]
    return Estimate(getattr(found.hyperbola, name), found.stderr_of(name))


def scan_heat_capacity_step(scan: Scan) -> Estimate:
    """Return the step of the classical heat capacity at the transition in J/g/K, melt minus glass.

    The enthalpy is fitted with a hyperbola whose T0 and w are those of the volume, also in each resample.

    Returns:
        The estimate; `about` has the slopes of both branches, the classical heat capacities of glass and melt, with their errors.

    Raises:
        NotDetermined: The transition of the volume is not determined.
    """
    found = scan.determined()
    temperature = scan.temperature_k
    y = np.concatenate([cell.enthalpy_j_g for cell in scan.cells])
    weights = np.concatenate(scan.enthalpy_errors_j_g) ** -2.0
    counts = _counts(len(y))
    fits = [_glass_and_bend(temperature, y, weights, found.hyperbola)]
    fits += [_glass_and_bend(temperature, y, weights * counts[i], found.resampled[i]) for i in range(RESAMPLES)]
    glass, bend = np.array(fits).T
    branches = {
        f"classical_{name}_J_g_K": {"value": float(slope[0]), "stderr": _spread(slope[1:])}
        for name, slope in (("glass", glass), ("melt", glass + bend))
    }
    return Estimate(float(bend[0]), _spread(bend[1:]), about={"heat_capacity": "classical", **branches})


def _glass_and_bend(
    temperature_k: FloatArray, y: FloatArray, weights: FloatArray, shape: Hyperbola
) -> tuple[float, float]:
    """Return the slope of the glass and the bend of y with T0 and w of another hyperbola."""
    x = temperature_k - shape.transition_k
    design = np.stack([np.ones_like(x), x, crossover_k(x, shape.width_k)], axis=1) * np.sqrt(weights)[:, None]
    (_, glass, bend), *_ = np.linalg.lstsq(design, y * np.sqrt(weights), rcond=None)
    return float(glass), float(bend)


def scan_density(scan: Scan, temperature_k: float) -> Estimate:
    """Return the density in g/cm3 at a temperature after cooling at the rate of the scan, interpolated between stairs.

    Each cell counts alike. Its error is that of its stairs, with the fluctuation that is frozen in a glass of this size.

    Raises:
        NotDetermined: The temperature is outside the scan.
    """
    values, errors = [], []
    for cell in scan.cells:
        low, high = float(cell.temperature_k.min()), float(cell.temperature_k.max())
        if not low <= temperature_k <= high:
            raise NotDetermined(
                f"the scan from {high:.0f} to {low:.0f} K does not include {temperature_k:g} K; set "
                "protocols.cooling_scan.coldest_K and hottest_K around it"
            )
        hats = np.array([np.interp(temperature_k, cell.temperature_k, row) for row in np.eye(len(cell.temperature_k))])
        values.append(math.exp(-float(hats @ cell.log_volume)))
        frozen = float(hats @ cell.frozen)
        errors.append(values[-1] * math.sqrt(float(hats**2 @ cell.log_volume_stderr**2) + frozen**2))
    mean, own = float(np.mean(values)), float(np.sqrt(np.square(errors).sum())) / len(errors)
    between = float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return Estimate(mean, max(own, between))
