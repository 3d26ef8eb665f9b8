"""What the campaign page shows, and that it follows the store; the browser is elsewhere."""

import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from designer import Campaign, CampaignConfig
from designer.analysis.growth import FrontGrowth
from designer.cli.main import run
from designer.dashboard.gather import Gatherer
from designer.dashboard.page import campaign_page
from designer.dashboard.server import PageServer
from designer.dashboard.view import FailedItem, View
from designer.dashboard.watcher import Watcher
from designer.errors import MissingPart, StoreLocked
from designer.redact import without_secrets
from designer.store.changes import Changes
from designer.store.ownership import Ownership
from designer.store.routes import keep_route
from generators import Monomer, Route
from mdcore.chem import Failure, Measurement
from mdcore.measure import Progress
from surrogates import Objective, hypervolume, reference_point

BOTH = (Objective("refractive_index"), Objective("abbe_number"))


def campaign(tmp_path: Path, **changes: object) -> Campaign:
    document = {
        "name": "lenses",
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "refractive_index"}, {"property": "abbe_number"}],
        "cluster": {"kind": "local", "workers": 3, "threads_per_worker": 2},
        "stop": {"evaluations": 9},
    }
    return Campaign(CampaignConfig.model_validate({**document, **changes}))


def propose(made: Campaign, length: int, start: bool = True) -> int:
    psmiles = f"*{'C' * length}O*"
    record = made.store.propose(
        key=psmiles, psmiles=psmiles, origin="test", log_prior=-1.0, in_corpus=False, step="initial",
        settings_digest="d", acquisition=None, predicted={},
    )  # fmt: skip
    if start:
        made.store.start(record.id)
    return record.id


def finish(made: Campaign, evaluation: int, n: float, abbe: float) -> None:
    measured = [Measurement("refractive_index", n, 0.01, "1", "md-quick-2", {})]
    measured.append(Measurement("abbe_number", abbe, 0.5, "1", "md-quick-2", {}))
    made.store.finish(evaluation, measured, worker="w:1", wall_s=1800.0, diagnostics={}, provenance={"platform": "CPU"})


def fail(made: Campaign, evaluation: int, message: str) -> None:
    made.store.finish(
        evaluation, Failure("exploded", message), worker="w:1", wall_s=600.0, diagnostics={}, provenance={}
    )


@pytest.mark.parametrize(
    "objectives",
    [
        (Objective("density", "minimise"),),
        BOTH,
        (*BOTH, Objective("density", "target", target=1.1)),
    ],
)
def test_the_growth_is_that_of_all_volumes(objectives: tuple[Objective, ...]) -> None:
    rng = np.random.default_rng(3)
    rows = rng.uniform(1.0, 2.0, (60, len(objectives)))
    rows[rng.random(60) < 0.2, 0] = np.nan
    rows[40] = rows[np.flatnonzero(~np.isnan(rows).any(axis=1))[0]]  # a twin
    growth = FrontGrowth(objectives)
    for row in rows:
        growth.add(row)
    reference = reference_point(rows[~np.isnan(rows).any(axis=1)], objectives)
    expected = np.array([hypervolume(rows[:n], objectives, reference) for n in range(1, 61)])
    found = np.zeros(60)
    for start, volume in zip(*growth.curve(), strict=True):
        found[start - 1 :] = volume
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert growth.finished == 60
    assert len(growth.curve()[0]) < 40


def test_changes_name_what_is_new_and_nothing_else(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    first, second = propose(made, 1), propose(made, 2)
    changes = Changes(made.store)
    assert {r.id for r in changes.poll()} == {first, second}
    finish(made, first, 1.5, 50.0)
    assert {r.id: r.state for r in changes.poll()} == {first: "done", second: "running"}
    assert {r.id for r in changes.poll()} == {second}
    fail(made, second, "hot")
    third = propose(made, 3, start=False)
    assert {r.id: r.state for r in changes.poll()} == {second: "failed", third: "proposed"}
    assert {r.id for r in changes.poll()} == {third}


def test_a_view_tells_the_whole_campaign_and_costs_only_what_is_new(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    told: dict[int, Progress] = {}
    gatherer = Gatherer(made.store, made.config, progress=told)
    empty = gatherer.view()
    assert (empty.done, empty.failed, empty.front, empty.growth) == (0, 0, (), ())
    for length, (n, abbe) in enumerate([(1.5, 50.0), (1.6, 40.0), (1.4, 45.0)], 1):
        finish(made, propose(made, length), n, abbe)
        gatherer.view()
    fail(made, propose(made, 4), "see postgresql://ada:hunter2@db/x, hot")
    busy, waiting = propose(made, 5), propose(made, 6, start=False)
    told[busy] = Progress("sampling", 0.3, 0.1, 55.0, 12.0)
    view = gatherer.view()
    anew = Gatherer(made.store, made.config, progress=told).view()
    assert replace(anew, running=view.running) == view  # the running time moves
    assert [point.ordinal for point in view.front] == [2, 1]
    assert [count for count, _ in view.growth] == [1, 2]
    assert (view.done, view.failed, view.slots, view.wanted) == (3, 1, 3, 9)
    assert view.failures == (FailedItem(4, "*CCCCO*", "exploded", "see (a store), hot"),)
    assert view.failure_kinds == {"exploded": 1}
    assert [(r.ordinal, r.stage, r.fraction, r.ns_per_day, r.remaining_s) for r in view.running] == [
        (5, "sampling", 0.3, 55.0, 12.0)
    ]
    assert [w.ordinal for w in view.waiting] == [6]
    assert waiting
    # Three simulations of half an hour and one of ten minutes, two threads each.
    assert view.cost == "3.33 core-hours"
    assert view.state == "stopped"


def test_another_process_sees_pace_and_time_left_while_somebody_runs_the_campaign(tmp_path: Path) -> None:
    made = campaign(tmp_path)
    made.store.progress(propose(made, 1), "sampling", 0.3, 55.0, 12.0)
    gatherer = Gatherer(made.store, made.config)
    with Ownership(made.store):
        (item,) = gatherer.view().running
        assert (item.stage, item.fraction, item.ns_per_day, item.remaining_s) == ("sampling", 0.3, 55.0, 12.0)
    (item,) = gatherer.view().running
    assert (item.fraction, item.ns_per_day, item.remaining_s) == (0.3, None, None)


def test_a_limit_keeps_a_polymer_off_the_front(tmp_path: Path) -> None:
    made = campaign(tmp_path, limits=[{"property": "abbe_number", "low": 45.0}])
    for length, (n, abbe) in enumerate([(1.5, 50.0), (1.6, 40.0)], 1):
        finish(made, propose(made, length), n, abbe)
    view = Gatherer(made.store, made.config).view()
    assert [point.ordinal for point in view.front] == [1]
    assert len(view.points) == 2


def test_a_silent_store_is_told_and_its_words_are_not(tmp_path: Path) -> None:
    answers: list[object] = [View("x", BOTH, "running"), StoreLocked("postgresql://ada:hunter2@db is locked")]

    def gather() -> View:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, View)
        return answer

    watcher = Watcher(gather, interval_s=0.01)
    before = threading.active_count()
    watcher.join()
    deadline = time.monotonic() + 20
    while watcher.latest is None or watcher.latest.trouble is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "has not answered" in watcher.latest.trouble
    assert "hunter2" not in watcher.latest.trouble
    watcher.leave()
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Still:
    """A source that shows one view."""

    def __init__(self, view: View | None) -> None:
        self.latest = view
        self.looking = 0

    def join(self) -> None:
        self.looking += 1

    def leave(self) -> None:
        self.looking -= 1


def texts(document: Document) -> dict[str, str]:
    return {root.name: root.text for root in document.roots if hasattr(root, "text")}


def test_the_page_escapes_what_others_wrote(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    view = View(
        "x", BOTH, "running", reason=evil, failed=1, failures=(FailedItem(1, "*CC*", evil, evil),), failure_kinds={evil: 1}
    )  # fmt: skip
    document, source = Document(), Still(view)
    campaign_page(document, source)
    assert source.looking == 1
    shown = texts(document)
    assert "<script" not in "".join(shown.values())
    assert "&lt;script&gt;alert(1)" in shown["failures"]
    assert "&lt;script&gt;alert(1)" in shown["head"]


def test_a_page_without_a_view_says_that_it_reads(tmp_path: Path) -> None:
    document = Document()
    campaign_page(document, Still(None))
    assert "Reading the store" in texts(document)["head"]


def test_the_page_shows_routes_everything_measured_and_known_polymers(tmp_path: Path) -> None:
    made = campaign(tmp_path, simulation={"preset": "quick", "properties": ["density"]})
    for length, (n, abbe, density) in enumerate([(1.5, 50.0, 1.1), (1.6, 40.0, 1.2), (1.4, 30.0, 1.3)], 1):
        evaluation = propose(made, length)
        keep_route(
            made.store.engine,
            f"*{'C' * length}O*",
            Route("ring opening", "polyether", (Monomer("oxirane <i>", "C1CO1"),)),
        )
        made.store.finish(
            evaluation,
            [
                Measurement("refractive_index", n, 0.01, "1", "md-quick-2", {}),
                Measurement("abbe_number", abbe, 0.5, "1", "md-quick-2", {}),
                Measurement("density", density, 0.02, "g/cm3", "md-quick-2", {}),
            ],
            worker="w:1", wall_s=1.0, diagnostics={}, provenance={},
        )  # fmt: skip
    view = Gatherer(made.store, made.config).view()
    assert view.front[0].others == (("density", 1.2, 0.02),)
    assert "ring opening" in view.front[0].route
    document = Document()
    campaign_page(document, Still(view))
    front = texts(document)["front"]
    assert "1.200 ± 0.020 g/cm3" in front
    assert "ring opening" in front
    assert "oxirane &lt;i&gt;" in front
    plot = next(p for p in document.select({"type": figure}) if p.xaxis.axis_label.startswith("Refractive"))
    sources = [renderer.data_source.data for renderer in plot.renderers]
    tips = [tip for data in sources for tip in data.get("tip", ())]
    assert any("oxirane &lt;i&gt;" in tip and "1.200 ± 0.020 g/cm3" in tip for tip in tips)
    assert not any("<i>" in tip for tip in tips)
    assert any("poly(methyl methacrylate)" in tip for tip in tips)
    # Under the pointer each polymer is there once: those of the front are not among the others.
    drawn = {tuple(data["ordinal"]) for data in sources if "x_low" in data}
    assert drawn == {(3,), (2, 1)}
    wanted = next(
        data
        for data in (s.data for s in document.select({"type": ColumnDataSource}))
        if "colour" in data and "dx" not in data
    )
    assert list(wanted["text"])[:2] == ["2", "1"]
    assert "PMMA" in wanted["text"]


@pytest.mark.parametrize("count", [1, 3])
def test_one_and_three_objectives_have_plots(tmp_path: Path, count: int) -> None:
    objectives = [{"property": "refractive_index"}, {"property": "abbe_number"}, {"property": "density"}][:count]
    made = campaign(tmp_path, objectives=objectives)
    evaluation = propose(made, 1)
    made.store.finish(
        evaluation,
        [Measurement(str(o["property"]), 1.3, 0.01, "g/cm3" if o["property"] == "density" else "1", "md-quick-2", {})
         for o in objectives],
        worker="w:1", wall_s=1.0, diagnostics={}, provenance={},
    )  # fmt: skip
    document = Document()
    campaign_page(document, Still(Gatherer(made.store, made.config).view()))
    fronts = next(root for root in document.roots if root.name == "plot0")
    assert len(fronts.children) == {1: 1, 3: 3}[count]


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(MissingPart, match=r"cannot listen on .*; choose another --port"):
            PageServer(Still(None), port=taken.getsockname()[1])


def test_the_dashboard_of_no_store_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dashboard", str(tmp_path / "none.sqlite")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert run(["dashboard", str(tmp_path), "--port", "70000"]) == 2
    assert "got 70000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at postgresql+psycopg://ada:pw@db.org/x?sslkey=k failed", "at (a store) failed"),
        ("sqlite:////home/ada/store.sqlite is locked", "(a store) is locked"),
        ("tls://bob:pw@host:8786 refused", "tls://***@host:8786 refused"),
        ("token=abc123, retry", "token=***, retry"),
        ("temperature 2413 K: exceeds 2000 K", "temperature 2413 K: exceeds 2000 K"),
    ],
)
def test_texts_lose_their_secrets(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
