"""Plots of a run: temperature, density, energy and chain size through all stages, one PNG, and one PNG per stage."""

from pathlib import Path
from typing import Any

import numpy as np

from mdcore.bundle import SimulationBundle
from mdcore.protocols.series import COLUMNS
from mdcore.simulate.analyse import read_series

_PANELS = (
    ("temperature_K", "Temperature (K)", "#b4432f"),
    ("density_g_cm3", "Density (g/cm³)", "#1f5f8b"),
    ("potential_kj_mol", "Potential energy (MJ/mol)", "#4b7d3a"),
)
_SHADES = ("#f3f5f7", "#ffffff")


def write_figures(bundle: SimulationBundle, run_folder: Path, folder: Path) -> tuple[Path, ...]:
    """Draw the series of a finished run.

    Args:
        bundle: What was run.
        run_folder: Where its series lies.
        folder: Where to write `run.png` and `stage-NN.png`.

    Returns:
        The files.

    Raises:
        BundleError: The run has no readable series.
    """
    table, chains = read_series(run_folder)
    folder.mkdir(parents=True, exist_ok=True)
    names = [stage.name for stage in bundle.stages]
    written = [folder / "run.png"]
    _draw(table, chains, names, "All stages", written[0])
    for index, name in enumerate(names):
        rows = table[:, 0] == index
        if rows.sum() >= 2:
            written.append(folder / f"stage-{index:02d}.png")
            _draw(table[rows], chains[rows], names, f"Stage {index}: {name}", written[-1])
    return tuple(written)


def _draw(table: Any, chains: Any, names: list[str], title: str, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 8.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(4, 1, sharex=True)
    time = table[:, COLUMNS.index("time_ps")]
    for axis, (column, label, colour) in zip(axes, _PANELS, strict=False):
        values = table[:, COLUMNS.index(column)] / (1e3 if column == "potential_kj_mol" else 1.0)
        axis.plot(time, values, color=colour, linewidth=0.8)
        axis.set_ylabel(label)
    axes[0].plot(time, table[:, COLUMNS.index("temperature_target_K")], color="#333333", linewidth=0.8, linestyle="--")
    for chain in range(chains.shape[1]):
        axes[3].plot(time, chains[:, chain, 0], linewidth=0.7, alpha=0.8)
    axes[3].set_ylabel("Radius of gyration\nof each chain (nm)")
    axes[3].set_xlabel("Time (ps)")
    axes[3].set_xlim(float(time[0]), float(time[-1]))
    _shade(axes, table, names)
    figure.align_ylabels(axes)
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=120)


def _shade(axes: Any, table: Any, names: list[str]) -> None:
    """Shade the stages in turn and name those wide enough for their name."""
    time = table[:, COLUMNS.index("time_ps")]
    stages = np.unique(table[:, 0].astype(int))
    if len(stages) < 2:
        return
    span = time[-1] - time[0]
    for position, stage in enumerate(stages):
        own = time[table[:, 0] == stage]
        for axis in axes:
            axis.axvspan(own[0], own[-1], color=_SHADES[position % 2], zorder=0, linewidth=0)
        if own[-1] - own[0] > 0.07 * span:
            axes[0].annotate(
                names[stage], (own.mean(), 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                textcoords="offset points", ha="center", fontsize=8,
            )  # fmt: skip
