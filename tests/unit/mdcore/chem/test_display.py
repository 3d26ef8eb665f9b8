"""How campaigns, units, results and fronts look in terminals and notebooks."""

import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from designer import Campaign, CampaignConfig
from designer.analysis.front_table import FrontTable
from designer.progress import default_listener
from designer.progress.listener import SilentListener
from designer.progress.live import LiveListener
from designer.progress.plain import PlainListener
from designer.text import timestamp
from mdcore.chem import Measurement, RepeatUnit
from mdcore.chem.display import html_table
from mdcore.measure import SimulationResult


def test_a_repeat_unit_is_drawn_with_its_spelling() -> None:
    unit = RepeatUnit.from_psmiles("*CC(*)c1ccccc1")
    assert repr(unit).startswith("RepeatUnit(psmiles='*CC(*)c1ccccc1', key=")
    shown = unit._repr_html_()
    assert shown.count("<svg") == 1
    assert "<code>*CC(*)c1ccccc1</code>" in shown
    assert shown != RepeatUnit.from_psmiles("*CC(*)C")._repr_html_()


def test_a_result_shows_values_with_errors_and_units() -> None:
    result = SimulationResult(
        (Measurement("density", 0.97731, 0.0281, "g/cm3", "md-quick"),), {"atoms": 600}, {"long": "x" * 1000}
    )
    assert repr(result) == "SimulationResult(density=0.977 ± 0.028 g/cm3)"
    assert "<td>Density</td><td>0.977 ± 0.028</td><td>g/cm3</td><td>md-quick</td>" in result._repr_html_()


def test_tables_escape_what_they_show() -> None:
    assert html_table(["<b>"], [["a & b"]]) == (
        "<table><thead><tr><th>&lt;b&gt;</th></tr></thead><tbody><tr><td>a &amp; b</td></tr></tbody></table>"
    )


def test_a_front_is_a_frame_with_drawings() -> None:
    row = {"evaluation": 3, "psmiles": "*CC(*)C", "density": 0.85123, "density_stderr": 0.011, "origin": "smc"}
    front = FrontTable([row, {**row, "evaluation": 4, "density": math.nan}])
    assert float(front["density"].min()) == 0.85123
    assert type(front[["density"]]) is not FrontTable, "a part of the front is an ordinary frame"
    shown = front._repr_html_()
    assert shown.count("<svg") == 2
    assert "0.851 ± 0.011" in shown
    assert "density (g/cm3)" in shown


def test_a_campaign_names_its_aims_and_creates_nothing(tmp_path: Path) -> None:
    objectives = [{"property": "refractive_index"}]
    document = {"name": "trial", "folder": str(tmp_path / "run"), "objectives": objectives, "stop": {"evaluations": 6}}
    config = CampaignConfig.model_validate(document)
    campaign = Campaign(config)
    assert repr(campaign) == "<Campaign 'trial': maximise refractive_index; not started>"
    assert "not started" in campaign._repr_html_()
    assert list(tmp_path.iterdir()) == []
    campaign.store.close()
    assert repr(Campaign(config)) == "<Campaign 'trial': maximise refractive_index; 0 done, 0 failed>"


@pytest.mark.parametrize(
    ("kernel", "widgets", "terminal", "expected"),
    [
        (False, False, False, SilentListener),
        (False, False, True, LiveListener),
        (True, True, False, LiveListener),
        (True, False, False, PlainListener),
    ],
)
def test_progress_is_shown_where_somebody_watches(
    kernel: bool, widgets: bool, terminal: bool, expected: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = SimpleNamespace(kernel=object()) if kernel else None
    monkeypatch.setitem(__import__("sys").modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr("designer.progress.find_spec", lambda name: object() if widgets else None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    assert type(default_listener()) is expected


def test_times_are_iso_8601_in_utc() -> None:
    assert timestamp(1_774_965_908.6) == "2026-03-31T14:05:09Z"
    assert timestamp(None) is None
