"""`designer compare`: several campaigns against one reference point."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from designer import Campaign, CampaignConfig
from designer.analysis.comparing import compare_campaigns
from designer.cli.main import run
from designer.errors import InvalidRequest
from designer.report import write_comparison
from mdcore.chem import Failure, Measurement

N, V = {"property": "refractive_index"}, {"property": "abbe_number"}


def campaign(
    folder: Path, name: str, rows: list[tuple[float, float] | None], objectives: list[dict[str, object]] | None = None, **more: object
) -> Campaign:  # fmt: skip
    document = {
        "name": name,
        "folder": str(folder),
        "objectives": objectives or [N, V],
        "stop": {"evaluations": 9},
        **more,
    }
    made = Campaign(CampaignConfig.model_validate(document))
    for length, values in enumerate(rows, 1):
        psmiles = f"*{'C' * length}O*"
        record = made.store.propose(
            key=psmiles, psmiles=psmiles, origin="<b>x</b>", log_prior=-1.0, in_corpus=False, step="initial", settings_digest="d",
            acquisition=None, predicted={},
        )  # fmt: skip
        outcome: object = Failure("exploded", "hot")
        if values is not None:
            outcome = [
                Measurement("refractive_index", values[0], 0.01, "1", "md-quick-2", {}),
                Measurement("abbe_number", values[1], 0.5, "1", "md-quick-2", {}),
            ]
        made.store.finish(record.id, outcome, worker="w:1", wall_s=1800.0, diagnostics={}, provenance={})  # type: ignore[arg-type]
    return made


FIRST: list[tuple[float, float] | None] = [(1.50, 50.0), None, (1.60, 40.0)]
SECOND: list[tuple[float, float] | None] = [(1.55, 48.0), (1.40, 30.0)]


def test_volumes_are_of_one_measure_by_hand(tmp_path: Path) -> None:
    """Union of the fronts: (1.5, 50), (1.6, 40), (1.55, 48); its reference lies a tenth of the ranges below (1.5, 40)."""
    made = [campaign(tmp_path / "a", "first", FIRST), campaign(tmp_path / "b", "second", SECOND)]
    comparison = compare_campaigns([(c.store, c.config) for c in made])
    assert comparison.reference == (pytest.approx(1.49), pytest.approx(39.0))
    first, second = comparison.campaigns
    one = (1.50 - 1.49) * (50 - 39)
    assert list(first.counts) == [1, 2, 3]
    np.testing.assert_allclose(first.volumes, [one, one, one + (1.60 - 1.50) * (40 - 39)])
    np.testing.assert_allclose(second.volumes, [(1.55 - 1.49) * (48 - 39)] * 2)
    assert (first.done, first.failed, second.done, second.failed) == (2, 1, 2, 0)
    assert [r.ordinal for r in first.front] == [3, 1]
    assert (len(first.joint), len(second.joint), comparison.joint) == (2, 1, 3)
    best = first.best(comparison.objectives[1])
    assert best is not None
    assert best.ordinal == 1
    assert first.cost == "1.5 core-hours"


def test_other_objectives_are_refused(tmp_path: Path) -> None:
    made = [campaign(tmp_path / "a", "first", FIRST), campaign(tmp_path / "b", "one", SECOND, [N])]
    with pytest.raises(
        InvalidRequest,
        match=r"'one' in .* has the objectives maximise refractive_index, campaign 'first' in .* has maximise .*; compare",
    ):
        compare_campaigns([(c.store, c.config) for c in made])
    # A region of interest steers the search and says nothing about what is better.
    other = campaign(tmp_path / "c", "aimed", SECOND, [{**N, "region": {"low": 1.5}}, V])
    assert len(compare_campaigns([(c.store, c.config) for c in (made[0], other)]).campaigns) == 2


def test_the_command_compares_stores_as_text_json_and_page(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    campaign(tmp_path / "a", "first", FIRST)
    campaign(tmp_path / "b", "second", SECOND, limits=[{"property": "abbe_number", "low": 35}])
    stores = [str(tmp_path / "a"), str(tmp_path / "b")]
    assert run(["compare", *stores]) == 0
    text = capfd.readouterr().out
    assert re.search(r"first +│ md-quick-2 │ +2 │ +1 │ +2 │", text)
    assert "common reference point: Refractive index 1.49, Abbe number 39" in text
    assert "respects the limits of its own campaign (first: none; second: 35 ≤ abbe_number)" in text
    assert run(["compare", *stores, "--out", str(tmp_path / "page.html"), "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert [c["campaign"] for c in document["campaigns"]] == ["first", "second"]
    assert document["campaigns"][0]["hypervolume_after"] == pytest.approx([0.11, 0.11, 0.21])
    assert [p["on_joint_front"] for p in document["campaigns"][1]["front"]] == [True]
    html = (tmp_path / "page.html").read_text()
    elements = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: elements.append((tag, dict(attributes)))  # type: ignore[method-assign]
    reader.feed(html)
    assert not [tag for tag, _ in elements if tag in ("link", "iframe", "img", "b:x")]
    assert not [a for _, attributes in elements for a in attributes if a in ("src", "href")]
    assert "1.600 ± 0.010" in html
    assert html.count('role="img"') == 2
    assert "<b>x</b>" not in html


def test_campaigns_of_one_store_are_chosen_by_name(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    store = str(tmp_path / "shared.sqlite")
    for name, rows in (("first", FIRST), ("second", SECOND), ("third", SECOND)):
        campaign(tmp_path / name, name, rows, store=store).store.close()
    assert run(["compare", store, "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)["campaigns"]) == 3
    assert run(["compare", store, "--campaign", "third", "--campaign", "first", "--json"]) == 0
    assert [c["campaign"] for c in json.loads(capfd.readouterr().out)["campaigns"]] == ["first", "third"]
    assert run(["compare", store, "--campaign", "fourth", "--campaign", "first"]) == 2
    assert "campaign 'fourth' is in none of the stores" in capfd.readouterr().err
    assert run(["compare", store, "--campaign", "first"]) == 2
    assert "at least two campaigns, got 1; add another store" in capfd.readouterr().err


@pytest.mark.parametrize("rows", [[], [None]])
def test_campaigns_without_a_front_have_a_page(tmp_path: Path, rows: list[tuple[float, float] | None]) -> None:
    made = [campaign(tmp_path / str(n), "same", rows, [V]) for n in range(2)]
    comparison = compare_campaigns([(c.store, c.config) for c in made])
    assert [c.label for c in comparison.campaigns] == ["same (1)", "same (2)"]
    assert comparison.reference == ()
    html = write_comparison(comparison, tmp_path / "page.html").read_text()
    assert "same (2)" in html


def test_a_single_objective_is_compared_by_its_best_value(tmp_path: Path) -> None:
    made = [campaign(tmp_path / "a", "first", FIRST, [V]), campaign(tmp_path / "b", "second", SECOND, [V])]
    html = write_comparison(compare_campaigns([(c.store, c.config) for c in made]), tmp_path / "page.html").read_text()
    assert "Best value so far" in html
    assert "50.00 ± 0.50 (No. 1)" in html
