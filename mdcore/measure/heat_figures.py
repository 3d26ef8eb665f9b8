"""Plots of the transport of heat: temperature profile of a heat flow, decay of a temperature difference."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mdcore.chem.display import with_error
from mdcore.drawing import ACCENT, BLUE, LINE, SOFT, drawn, save
from mdcore.estimate.heat_flow import inner_slabs


def plot_heat_flow(measurement: Mapping[str, Any], path: Path) -> None:
    """Draw the temperature profile of a heat flow with the fits of both halves.

    Args:
        measurement: Measurement of the thermal conductivity in JSON types, as in `result.json`.
        path: The plot.
    """
    about = measurement["provenance"]
    profile, length = np.array(about["profile_K"]), float(about["length_nm"])
    n = len(profile)
    centres = (np.arange(n) + 0.5) / n * length
    halves = inner_slabs(n)
    with drawn(6.4, 4.2) as figure:
        axes = figure.add_subplot()
        fitted = np.concatenate(halves)
        others = np.setdiff1d(np.arange(n), fitted)
        axes.axvspan(0.0, length / n, color=BLUE, alpha=0.12, linewidth=0, label="cold slab")
        axes.axvspan(length / 2, length / 2 + length / n, color=ACCENT, alpha=0.12, linewidth=0, label="hot slab")
        axes.plot(centres[others], profile[others], "o", markerfacecolor="none", color=SOFT, label="slab, not fitted")
        axes.plot(centres[fitted], profile[fitted], "o", color=SOFT, label="slab")
        for half, (slope, offset), r2, colour in zip(
            halves, about["lines_K"], about["r2"], (ACCENT, BLUE), strict=True
        ):
            ends = centres[half[[0, -1]]] + np.array([-0.5, 0.5]) * length / n
            label = f"{slope:+.1f} K/nm, R² = {r2:.3f}"
            axes.plot(ends, slope * ends + offset, color=colour, linewidth=LINE, label=label)
        axes.set_xlim(0.0, length)
        axes.set_xlabel("Position along the heat flow (nm)")
        axes.set_ylabel("Temperature (K)")
        value = with_error(measurement["value"], measurement["stderr"])
        power, drift = about["power_kj_mol_ps"], 100 * about["drift_of_power"]
        axes.set_title(f"κ = {value} W/m/K; power {power:.1f} kJ/mol/ps, drift of the energy {drift:+.1f} % of it")
        axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.16), ncols=3)
        save(figure, path)


def plot_decay(measurement: Mapping[str, Any], path: Path) -> None:
    """Draw the decay of the first wave of the temperature profile with its fit.

    Args:
        measurement: Measurement of the thermal diffusivity in JSON types, as in `result.json`.
        path: The plot.
    """
    about = measurement["provenance"]
    times = np.array(about["times_ps"])
    with drawn(6.4, 3.8) as figure:
        axes = figure.add_subplot()
        axes.axhline(0.0, color=SOFT, linewidth=LINE, linestyle="--")
        label = f"mean of {len(about['decays_m2_s'])} decays"
        axes.plot(times, about["amplitude_K"], ".", color=SOFT, label=label)
        label = f"fit, relaxation time {about['relaxation_ps']:.1f} ps"
        axes.plot(times, about["fit_K"], color=ACCENT, label=label)
        axes.set_xlabel("Time after the heating (ps)")
        axes.set_ylabel("Amplitude of the first wave (K)")
        value = with_error(1e8 * measurement["value"], 1e8 * measurement["stderr"])
        axes.set_title(f"D = {value} × 10⁻⁸ m²/s (classical) in a cell of {about['length_nm']:.2f} nm")
        axes.legend(loc="upper right")
        save(figure, path)
