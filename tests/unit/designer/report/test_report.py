import csv
import io
import json
import re
import shlex
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.stats import norm

from designer import Campaign, CampaignConfig
from designer.analysis.comparing import compare_campaigns
from designer.cli.main import run
from designer.report import write_comparison, write_report
from designer.report.build import MAX_CARDS
from designer.report.calibration import coverage
from designer.report.comparison import comparison_text
from designer.report.drawing import subscripts
from designer.report.interactive import FrontPlot
from designer.report.known import known_polymers
from designer.report.learning import FEW, prior_posterior_figures
from designer.report.points import point_of
from designer.report.structures import structure_svg
from designer.report.tips import percent, tip_html
from designer.store import EvaluationRecord, PredictedValue
from designer.store.routes import keep_route
from designer.store_url import StoreURL
from designer.text import duration, shortened, with_error
from generators import Monomer, Route
from mdcore.chem import PROPERTIES, Failure, Measurement, RepeatUnit
from surrogates import Constraint, Objective

pytestmark = pytest.mark.seconds(40)

MEASURED = {  # n_D, Abbe number; the first and the third are on the front
    "*CC(*)c1ccccc1": (1.60, 31.0),
    "*CC(*)C(=O)OC": (1.48, 30.0),
    "*CC(*)(C)C(=O)OC": (1.49, 58.0),
}


def campaign(tmp_path: Path, **changes: object) -> Campaign:
    document = {
        "name": "lenses",
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "refractive_index"}, {"property": "abbe_number"}],
        "stop": {"evaluations": 4},
    }
    made = Campaign(CampaignConfig.model_validate({**document, **changes}))
    ending = {"worker": "node7:1", "wall_s": 90.0, "diagnostics": {}, "provenance": {}}
    for psmiles, values in {**MEASURED, "*CS*": None}.items():
        predicted = {"refractive_index": PredictedValue(1.55, 0.05), "abbe_number": PredictedValue(40.0, 10.0)}
        record = made.store.propose(
            key=psmiles, psmiles=psmiles, origin="smc <step> 2", log_prior=-4.0, in_corpus=psmiles == "*CC(*)C(=O)OC",
            step="acquisition", settings_digest="d", acquisition=0.1, predicted=predicted,
        )  # fmt: skip
        made.store.start(record.id)
        outcome = (
            Failure("exploded", "hot & <bright>")
            if values is None
            else (
                Measurement("refractive_index", values[0], 0.004, "1", "md-quick-2", {}),
                Measurement("abbe_number", values[1], 0.5, "1", "md-quick-2", {}),
                Measurement("density", 1.05, 0.01, "g/cm3", "md-quick-2", {}),
            )
        )
        made.store.finish(record.id, outcome, **ending)
    return made


def test_the_report_is_one_complete_file(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    page = write_report(made.store, made.config, tmp_path / "run" / "report.html")
    html = page.read_text()
    table = html[html.index("<h2>Pareto front") : html.index("<h2>How the search went")]
    assert "1.6000 ± 0.0040" in table
    assert "58.00 ± 0.50" in table
    assert "1.4800" not in table  # dominated
    assert html.count('<article class="card') == 4
    assert html.count('<article class="card front"') == 2
    assert "hot &amp; &lt;bright&gt;" in html
    assert "smc &lt;step&gt; 2" in html
    assert "md-quick-2" in html
    for heading in (
        "Hypervolume against evaluations",
        "predicted against measured",
        "How to reproduce",
    ):
        assert heading in html
    assert "designer run lenses.yaml" in html
    assert "PMMA" in html  # known polymers for comparison
    # Errors of the predictions, by hand: |1.60-1.55|, |1.48-1.55|, |1.49-1.55|.
    assert "0.06" in html[html.index("Mean absolute error") :][:600]


class Elements(HTMLParser):
    """Collects the elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_report_opens_without_a_network(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    html = write_report(made.store, made.config, tmp_path / "report.html").read_text()
    elements = Elements(html).found
    assert not [tag for tag, _ in elements if tag in ("link", "iframe", "img", "base", "object", "embed", "form")]
    named = {name for _, attributes in elements for name in attributes}
    assert not named & {"src", "srcset", "href", "action"}
    # Paths of plots refer to their own glyphs.
    assert all((a.get("xlink:href") or "#").startswith("#") for _, a in elements)
    assert not re.search(r"url\(\s*['\"]?http", html[: html.index("<script>")])
    (policy,) = [a["content"] for tag, a in elements if tag == "meta" and "http-equiv" in a]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_the_report_links_the_cells_of_the_front(tmp_path: Path) -> None:
    """Relative to the report, so that the folder can be moved; only cells that are there."""
    made = campaign(tmp_path)
    folder = made.config.campaign_folder / "evaluations" / "00001"
    folder.mkdir(parents=True)
    (folder / "final.html").write_text("<p>cell</p>")
    html = write_report(made.store, made.config, tmp_path / "out" / "report.html").read_text()
    links = [a["href"] for tag, a in Elements(html).found if tag == "a"]
    assert links == ["../run/evaluations/00001/final.html"]


def test_the_report_of_a_moved_campaign_links_its_cells(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    folder = made.config.campaign_folder / "evaluations" / "00001"
    folder.mkdir(parents=True)
    (folder / "final.html").write_text("<p>cell</p>")
    made.close()
    moved = made.config.campaign_folder.rename(tmp_path / "moved")
    assert run(["report", str(moved / "store.sqlite")]) == 0
    links = [a["href"] for tag, a in Elements((moved / "report.html").read_text()).found if tag == "a"]
    assert links == ["evaluations/00001/final.html"]


def test_what_a_store_holds_cannot_become_a_script(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    expected = [
        tag for tag, _ in Elements(write_report(made.store, made.config, tmp_path / "a.html").read_text()).found
    ]
    evil = "</script><script>alert(1)</script>"
    record = made.store.propose(
        key="*CCO*", psmiles="*CCO*", origin=evil, log_prior=-1.0, in_corpus=False, step="initial", settings_digest="d",
        acquisition=None, predicted={},
    )  # fmt: skip
    keep_route(made.store.engine, "*CCO*", Route(evil, "x", (Monomer(evil, evil),)))
    measured = [
        Measurement("refractive_index", 1.7, 0.01, "1", "md-quick-2", {}),
        Measurement("abbe_number", 20.0, 1.0, "1", "md-quick-2", {}),
    ]
    made.store.finish(record.id, measured, worker="n:1", wall_s=1.0, diagnostics={}, provenance={})
    html = write_report(made.store, made.config, tmp_path / "b.html").read_text()
    assert [t for t, _ in Elements(html).found].count("script") == expected.count("script")
    assert "<script>alert" not in html


def test_the_table_and_the_csv_hold_every_evaluation(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    html = write_report(made.store, made.config, tmp_path / "report.html").read_text()
    table = html[html.index('<table id="evaluations">') :]
    table = table[: table.index("</table>")]
    assert table.count("<tr") == 1 + 4
    assert table.count('<tr class="front"') == 2
    text = re.search(r'<script type="application/json" id="csv">(.*?)</script>', html, re.S)
    assert text is not None
    rows = list(csv.DictReader(io.StringIO(json.loads(text[1]))))
    assert [row["evaluation"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["refractive_index"] == "1.6"
    assert rows[0]["refractive_index_stderr"] == "0.004"
    assert [row["on_front"] for row in rows] == ["True", "False", "True", "False"]
    assert [row["state"] for row in rows] == ["done", "done", "done", "failed"]
    assert rows[3]["failure_kind"] == "exploded"
    # The second one is on the front where it is above the third in n and, being far below the first in n, above it in the Abbe number.
    expected = norm.cdf(-0.01 / np.hypot(0.004, 0.004)) * norm.cdf(-1.0 / np.hypot(0.5, 0.5))
    assert [row["front_probability"] for row in rows][::2] == ["1.0000", "1.0000"]
    assert float(rows[1]["front_probability"]) == pytest.approx(expected, abs=4 * np.sqrt(expected / 4000))
    assert rows[3]["front_probability"] == ""


def test_cells_that_a_spreadsheet_would_run_are_inert() -> None:
    from designer.report.evaluations import evaluation_csv

    record = evaluated("=cmd|' /C calc'!A0", {"density": -1.0})
    (row,) = csv.DictReader(io.StringIO(evaluation_csv([record], ["density"], {}, {}, set())))
    assert row["origin"] == "'=cmd|' /C calc'!A0"
    assert row["density"] == "-1"


def evaluated(origin: str, values: dict[str, float], ordinal: int = 1) -> EvaluationRecord:
    return EvaluationRecord(
        id=ordinal, ordinal=ordinal, state="done", key="*CC*", psmiles="*CC*", origin=origin, log_prior=None, in_corpus=False,
        step="initial", seed=0, folder="x", acquisition=None, predicted={}, attempts=1, stage=None, fraction=None, worker=None,
        created_at=0.0, started_at=0.0, finished_at=1.0, wall_s=1.0, diagnostics={}, provenance={}, failure=None,
        measurements=tuple(Measurement(name, value, 0.01, "1", "md-quick-2", {}) for name, value in values.items()),
    )  # fmt: skip


def test_one_sentence_compares_the_front_with_known_polymers() -> None:
    """By hand from known.csv: n above 1.592 and Abbe above 30.5 beats PS and PC alone; CHDT-DVS, BSMD-DVS and PTU beat it."""
    n, abbe = Objective("refractive_index"), Objective("abbe_number")
    front = [evaluated("x", {"refractive_index": 1.60, "abbe_number": 31.0}, 7)]
    assert comparison_text(front, (n, abbe)) == (
        "Of the 8 known polymers with measured refractive index and Abbe number, 2 are beaten by a polymer of this front, and "
        "CHDT-DVS, BSMD-DVS and PTU beat No. 7."
    )
    best = [evaluated("x", {"refractive_index": 1.9, "abbe_number": 80.0})]
    assert comparison_text(best, (n, abbe)).endswith(
        "8 are beaten by a polymer of this front, and none beats a polymer of it."
    )
    poor = [evaluated("x", {"refractive_index": 1.3, "abbe_number": 20.0}, 3)]
    assert ", none is beaten by a polymer of this front, and " in comparison_text(poor, (n, abbe))
    # With a limit only what keeps it counts: of the eight, PMMA (59.2), COP (56.0) and CHDT-DVS (50.6).
    assert comparison_text(best, (n, abbe), [Constraint("abbe_number", low=50.0)]).startswith("Of the 3 known polymers")
    assert comparison_text(best, (Objective("bulk_modulus"),)) == ""


@pytest.mark.parametrize(
    ("probability", "text"), [(0.834, "83 %"), (1.0, "> 99 %"), (0.004, "< 1 %"), (None, ""), (float("nan"), "")]
)
def test_probabilities_of_a_simulation_are_rounded(probability: float | None, text: str) -> None:
    assert percent(probability) == text


def test_few_values_are_dots_and_many_are_cumulative_shares() -> None:
    """No smoothed density at any number: below thirty each value is drawn, with its error."""
    few, many = [], []
    for n in range(2 * FEW):
        step = "initial" if n % 2 else "acquisition"
        record = replace(evaluated("x", {"density": 1.0 + 0.01 * n}, n), step=step)
        many.append(record)
        if n < 6:
            few.append(record)
    ((_, dots),) = prior_posterior_figures(few, (Objective("density"),), "prior")
    ((_, shares),) = prior_posterior_figures(many, (Objective("density"),), "prior")
    assert dots.count('id="LineCollection') == 2  # error bars of three values in each of two rows
    assert 'id="LineCollection' not in shares


def test_a_password_in_the_store_address_is_not_shown(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    config = made.config.model_copy(update={"store": StoreURL.parse("postgresql://ada:secret@host/db")})
    html = write_report(made.store, config, tmp_path / "report.html").read_text()
    for part in ("secret", "ada:", "@host", "postgresql"):
        assert part not in html
    assert "a database server" in html


@pytest.mark.parametrize(
    "objectives",
    [
        [{"property": "density", "direction": "minimise"}],
        [{"property": "density", "direction": "target", "value": 1.0}],
        [
            {"property": "refractive_index"},
            {"property": "abbe_number"},
            {"property": "density", "direction": "minimise"},
        ],
    ],
)
def test_one_and_three_objectives_are_drawn(tmp_path: Path, objectives: list[dict[str, object]]) -> None:
    made = campaign(tmp_path, objectives=objectives)
    html = write_report(made.store, made.config, tmp_path / "report.html").read_text()
    pairs = {1: 1, 3: 3}[len(objectives)]
    assert html.count('role="img"') == pairs


def test_an_empty_campaign_has_a_report(tmp_path: Path) -> None:
    config = CampaignConfig.model_validate(
        {"name": "new", "folder": str(tmp_path), "objectives": [{"property": "density"}], "stop": {"evaluations": 1}}
    )
    made = Campaign(config)
    html = write_report(made.store, config, tmp_path / "report.html").read_text()
    assert "No evaluation has measured all objectives yet." in html


def test_known_polymers_are_readable_and_in_range() -> None:
    for known in known_polymers():
        RepeatUnit.from_psmiles(known.psmiles)
        assert known.source
        for name, value in known.values.items():
            assert PROPERTIES[name].lower < value < PROPERTIES[name].upper
    values = {known.abbreviation: known.values for known in known_polymers()}
    assert values["PMMA"]["refractive_index"] == 1.491


def test_structures_are_drawn_without_isotope_labels() -> None:
    svg = structure_svg("*CC(*)c1ccccc1")
    assert svg.startswith("<svg")
    assert "<text" not in svg
    assert svg != structure_svg("*CC(*)C")


@pytest.mark.parametrize(
    ("value", "stderr", "text"),
    [
        (1.5731, 0.0123, "1.573 ± 0.012"),
        (45.678, 1.2, "45.7 ± 1.2"),
        (300.4, 25.0, "300 ± 25"),
        (1.23456, 0.0, "1.235"),
    ],
)
def test_numbers_are_shown_to_the_second_digit_of_their_error(value: float, stderr: float, text: str) -> None:
    assert with_error(value, stderr) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(12.4, "12 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (273600, "3 d 4 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_long_structures_are_shortened_in_the_middle() -> None:
    assert shortened("*CCO*", 10) == "*CCO*"
    assert shortened("*" + "C" * 50 + "*", 11) == "*CCCC…CCCC*"


def test_the_coverage_of_calibrated_errors_is_the_level() -> None:
    errors = np.random.default_rng(0).standard_normal(4000)
    levels = np.array([0.1, 0.5, 0.9])
    # Three standard errors of a share of 4000.
    assert np.abs(coverage(errors, levels) - levels).max() < 3 * np.sqrt(0.25 / 4000)
    assert coverage(2.0 * errors, levels)[1] < 0.4  # too sure
    assert list(coverage(errors, np.array([0.0, 1.0]))) == [0.0, 1.0]


def test_each_plot_is_also_a_file(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    write_report(made.store, made.config, tmp_path / "report.html", tmp_path / "plots")
    names = {path.name for path in (tmp_path / "plots").iterdir()}
    assert names == {"front_1.svg", "hypervolume.svg", "calibration.svg", "predicted_1.svg", "predicted_2.svg"}
    for path in (tmp_path / "plots").iterdir():
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_the_report_compares_prior_and_posterior_and_tells_how_to_repeat(tmp_path: Path) -> None:
    made = campaign(tmp_path, simulation={"preset": "standard", "protocol": {"temperature_K": 350.0}})
    record = made.store.propose(
        key="*CCO*", psmiles="*CCO*", origin="smc", log_prior=-1.0, in_corpus=False, step="initial",
        settings_digest="d", acquisition=None, predicted={},
    )  # fmt: skip
    measured = [Measurement("refractive_index", 1.7, 0.01, "1", "md-quick-2", {})]
    measured.append(Measurement("abbe_number", 20.0, 1.0, "1", "md-quick-2", {}))
    provenance = {"platform": "CUDA", "versions": {"openmm": "8.9"}}
    made.store.finish(record.id, measured, worker="n:1", wall_s=7200.0, diagnostics={}, provenance=provenance)
    html = write_report(made.store, made.config, tmp_path / "report.html").read_text()
    assert html.count("prior against posterior") == 2
    assert "2 GPU-hours + 0.1 core-hours" in html
    command = re.search(r"designer simulate [^<]+", html)
    assert command is not None
    words = shlex.split(unescape(command[0]))
    assert words[:5] == ["designer", "simulate", "*CCO*", "--preset", "standard"]
    assert words[-6:-4] == ["--set", "protocol.temperature_K=350.0"]
    assert words[-4:] == ["--optics", "additive", "--optics-density", "slowly_cooled"]
    assert "8.9" in html
    assert "predicted 1.550 ± 0.050" in html


def test_a_long_campaign_has_a_short_report(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    for size in range(5, 5 + MAX_CARDS):
        psmiles = f"*{'C' * size}S*"
        record = made.store.propose(
            key=psmiles, psmiles=psmiles, origin="smc", log_prior=-1.0, in_corpus=False, step="acquisition",
            settings_digest="d", acquisition=None, predicted={},
        )  # fmt: skip
        made.store.finish(
            record.id, Failure("exploded", "hot"), worker="n:1", wall_s=1.0, diagnostics={}, provenance={}
        )
    html = write_report(made.store, made.config, tmp_path / "report.html").read_text()
    assert html.count('<article class="card') == MAX_CARDS + 2  # the two of the front are never left out
    assert "2 more are in the store" in html


def test_a_folder_is_refused_before_anything_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = campaign(tmp_path)
    drawn: list[str] = []
    monkeypatch.setattr("designer.report.build.context", lambda *_: drawn.append("report"))
    monkeypatch.setattr("designer.report.compare_page._html", lambda *_: drawn.append("comparison"))
    with pytest.raises(IsADirectoryError):
        write_report(made.store, made.config, tmp_path)
    with pytest.raises(IsADirectoryError):
        write_comparison(compare_campaigns([(made.store, made.config)]), tmp_path)
    assert drawn == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Refractive index at ρ_slow", "Refractive index at ρ<sub>slow</sub>"),
        ("n_D <b>", "n<sub>D</sub> &lt;b&gt;"),
        ("κ/(ρ c_p), Δc_p", "κ/(ρ c<sub>p</sub>), Δc<sub>p</sub>"),
        ("T_g,sim and T_g, melt", "T<sub>g,sim</sub> and T<sub>g</sub>, melt"),
        ("not_converged, md_quick", "not_converged, md_quick"),
    ],
)
def test_symbols_have_subscripts(text: str, html: str) -> None:
    assert str(subscripts(text)) == html


def test_a_hover_box_names_the_density() -> None:
    optics = {"optics_density": {"property": "slowly_cooled_density", "value_g_cm3": 1.244, "stderr_g_cm3": 0.03}}
    measurements = (
        Measurement("refractive_index", 1.677, 0.033, "1", "md-quick-2", optics),
        Measurement("density", 1.188, 0.024, "g/cm3", "md-quick-2", {"content_hash": "c"}),
    )
    objectives = [Objective("refractive_index")]
    point = point_of(replace(evaluated("x", {}), measurements=measurements), objectives)
    assert point is not None
    html = tip_html(point, objectives, picture=False)
    assert "Refractive index at ρ<sub>slow</sub></td>" in html
    assert "Density of the simulated cell</td>" in html


def test_the_legend_names_what_is_drawn() -> None:
    """An entry without a point would be a text without its mark."""
    objectives = [Objective("refractive_index"), Objective("abbe_number")]
    points = [
        point_of(evaluated("x", {"refractive_index": n, "abbe_number": abbe}, number), objectives)
        for number, (n, abbe) in enumerate([(1.5, 50.0), (1.4, 40.0)], 1)
    ]
    first, second = (point for point in points if point)
    plot = FrontPlot(objectives, (0, 1))
    entries = {item.label.value: item for item in plot.figure.legend[0].items}
    plot.show([first], [first])
    assert [name for name, item in entries.items() if item.visible] == ["Pareto front", "known"]
    plot.show([first, second], [first])
    assert [name for name, item in entries.items() if item.visible] == ["evaluated", "Pareto front", "known"]
