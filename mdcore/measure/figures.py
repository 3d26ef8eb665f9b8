"""Plots of a run: temperature, density, energy and chain size in all stages (one PNG), and one PNG per stage.

Means and standard errors are drawn for stages with the role `sampling`.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mdcore.drawing import ACCENT, BLUE, GROUND, INK, LINE, NOVEL, PAPER, SHADE, SMALL, SOFT, TEXT, THIN, drawn, save
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.recorded import Records, read_record
from mdcore.dynamics.statistics import mean_and_stderr
from mdcore.estimate import frozen_fluctuation, root_mean_square
from mdcore.measure.vibrations_figure import write_vibrations
from mdcore.protocols.cooling_scan import STAIR

_SAMPLING = "sampling"
_GYRATION = "radius_of_gyration_nm"
_PANELS = (
    ("temperature_K", "Temperature (K)", ACCENT, 1.0),
    ("density_g_cm3", "Density (g/cm³)", BLUE, 1.0),
    ("potential_kj_mol", "Potential energy (MJ/mol)", NOVEL, 1e-3),
)


def write_figures(bundle: SimulationBundle, run_folder: Path, folder: Path) -> tuple[Path, ...]:
    """Draw the records of a finished run.

    Args:
        bundle: Bundle of the run.
        run_folder: Folder of the run.
        folder: Folder for `run.png`, `stage-NN.png` (stairs of a cooling scan have none of their own) and, where velocities were
            recorded for it, `vibrations.png`.

    Returns:
        The files.

    Raises:
        BundleError: The series of the run is missing or unreadable.
    """
    record = read_record(run_folder, bundle)
    folder.mkdir(parents=True, exist_ok=True)
    sampling = record.role(_SAMPLING) if _SAMPLING in record.roles else None
    names = [stage.name for stage in bundle.stages]
    written = [folder / "run.png"]
    _draw(record.all(), names, "All stages", sampling, written[0])
    for index in record.stage_indices:
        if bundle.stages[index].records_as == STAIR:
            continue  # the figure of the scan shows all stairs together
        rows = record.stage(index)
        if len(rows) >= 2:
            written.append(folder / f"stage-{index:02d}.png")
            own = rows if bundle.stages[index].records_as == _SAMPLING else None
            _draw(rows, names, f"Stage {index}: {names[index]}", own, written[-1])
    return (*written, *write_vibrations(record, folder))


def _draw(rows: Records, names: list[str], title: str, sampling: Records | None, path: Path) -> None:
    with drawn(8.0, 8.6) as figure:
        axes = figure.subplots(4, 1, sharex=True)
        for axis, (name, label, colour, scale) in zip(axes, _PANELS, strict=False):
            if name in rows.observables:
                axis.plot(rows.times_of(name), rows.array(name) * scale, color=colour, linewidth=THIN)
            axis.set_ylabel(label)
        axes[0].plot(rows.times_ps, rows.targets.temperature_K, color=INK, linewidth=THIN, linestyle="--")
        if _GYRATION in rows.observables:
            axes[3].plot(rows.times_of(_GYRATION), rows.array(_GYRATION), linewidth=THIN, alpha=0.8)
        axes[3].set_ylabel("Radius of gyration\nof each chain (nm)")
        axes[3].set_xlabel("Time (ps)")
        axes[3].set_xlim(float(rows.times_ps[0]), float(rows.times_ps[-1]))
        _shade(axes, rows, names)
        if sampling is not None and len(sampling) >= 2:
            _average(axes, sampling, alone=len(sampling) == len(rows))
        figure.align_ylabels(axes)
        figure.suptitle(title, fontsize=TEXT + 1.5)
        save(figure, path)


def sampled_means(rows: Records) -> list[tuple[float, float] | None]:
    """Return mean and standard error of each panel over the sampling, in the panel's unit; None if it was not recorded.

    Density and radius of gyration are those of the measured properties: the error of the density includes the fluctuation that is frozen
    in a glass of this size, and the radius of gyration is the root mean square over chains and time.

    Args:
        rows: Records of the sampling.
    """
    found: list[tuple[float, float] | None] = []
    for name, _, _, scale in _PANELS:
        if name not in rows.observables:
            found.append(None)
            continue
        mean, error = mean_and_stderr(rows.array(name) * scale)
        if name == "density_g_cm3" and "volume_nm3" in rows.observables:
            error = float(np.hypot(error, mean * frozen_fluctuation(rows.array("volume_nm3"))))
        found.append((mean, error))
    if _GYRATION not in rows.observables:
        return [*found, None]
    gyration = root_mean_square(rows.array(_GYRATION))
    return [*found, (gyration.value, gyration.stderr)]


def _average(axes: Any, rows: Records, *, alone: bool) -> None:
    """Draw the averages of the sampling: the mean as a line, one standard error as a band, both as a number."""
    ends = rows.times_ps[[0, -1]]
    colours = [*(colour for _, _, colour, _ in _PANELS), INK]
    for axis, outcome, colour in zip(axes, sampled_means(rows), colours, strict=True):
        if outcome is None:
            continue
        mean, error = outcome
        decimals = max(0, 1 - int(np.floor(np.log10(error)))) if 0 < error < np.inf else 4
        what = "root mean square" if axis is axes[3] else "mean"
        label = f"{what} of the sampling and standard error: {mean:.{decimals}f} ± {error:.{decimals}f}"
        axis.plot(ends, [mean, mean], color=INK, linewidth=LINE, label=label, zorder=4)
        if error < np.inf:
            axis.fill_between(
                ends, mean - error, mean + error, color=colour, alpha=2 * SHADE, linewidth=0, zorder=3
            )  # fmt: skip
        # Above the panel; inside the first one, which has the stage names above it and is empty at the cold end.
        inside = axis is axes[0] and not alone
        axis.legend(
            loc="upper right", bbox_to_anchor=(1.0, 1.0 if inside else 1.13), borderaxespad=0.3 if inside else 0.0
        )


def _shade(axes: Any, rows: Records, names: list[str]) -> None:
    """Shade alternate stages and label those wide enough."""
    time = rows.times_ps
    stages = np.unique(rows.stage_index)
    if len(stages) < 2:
        return
    span = time[-1] - time[0]
    for position, stage in enumerate(stages):
        own = time[rows.stage_index == stage]
        for axis in axes:
            axis.axvspan(own[0], own[-1], color=(GROUND, PAPER)[position % 2], zorder=0, linewidth=0)
        if own[-1] - own[0] > 0.012 * len(names[stage]) * span:
            axes[0].annotate(
                names[stage], (own.mean(), 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3),
                textcoords="offset points", ha="center", fontsize=SMALL, color=SOFT,
            )  # fmt: skip
