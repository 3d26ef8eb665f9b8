"""Plot of a cooling scan: specific volume and enthalpy against temperature, fits, glass transition."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.errors import NotDetermined, NotRecorded
from mdcore.drawing import (
    ACCENT,
    BLUE,
    INK,
    LINE,
    MUTED,
    NOVEL,
    SERIES,
    SHADE,
    SMALL,
    SOFT,
    TEXT,
    THICK,
    THIN,
    drawn,
    save,
)
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.recorded import read_record
from mdcore.estimate import Scan, Transition, scan_transition, slow_cooling_transition
from mdcore.estimate.cooling_scan import Stairs
from mdcore.measure.plan import bundle_folder, run_folder
from mdcore.properties.scanned import COOLING_SCAN, scan_of_runs

FloatArray = NDArray[np.float64]

FILE = "glass_transition.png"
_INTERVAL = 1.96
_CELLS = (BLUE, *SERIES[3:])
"""Colours of the cells, other than those of the fit and of the shifted transition."""


def write_scan_figure(folder: Path) -> tuple[Path, ...]:
    """Draw the cooling scan of a finished simulation to `glass_transition.png`, the stairs of all its replicates together.

    Args:
        folder: Folder of the simulation.

    Returns:
        The file; empty if there was no scan, or it has too few stairs.

    Raises:
        BundleError: The series of a run is missing or unreadable.
    """
    own = [
        one
        for one in sorted(folder.glob("replicate-*")) or [folder]
        if (one / run_folder(COOLING_SCAN) / "run.json").exists()
    ]
    runs = [
        read_record(one / run_folder(COOLING_SCAN), SimulationBundle.read(one / bundle_folder(COOLING_SCAN)))
        for one in own
    ]
    if not runs:
        return ()
    try:
        scan = scan_of_runs(runs)
        plot_scan(scan, folder / FILE)
    except (NotDetermined, NotRecorded):
        return ()  # too few stairs for a fit
    return (folder / FILE,)


def plot_scan(scan: Scan, path: Path | None = None) -> Any:
    """Draw specific volume and enthalpy of all stairs with one standard error, their fits, and the transition with its 95 % interval.

    The straight line of the glass is subtracted from the enthalpy, whose bend would not be visible otherwise.

    Args:
        scan: The stairs.
        path: File of the figure (its suffix gives the format), or None.

    Returns:
        The matplotlib figure.

    Raises:
        NotDetermined: There are too few stairs for a fit.
    """
    transitions = scan.volume, scan.enthalpy
    with drawn(7.0, 7.6) as figure:
        axes = figure.subplots(2, 1, sharex=True)
        glass = scan.enthalpy.hyperbola

        def above(temperature: FloatArray, enthalpy: FloatArray) -> FloatArray:
            return enthalpy - glass.y0 - glass.cold_slope * (temperature - glass.transition_k)

        for number, cell in enumerate(scan.cells):
            volume = np.exp(cell.log_volume)
            _points(axes[0], cell, volume, volume * cell.log_volume_stderr, number, len(scan.cells))
            excess = above(cell.temperature_k, cell.enthalpy_j_g)
            _points(axes[1], cell, excess, cell.enthalpy_stderr_j_g, number, len(scan.cells))
        low, high = float(scan.temperature_k.min()), float(scan.temperature_k.max())
        grid = np.linspace(low, high, 400)
        for axis, found, read in zip(axes, transitions, (lambda _, y: np.exp(y), above), strict=True):
            _fit(axis, found, grid, read)
        _mark(axes, scan)
        axes[0].set_ylabel("Specific volume (cm³/g)")
        axes[1].set_ylabel("Enthalpy minus that of the glass (J/g)")
        axes[1].set_xlabel("Temperature (K)")
        axes[0].legend(loc="upper left")
        axes[1].legend(loc="upper left")
        figure.align_ylabels(axes)
        cells = "" if len(scan.cells) == 1 else f", {len(scan.cells)} cells"
        figure.suptitle(f"Cooling scan at {scan.rate_k_per_ps:.3g} K/ps{cells}", fontsize=TEXT + 1.5)
        if path is not None:
            save(figure, path)
    return figure


def _points(axis: Any, cell: Stairs, values: FloatArray, errors: FloatArray, number: int, cells: int) -> None:
    colour = INK if cells == 1 else _CELLS[number % len(_CELLS)]
    steady = ~cell.drifting
    for chosen, face, label in ((steady, colour, "stairs"), (~steady, "white", "stairs that drift")):
        if chosen.any():
            axis.errorbar(
                cell.temperature_k[chosen], values[chosen], errors[chosen], fmt="o", markersize=4, markerfacecolor=face,
                color=colour, elinewidth=THIN, zorder=3, label=label if cells == 1 else f"{label}, cell {number + 1}",
            )  # fmt: skip


def _fit(axis: Any, found: Transition, grid: FloatArray, read: Any) -> None:
    fit = found.hyperbola
    axis.plot(grid, read(grid, fit(grid)), color=ACCENT, linewidth=THICK, zorder=4, label="hyperbola")
    x = grid - fit.transition_k
    for slope in (fit.cold_slope, fit.hot_slope):
        near = np.sign(x) == (1.0 if slope == fit.hot_slope else -1.0)
        axis.plot(
            grid[near],
            read(grid[near], fit.y0 + slope * x[near]),
            color=MUTED,
            linewidth=LINE,
            linestyle="--",
            zorder=2,
        )
    if found.lines_k is not None:
        axis.axvline(
            found.lines_k,
            color=SOFT,
            linewidth=LINE,
            linestyle=":",
            label=f"straight lines meet: {found.lines_k:.0f} K",
        )
    if found.reason is not None:
        axis.set_title(f"not determined: {_wrapped(found.reason)}", fontsize=SMALL, color=SOFT, loc="left")


def _mark(axes: Any, scan: Scan) -> None:
    """Mark the transitions: that of the volume with its 95 % interval, that of the enthalpy, and the shifted one."""
    volume, enthalpy = scan.volume, scan.enthalpy
    if volume.reason is None:
        simulated = scan_transition(scan)
        shifted = slow_cooling_transition(simulated, scan.rate_k_per_ps)
        half = _INTERVAL * simulated.stderr
        axes[0].axvspan(
            simulated.value - half, simulated.value + half, color=ACCENT, alpha=SHADE, linewidth=0, zorder=0,
            label=f"$T_g$ at this rate: {simulated.value:.0f} ± {simulated.stderr:.0f} K (95 % interval shaded)",
        )  # fmt: skip
        axes[0].axvline(simulated.value, color=ACCENT, linewidth=LINE)
        axes[0].axvline(
            shifted.value, color=NOVEL, linewidth=LINE, linestyle="-.",
            label=f"shifted to 10 K/min: {shifted.value:.0f} ± {shifted.stderr:.0f} K",
        )  # fmt: skip
    if enthalpy.reason is None:
        value, half = enthalpy.hyperbola.transition_k, _INTERVAL * enthalpy.stairs_stderr_k
        axes[1].axvspan(
            value - half, value + half, color=ACCENT, alpha=SHADE, linewidth=0, zorder=0,
            label=f"$T_g$ of the enthalpy: {value:.0f} ± {enthalpy.stairs_stderr_k:.0f} K (stairs only)",
        )  # fmt: skip
        axes[1].axvline(value, color=ACCENT, linewidth=LINE)


def _wrapped(text: str, width: int = 88) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, width))
