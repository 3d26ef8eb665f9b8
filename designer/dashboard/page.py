"""The campaign page as a Bokeh document that follows a source of views."""

import time
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from designer.dashboard.plots import GrowthPlot
from designer.dashboard.view import RunningItem, View
from designer.dashboard.watcher import Watched
from designer.report.interactive import FrontPlot, front_plots
from designer.report.structures import structure_svg
from designer.report.tips import value_text
from designer.text import duration, with_error
from mdcore.chem import property_spec
from mdcore.drawing import css_variables

REFRESH_MS = 500
"""Interval in ms at which a page checks for a new view."""
MAX_CARDS = 24
"""Maximum number of running simulations with a drawing; further ones are listed in a table."""
MAX_FRONT = 30


def campaign_page(document: Any, watched: Watched, links: Sequence[str] = ()) -> None:
    """Fill a Bokeh document and keep it up to date for as long as its session lives.

    Args:
        document: A `bokeh.document.Document` of a server session.
        watched: Source of the views.
        links: Other pages of the same server to link to.
    """
    page = _Page(document, watched)
    document.title = "Campaign"
    document.template = _environment().get_template("page.html.j2")
    document.template_variables.update({"style": _style(), "links": list(links)})
    watched.join()
    document.on_session_destroyed(lambda context: watched.leave())
    page.update()
    document.add_periodic_callback(page.update, REFRESH_MS)


class _Page:
    """The page of one viewer, which sends only changes to the browser."""

    def __init__(self, document: Any, watched: Watched) -> None:
        bokeh = _models()
        self._document, self._watched = document, watched
        self._sheet = bokeh.InlineStyleSheet(css=_style())
        self._shown: View | None = None
        self._parts = _environment().get_template("parts.html.j2").module
        self._divs = {name: self._div(name) for name in ("head", "tiles", "front", "queue", "failures")}
        self._divs["head"].text = '<p class="soft">Reading the store…</p>'
        self._running_head, self._more = self._div("running_head"), self._div("more")
        self._cards: list[_Card] = []
        self._deck = bokeh.Row(
            sizing_mode="stretch_width", styles={"flex-wrap": "wrap", "gap": "12px"}, spacing=0, children=[]
        )
        running = bokeh.Column(
            self._running_head, self._deck, self._more, name="running", sizing_mode="stretch_width", spacing=0
        )
        self._fronts: list[FrontPlot] = []
        self._growth = GrowthPlot()
        self._plot_roots = [bokeh.Column(name=f"plot{n}", sizing_mode="stretch_width") for n in range(2)]
        for root, name in zip(self._plot_roots, ("Front", "Growth"), strict=True):
            empty = self._div(f"empty {name}")
            empty.text = f'<p class="soft">{name} of the campaign: appears with the first measurement.</p>'
            root.children = [empty]
        for root in (*self._divs.values(), running, *self._plot_roots):
            document.add_root(root)

    def _div(self, name: str) -> Any:
        return _models().Div(name=name, text="", sizing_mode="stretch_width", stylesheets=[self._sheet], margin=0)

    def update(self) -> None:
        """Show the latest view."""
        view, shown = self._watched.latest, self._shown
        if view is None or view is shown:
            return
        self._shown = view
        names = {"label": lambda name: property_spec(name).label, "unit": _unit}
        parts: Any = self._parts
        self._write("head", parts.head(view, names["label"], names["unit"]))
        self._write("tiles", parts.tiles(view, duration))
        self._write("queue", parts.queue(view, _day))
        self._write("failures", parts.failures(view))
        self._show_running(view)
        if shown is None or (shown.points, shown.front, shown.finished) != (view.points, view.front, view.finished):
            front = parts.front(view, names["label"], names["unit"], with_error, value_text, _small_drawing, MAX_FRONT)
            self._write("front", front)
            self._show_plots(view)

    def _write(self, name: str, html: str) -> None:
        text = str(html)
        if self._divs[name].text != text:
            self._divs[name].text = text

    def _show_plots(self, view: View) -> None:
        # Plots are added with their first points, since an empty plot has no range.
        if not view.points:
            return
        new = not self._fronts
        if new:
            self._fronts = front_plots(view.objectives)
        for plot in self._fronts:
            plot.show(view.points, view.front)
        self._growth.show(view)
        if new:
            self._plot_roots[0].children = [self._titled(plot.title, plot.figure) for plot in self._fronts]
            self._plot_roots[1].children = [self._titled("Dominated hypervolume", self._growth.figure)]

    def _titled(self, title: str, figure: Any) -> Any:
        # The title of the figure itself would be cut on a phone; this one wraps.
        head = self._div(title)
        head.text = f"<h2>{title}</h2>"
        return _models().Column(head, figure, sizing_mode="stretch_width", spacing=0)

    def _show_running(self, view: View) -> None:
        parts: Any = self._parts
        alive = view.state == "running"
        title = "Running simulations" if alive or not view.running else "Interrupted simulations"
        none = "" if view.running else '<p class="soft">None.</p>'
        _set(self._running_head, f"<h2>{title}</h2>{none}")
        drawn = view.running[:MAX_CARDS]
        while len(self._cards) < len(drawn):
            self._cards.append(_Card(self._div("drawing"), self._div("run")))
        if len(self._deck.children) != len(drawn):
            self._deck.children = [card.frame for card in self._cards[: len(drawn)]]
        for card, item in zip(self._cards, drawn, strict=False):
            card.show(item, parts.run(item, alive, duration))
        _set(self._more, parts.more(view.running[MAX_CARDS:]))


class _Card:
    """A running simulation; its drawing is sent once, its progress with each update."""

    def __init__(self, drawing: Any, text: Any) -> None:
        self._drawing, self._text = drawing, text
        self._structures: tuple[str, ...] = ()
        self.frame = _models().Column(
            drawing,
            text,
            spacing=0,
            styles={
                "flex": "1 1 220px", "max-width": "340px", "min-width": "0", "border": "1px solid var(--line)",
                "border-radius": "10px", "padding": "10px 12px",
            },
        )  # fmt: skip

    def show(self, item: RunningItem, html: str) -> None:
        """Show a simulation."""
        if self._structures != item.structures:
            self._structures = item.structures
            self._drawing.text = f'<div class="drawing">{structure_svg(item.structures)}</div>'
        _set(self._text, html)


def _models() -> Any:
    """Return Bokeh's models, untyped, since their annotations contradict their arguments."""
    import bokeh.models

    return bokeh.models


def _set(div: Any, html: str) -> None:
    text = str(html)
    if div.text != text:
        div.text = text


def _unit(name: str) -> str:
    unit = property_spec(name).unit
    return "" if unit == "1" else unit


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _small_drawing(structures: tuple[str, ...]) -> str:
    return structure_svg(structures, 200, 120)


@cache
def _style() -> str:
    own = files("designer.dashboard").joinpath("style.css").read_text(encoding="utf-8")
    return f":host, :root {{ {css_variables()} }}\n{own}"


@cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    def escapes(name: str | None) -> bool:
        # The page gets complete HTML from Bokeh; the parts get text from a store.
        return name == "parts.html.j2"

    return Environment(
        loader=PackageLoader("designer.dashboard", "."),
        autoescape=escapes,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
