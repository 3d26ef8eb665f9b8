"""The report in headless Chromium: hover, search, sort, copy, CSV, at laptop and phone width, without a network.

Set SCREENSHOTS to a folder to keep what the browser saw.
"""

import csv
import io
import os
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from designer import Campaign, CampaignConfig
from designer.report import write_report
from mdcore.chem import Failure, Measurement

pytestmark = [pytest.mark.seconds(40), pytest.mark.browser, pytest.mark.timeout(240)]

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
VALUES = [(1.50, 58.0), (1.51, 57.9), (1.52, 50.0), (1.60, 31.0), (1.601, 30.9), (1.56, 40.0), None]
BUSY_S = 90.0
"""How long a browser may take beside other tests."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    document = {
        "name": "lenses",
        "folder": str(folder),
        "objectives": [{"property": "refractive_index"}, {"property": "abbe_number"}],
        "stop": {"evaluations": 9},
    }
    made = Campaign(CampaignConfig.model_validate(document))
    for n, values in enumerate(VALUES, 1):
        psmiles = f"*{'C' * n}{'S' if n % 2 else 'O'}*"
        record = made.store.propose(
            key=psmiles, psmiles=psmiles, origin="prior" if n < 4 else "smc", log_prior=-1.0, in_corpus=False, step="initial",
            settings_digest="d", acquisition=None, predicted={},
        )  # fmt: skip
        outcome: Any = Failure("exploded", "hot")
        if values:
            outcome = [
                Measurement(p, v, e, "1", "md-quick-2", {})
                for p, v, e in zip(("refractive_index", "abbe_number"), values, (0.01, 1.0), strict=True)
            ]
        made.store.finish(record.id, outcome, worker="w:1", wall_s=60.0, diagnostics={}, provenance={})
    return write_report(made.store, made.config, folder / "report.html")


class Reader:
    """The report at a width; complains of errors and of every request that leaves the file."""

    def __init__(self, browser: Any, report: Path, width: int, *, touch: bool = False) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, has_touch=touch, accept_downloads=True,
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * BUSY_S)
        self.errors: list[str] = []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.requested: list[str] = []
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.goto(report.as_uri())
        self.page.wait_for_function(f"{SOURCES}; return placed() && placed().data.x.length > 0".join(("() => {", "}")))

    def place(self, ordinal: int) -> tuple[float, float]:
        """Return where a polymer of the front is on the screen, scrolled into view."""
        self.page.locator(".bk-Figure").first.scroll_into_view_if_needed()
        x, y = self.page.evaluate(f"(n) => {{ {SOURCES}; return at(n) }}", ordinal)
        return x, y

    def done(self, report: Path, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True, timeout=60_000)
        assert self.errors == []
        assert [
            url for url in self.requested if url != report.as_uri() and not url.startswith(("data:", "blob:"))
        ] == []
        self.context.close()


SOURCES = """
const figure = Bokeh.documents[0].roots()[0]
const sources = figure.renderers.map((r) => r.data_source)
const placed = () => sources.find((s) => s.data.dx)
const front = sources.filter((s) => s.data.tip && s.data.x_low).at(-1)
const at = (n) => {
  const i = front.data.ordinal.indexOf(n), view = [...Bokeh.index.roots][0]
  const box = view.el.getBoundingClientRect(), frame = view.frame.bbox
  const {x_range: x, y_range: y} = figure
  return [box.left + frame.left + (front.data.x[i] - x.start) / (x.end - x.start) * frame.width,
          box.top + frame.top + (y.end - front.data.y[i]) / (y.end - y.start) * frame.height]
}
"""


def test_hovering_shows_the_structure_and_all_values_and_a_click_keeps_them(browser: Any, report: Path) -> None:
    reader = Reader(browser, report, 1280)
    x, y = reader.place(4)
    reader.page.mouse.move(x - 30, y - 30)
    reader.page.mouse.move(x, y)
    tip = reader.page.locator(".bk-Tooltip")
    tip.get_by_text("No. 4").wait_for()
    assert tip.locator("svg path").count() >= 2
    for text in ("1.600 ± 0.010", "31.0 ± 1.0", "*CCCCO*"):
        assert tip.get_by_text(text).is_visible()
    reader.page.mouse.click(x, y)
    picked = reader.page.locator("#picked")
    picked.get_by_text("No. 4").wait_for()
    picked.get_by_text("No. 5").wait_for()  # it lies on No. 4: both are shown
    picked.locator("div:has(> button)", has_text="No. 4").locator("button.copy").click()
    picked.get_by_text("copied").wait_for()
    assert reader.page.evaluate("navigator.clipboard.readText()") == "*CCCCO*"
    reader.done(report, "report-hover")


def test_the_table_is_sorted_searched_and_handed_out_as_csv(browser: Any, report: Path) -> None:
    reader = Reader(browser, report, 1280)
    page = reader.page

    def numbers() -> list[int]:
        return [int(text) for text in page.locator("#evaluations tbody tr:visible td:first-child").all_inner_texts()]

    assert numbers() == [1, 2, 3, 4, 5, 6, 7]
    head = page.get_by_role("button", name="Abbe number")
    head.click()  # numbers: largest first; what failed comes last
    assert numbers() == [1, 2, 3, 6, 4, 5, 7]
    head.click()
    assert numbers() == [5, 4, 6, 3, 2, 1, 7]
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Abbe number")
    page.locator("#search").fill("smc S*")
    assert numbers() == [5, 7]
    assert page.locator(".card:visible").count() == 2
    assert page.locator("#count").inner_text() == "2 of 7"
    page.locator("#search").fill("")
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "lenses.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["psmiles"] for row in rows][:2] == ["*CS*", "*CCO*"]
    assert rows[3]["abbe_number"] == "31"
    page.locator("#evaluations button.copy").last.click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === '*CCCCCCCS*')")
    reader.done(report, "report-table")


@pytest.mark.parametrize(("width", "zoomed"), [(1280, False), (1280, True), (375, False)])
def test_labels_of_the_plot_cover_neither_each_other_nor_a_point(
    browser: Any, report: Path, width: int, zoomed: bool
) -> None:
    reader = Reader(browser, report, width)
    if zoomed:
        reader.page.evaluate(
            f"""() => {{ {SOURCES}
                figure.x_range.setv({{start: 1.59, end: 1.61}}); figure.y_range.setv({{start: 29, end: 33}}) }}"""
        )
        reader.page.wait_for_function(f"() => {{ {SOURCES}; return placed().data.text.length <= 4 }}")
    reader.page.wait_for_timeout(300)  # a pause longer than that of the placing, so that it has seen the last size
    boxes, texts, marks = reader.page.evaluate(f"""() => {{ {SOURCES}
      const d = placed().data, w = figure.inner_width, h = figure.inner_height, {{x_range: x, y_range: y}} = figure
      const px = (v) => (v - x.start) / (x.end - x.start) * w, py = (v) => (y.end - v) / (y.end - y.start) * h
      const pen = document.createElement("canvas").getContext("2d")
      const boxes = [...d.x].map((_, i) => {{
        pen.font = `${{d.style[i]}} 12px system-ui, sans-serif`
        const half = pen.measureText(d.text[i]).width / 2, cx = px(d.x[i]) + d.dx[i], cy = py(d.y[i]) + d.dy[i]
        return [cx - half, cy - 5, cx + half, cy + 5] }})
      const marks = sources.filter((s) => s.data.tip).flatMap((s) => [...s.data.x].map((v, i) => [px(v), py(s.data.y[i])]))
      return [boxes, [...d.text], marks] }}""")
    assert {"4", "5"} <= set(texts)  # two polymers of the front that nearly coincide
    for i, (left, top, right, bottom) in enumerate(boxes):
        for l2, t2, r2, b2 in boxes[:i]:
            assert right <= l2 or r2 <= left or bottom <= t2 or b2 <= top
        for x, y in marks:
            assert not (left < x < right and top < y < bottom)
    reader.done(report, f"report-labels-{width}")


def test_a_phone_reads_it_without_scrolling_sideways(browser: Any, report: Path) -> None:
    reader = Reader(browser, report, 375, touch=True)
    page = reader.page
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    wide = page.evaluate(
        "[...document.querySelectorAll('.scroll, .tall')].filter((e) => e.scrollWidth > e.clientWidth).length"
    )
    assert wide == 1  # the table that is sorted scrolls in a box of its own; rows of the others are cards
    assert page.evaluate(
        "[...document.querySelectorAll('.stack td')].every((e) => e.getBoundingClientRect().right <= 375)"
    )
    assert page.locator("td[data-label='Abbe number']").first.is_visible()
    assert page.evaluate("Bokeh.documents[0].roots()[0].toolbar.active_drag") is None  # a drag scrolls the page
    legend = page.evaluate("""() => { const view = [...Bokeh.index.roots][0]
      const part = [...view.views.all_views()].find((v) => v.model.type === "Legend")
      return [part.bbox.left, part.bbox.right, view.bbox.width] }""")
    assert legend[0] >= 0
    assert legend[1] <= legend[2]
    x, y = reader.place(1)
    page.touchscreen.tap(x, y)
    page.locator("#picked").get_by_text("No. 1").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    reader.done(report, "report-phone")


def test_without_scripts_the_report_still_shows_its_plots_and_rows(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(".static svg").first.is_visible()
    assert not page.locator("#search").is_visible()
    assert page.locator("#evaluations tbody tr").count() == len(VALUES)
    context.close()


def test_the_final_cell_is_drawn_in_three_dimensions(browser: Any, tmp_path: Path) -> None:
    """A browser of its own: WebGL in software needs other switches."""
    from types import SimpleNamespace

    import numpy as np

    from mdcore.measure.view3d import write_view

    (tmp_path / "run").mkdir()
    box = np.array([[1.0, 0.0, 0.0], [0.3, 1.0, 0.0], [-0.2, 0.4, 1.0]])
    positions = np.array([[0.1, 0.1, 0.1], [0.25, 0.1, 0.1], [0.4, 0.2, -0.05]])
    np.savez(tmp_path / "run" / "final.npz", positions_nm=positions, box_nm=box)
    arrays = {
        "atomic_numbers": np.array([6, 8, 6]), "chain_index": np.zeros(3, dtype=int),
        "bonds": np.array([[0, 1], [1, 2]]), "bond_orders": np.array([1, 1]),
    }  # fmt: skip
    bundle: Any = SimpleNamespace(n_atoms=3, content_hash="0", arrays=arrays, content={"request": {"key": "*CO*"}})
    (path,) = write_view(bundle, tmp_path / "run", tmp_path)
    switches = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    found = browser.browser_type.launch(executable_path=CHROMIUM, args=switches)
    page = found.new_page(viewport={"width": 375, "height": 700})
    errors: list[str] = []
    requested: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(path.as_uri())
    if page.locator("#trouble").is_visible():
        pytest.skip("this Chromium has no WebGL in software")
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    pictures = [page.evaluate("viewer.pngURI()")]
    for name, value in (("colour", "element"), ("style", "sphere")):
        page.select_option(f"select[name={name}]", value)
        pictures.append(page.evaluate("viewer.pngURI()"))
    assert len(set(pictures)) == 3  # each choice is drawn anew
    assert page.evaluate("viewer.getModel().selectedAtoms({}).map((a) => a.bonds.length)") == [1, 2, 1]
    page.select_option("select[name=wrap]", "cell")
    # The third atom is below the cell; its third vector brings it in: (0.4, 0.2, -0.05) + (-0.2, 0.4, 1).
    x, y, z = page.evaluate("(({x, y, z}) => [x, y, z])(viewer.getModel().selectedAtoms({})[2])")
    assert (x, y, z) == pytest.approx((2.0, 6.0, 9.5))
    assert errors == []
    assert [url for url in requested if not url.startswith(("file:", "data:", "blob:"))] == []
    found.close()


@pytest.mark.parametrize(
    ("ticks", "texts"),
    [
        ([1.5, 1.55, 1.6], ["1.50", "1.55", "1.60"]),
        ([0, 5, 10], ["0", "5", "10"]),
        ([-2.5, 0, 2.5], ["−2.5", "0", "2.5"]),
        ([4e-5, 8e-5, 1.2e-4], ["0.4×10⁻⁴", "0.8×10⁻⁴", "1.2×10⁻⁴"]),
        ([0, 5e-4], ["0", "5×10⁻⁴"]),
        ([0, 2e7, 1e8 / 3 * 3], ["0", "0.2×10⁸", "1.0×10⁸"]),
    ],
)
def test_ticks_have_the_decimals_of_their_spacing(browser: Any, ticks: list[float], texts: list[str]) -> None:
    code = resources.files("designer.report").joinpath("ticks.js").read_text(encoding="utf-8")
    page = browser.new_page()
    found = page.evaluate(
        "([code, ticks]) => ticks.map((tick) => new Function('tick', 'ticks', code)(tick, ticks))", [code, ticks]
    )
    page.close()
    assert found == texts
