"""One style for every plot and page, and what the plots of a simulation say of its sampling."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mdcore import drawing
from mdcore.dynamics import DynamicsStage, RunRecord, Series
from mdcore.estimate import frozen_fluctuation
from mdcore.measure.figures import sampled_means

ROOT = Path(__file__).parents[3]
ELSEWHERE = {"mdcore/drawing.py"}


def test_colours_stand_in_one_module() -> None:
    """Every plot and page takes its colours from `mdcore.drawing`."""
    sources = [
        path for room in ("mdcore", "surrogates", "designer") for path in (ROOT / room).rglob("*.py")
        if path.relative_to(ROOT).as_posix() not in ELSEWHERE
    ]  # fmt: skip
    assert len(sources) > 100
    found = {path.name: re.findall(r"[\"']#[0-9a-fA-F]{6}\b", path.read_text()) for path in sources}
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_a_saved_figure_bears_the_style(tmp_path: Path) -> None:
    with drawing.drawn(2.0, 2.0) as figure:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1])
    drawing.save(figure, tmp_path / "a.svg")
    assert axes.lines[0].get_color() == drawing.SERIES[0]
    assert axes.lines[0].get_linewidth() == drawing.THICK
    assert drawing.GRID in (tmp_path / "a.svg").read_text()
    assert axes.get_xticklabels()[0].get_fontname() == drawing.FONT


def test_the_sampling_plot_shows_means_and_errors_of_what_is_measured(tmp_path: Path) -> None:
    """Independent samples of known spread: the error of a mean is sd / sqrt(n), and chains count as independent."""
    rng, n = np.random.default_rng(5), 4000
    observed = {
        "temperature_K": rng.normal(300.0, 8.0, n),
        "potential_kj_mol": rng.normal(2000.0, 50.0, n),
        "volume_nm3": np.full(n, 6.0),
        "density_g_cm3": np.full(n, 1.05),
        "radius_of_gyration_nm": np.tile([0.7, 0.8], (n, 1)),
    }
    series = Series()
    for i in range(n):
        series.append((0, float(i), 300.0, 1.0), {name: values[i] for name, values in observed.items()})
    stage = DynamicsStage(
        name="sample", ensemble="nvt", role="production", duration_ps=1.0, temperature_K=(300.0, 300.0), timestep_fs=1.0
    )
    record = RunRecord(SimpleNamespace(stages=(stage,)), tmp_path, series)  # type: ignore[arg-type]
    temperature, density, energy, gyration = sampled_means(record.role("production"))
    # White noise: the inefficiency is 1 within the scatter of its estimate, some 10 %.
    assert temperature == (pytest.approx(300.0, abs=4 * 8 / np.sqrt(n)), pytest.approx(8 / np.sqrt(n), rel=0.2))
    assert energy == (pytest.approx(2.0, abs=4 * 0.05 / np.sqrt(n)), pytest.approx(0.05 / np.sqrt(n), rel=0.2))
    assert density == (pytest.approx(1.05), pytest.approx(1.05 * frozen_fluctuation(np.full(n, 6.0))))
    # sqrt((0.49 + 0.64) / 2); the squares scatter by 0.15 / sqrt(2), over sqrt(2) chains, over twice the root.
    assert gyration == (pytest.approx(0.75166, abs=1e-5), pytest.approx(0.075 / (2 * 0.75166), rel=1e-4))
