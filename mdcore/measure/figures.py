"""Plots of a run: temperature, density, energy and chain size through all stages, one PNG, and one PNG per stage.

Where the sampling stage is shown, its means and their standard errors are drawn in.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mdcore.bundle import SimulationBundle
from mdcore.drawing import ACCENT, BLUE, GROUND, INK, LINE, NOVEL, PAPER, SHADE, SMALL, SOFT, TEXT, THIN, drawn, save
from mdcore.dynamics.series import COLUMNS
from mdcore.dynamics.statistics import mean_and_stderr
from mdcore.estimate import frozen_fluctuation, root_mean_square
from mdcore.measure.series import read_series

_PANELS = (
    ("temperature_K", "Temperature (K)", ACCENT),
    ("density_g_cm3", "Density (g/cm³)", BLUE),
    ("potential_kj_mol", "Potential energy (MJ/mol)", NOVEL),
)
_SCALE = {"potential_kj_mol": 1e-3}


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
    sampling = len(names) - 1
    written = [folder / "run.png"]
    _draw(table, chains, names, "All stages", sampling, written[0])
    for index, name in enumerate(names):
        rows = table[:, 0] == index
        if rows.sum() >= 2:
            written.append(folder / f"stage-{index:02d}.png")
            _draw(table[rows], chains[rows], names, f"Stage {index}: {name}", sampling, written[-1])
    return tuple(written)


def _draw(table: Any, chains: Any, names: list[str], title: str, sampling: int, path: Path) -> None:
    with drawn(8.0, 8.6) as figure:
        axes = figure.subplots(4, 1, sharex=True)
        time = table[:, COLUMNS.index("time_ps")]
        for axis, (column, label, colour) in zip(axes, _PANELS, strict=False):
            values = table[:, COLUMNS.index(column)] * _SCALE.get(column, 1.0)
            axis.plot(time, values, color=colour, linewidth=THIN)
            axis.set_ylabel(label)
        axes[0].plot(time, table[:, COLUMNS.index("temperature_target_K")], color=INK, linewidth=THIN, linestyle="--")
        for chain in range(chains.shape[1]):
            axes[3].plot(time, chains[:, chain, 0], linewidth=THIN, alpha=0.8)
        axes[3].set_ylabel("Radius of gyration\nof each chain (nm)")
        axes[3].set_xlabel("Time (ps)")
        axes[3].set_xlim(float(time[0]), float(time[-1]))
        _shade(axes, table, names)
        _average(axes, table, chains, sampling)
        figure.align_ylabels(axes)
        figure.suptitle(title, fontsize=TEXT + 1.5)
        save(figure, path)


def sampled_means(table: Any, chains: Any) -> list[tuple[float, float]]:
    """Return mean and standard error of each panel over a sampling stage, in the panel's unit.

    Density and radius of gyration are what would be measured: the error of the density holds the fluctuation that a glass of
    this size keeps frozen, and the radius of gyration is the root mean square over chains and time.

    Args:
        table: Shape (r, columns), rows of the sampling stage.
        chains: Shape (r, n_chains, 2).
    """
    found = []
    for column, _, _ in _PANELS:
        mean, error = mean_and_stderr(table[:, COLUMNS.index(column)] * _SCALE.get(column, 1.0))
        if column == "density_g_cm3":
            error = float(np.hypot(error, mean * frozen_fluctuation(table[:, COLUMNS.index("volume_nm3")])))
        found.append((mean, error))
    gyration = root_mean_square(chains[:, :, 0])
    return [*found, (gyration.value, gyration.stderr)]


def _average(axes: Any, table: Any, chains: Any, sampling: int) -> None:
    """Draw what the sampling stage averages to: the mean as a line, one standard error as a band, both as a number."""
    rows = table[:, 0] == sampling
    if rows.sum() < 2:
        return
    time = table[rows, COLUMNS.index("time_ps")]
    colours = [*(colour for _, _, colour in _PANELS), INK]
    for axis, (mean, error), colour in zip(axes, sampled_means(table[rows], chains[rows]), colours, strict=True):
        decimals = max(0, 1 - int(np.floor(np.log10(error)))) if 0 < error < np.inf else 4
        what = "root mean square" if axis is axes[3] else "mean"
        label = f"{what} of the sampling and standard error: {mean:.{decimals}f} ± {error:.{decimals}f}"
        axis.plot(time[[0, -1]], [mean, mean], color=INK, linewidth=LINE, label=label, zorder=4)
        if error < np.inf:
            axis.fill_between(
                time[[0, -1]], mean - error, mean + error, color=colour, alpha=2 * SHADE, linewidth=0, zorder=3
            )  # fmt: skip
        # Above the panel; inside the first one, which has the stages above it and is cold, hence empty, at the end.
        inside = axis is axes[0] and not rows.all()
        axis.legend(
            loc="upper right", bbox_to_anchor=(1.0, 1.0 if inside else 1.13), borderaxespad=0.3 if inside else 0.0
        )


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
            axis.axvspan(own[0], own[-1], color=(GROUND, PAPER)[position % 2], zorder=0, linewidth=0)
        if own[-1] - own[0] > 0.012 * len(names[stage]) * span:
            axes[0].annotate(
                names[stage], (own.mean(), 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                textcoords="offset points", ha="center", fontsize=SMALL, color=SOFT,
            )  # fmt: skip
