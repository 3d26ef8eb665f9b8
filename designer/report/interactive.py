"""Interactive Bokeh plot of the front, for report and campaign page, with non-overlapping labels."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

import numpy as np

from designer.report.drawing import axis_text, in_a_sentence
from designer.report.known import KnownPolymer, known_with
from designer.report.points import Point
from designer.report.tips import tip_html, value_text
from mdcore.chem import property_spec
from mdcore.drawing import ACCENT, FONT_STACK, GRID, INK, KNOWN, MUTED, PAPER, SOFT
from surrogates import Objective

MAX_PAIRS = 6
MAX_NUMBERS = 60
"""Number of polymers above which only those of the front are numbered."""
MAX_PICTURES = 200
"""Maximum number of polymers off the front with a structure on hover, the latest ones; a drawing takes a few kilobytes."""
RADIUS = 5
HEIGHT = 420


class FrontPlot:
    """Plot of two objectives, or of a single one over time, with the front in colour and error bars of one sigma.

    Args:
        objectives: All objectives of the campaign.
        axes: Positions of the two objectives to draw, or of one.
        pictures: Maximum number of structures off the front shown on hover.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        axes: tuple[int, ...],
        *,
        title: bool = True,
        pictures: int = MAX_PICTURES,
    ) -> None:
        from bokeh.models import ColumnDataSource

        self._objectives, self._axes, self._pictures = tuple(objectives), axes, pictures
        self._last: Point | None = None
        self._front: tuple[Point, ...] = ()
        names = [objectives[j] for j in axes]
        self.title = front_title(names)
        self.figure = styled_figure(HEIGHT)
        self.figure.xaxis.axis_label = axis_text(names[0]) if len(axes) == 2 else "Evaluation"
        self.figure.yaxis.axis_label = axis_text(names[-1])
        self._known = known_with([objective.property for objective in names])
        self.sources = [ColumnDataSource(self._columns((), 0)) for _ in range(2)]
        self._known_source = ColumnDataSource(self._known_columns(1))
        self._stairs = ColumnDataSource({"x": [], "y": []})
        self._wanted = ColumnDataSource(_labels([]))
        self._draw()

    def _draw(self) -> None:
        glyphs = []
        # The border of the dominated region has corners on one side only.
        mode = "before" if self._objectives[self._axes[0]].direction == "maximise" else "after"
        self.figure.step("x", "y", source=self._stairs, mode=mode, line_color=ACCENT, line_alpha=0.5, line_width=1.4)
        for source, colour, size, label in zip(
            self.sources, (MUTED, ACCENT), (8, 11), ("evaluated", "Pareto front"), strict=True
        ):
            self.figure.segment(
                "x_low", "y", "x_high", "y", source=source, line_color=colour, line_alpha=0.7, nonselection_alpha=0.7
            )
            self.figure.segment(
                "x", "y_low", "x", "y_high", source=source, line_color=colour, line_alpha=0.7, nonselection_alpha=0.7
            )
            glyphs.append(
                self.figure.scatter(
                    "x", "y", source=source, size=size, color=colour, line_color=PAPER, legend_label=label,
                    nonselection_alpha=1.0,
                )
            )  # fmt: skip
        if self._known:
            # Above the others: a few outlines hide nothing and would be hidden by many circles.
            glyphs.append(
                self.figure.scatter(
                    "x", "y", source=self._known_source, marker="diamond", size=11, fill_color=None, line_color=KNOWN, line_width=1.4,
                    legend_label="known",
                )
            )  # fmt: skip
        self._add_tools(glyphs)
        place_labels(self.figure, self._wanted, [*self.sources, self._known_source])
        legend_above(self.figure)

    def _add_tools(self, glyphs: list[Any]) -> None:
        from bokeh.models import HoverTool, TapTool

        # One box at a time: overlapping points would fill the screen.
        hover = HoverTool(renderers=glyphs, tooltips="<div>@tip{safe}</div>", point_policy="snap_to_data")
        self.figure.add_tools(hover, TapTool(renderers=glyphs))

    def show(self, points: Sequence[Point], front: Sequence[Point]) -> None:
        """Draw points, including the front; only new ones are sent to the browser of an open page."""
        evaluated, best = self.sources
        new = len(points)
        while new and points[new - 1] is not self._last:
            new -= 1
        changed = tuple(front) != self._front
        bold = {point.ordinal for point in front}
        if self._last is not None and new and not changed:
            if points[new:]:
                # Points that left the window of the latest ones are removed, except those of the front, which are drawn separately.
                kept = sum(point.ordinal not in bold for point in points)
                evaluated.stream(self._columns(points[new:], self._pictures), rollover=kept)
        else:
            # Each polymer must appear once under the pointer: those of the front are not among the others.
            evaluated.data = self._columns([point for point in points if point.ordinal not in bold], self._pictures)
        self._last = points[-1] if points else None
        if (shown := len(points) > len(front)) != self._evaluated_item().visible:
            self._evaluated_item().visible = shown
        if changed:
            self._front = tuple(front)
            best.data = self._columns(front, len(front))
            self._stairs.data = self._stairs_columns()
        if len(self._axes) == 1:
            self._known_source.data = self._known_columns(max((point.ordinal for point in points), default=1))
        self._wanted.data = _labels(self._wanted_labels(points))

    def _evaluated_item(self) -> Any:
        return self.figure.legend[0].items[0]

    def _wanted_labels(self, points: Sequence[Point]) -> list[tuple[float, float, str, str, str]]:
        bold = {point.ordinal for point in self._front}
        found = [(*self._place(p), str(p.ordinal), ACCENT, "bold") for p in self._front]
        rows = self._known_source.data
        found += [
            (float(x), float(y), known.abbreviation, KNOWN, "normal")
            for known, x, y in zip(self._known, rows["x"], rows["y"], strict=True)
        ]
        if len(points) <= MAX_NUMBERS:
            found += [(*self._place(p), str(p.ordinal), SOFT, "normal") for p in points if p.ordinal not in bold]
        return found

    def _place(self, point: Point) -> tuple[float, float]:
        if len(self._axes) == 1:
            return float(point.ordinal), point.values[0]
        return point.values[self._axes[0]], point.values[self._axes[1]]

    def _columns(self, points: Sequence[Point], pictures: int) -> dict[str, Any]:
        places = np.array([self._place(point) for point in points]).reshape(-1, 2)
        errors = np.array([[0.0, 0.0, *(p.stderrs[j] for j in self._axes)][-2:] for p in points]).reshape(-1, 2)
        if len(self._axes) == 1:
            errors[:, 0] = 0.0
        # An unknown or infinite error has no bar.
        errors = np.where(np.isfinite(errors), errors, 0.0)
        low, high = places - errors, places + errors
        drawn = len(points) - pictures
        return {
            "x": places[:, 0],
            "y": places[:, 1],
            "x_low": low[:, 0],
            "x_high": high[:, 0],
            "y_low": low[:, 1],
            "y_high": high[:, 1],
            "ordinal": [point.ordinal for point in points],
            "psmiles": [point.psmiles for point in points],
            "tip": [tip_html(point, self._objectives, picture=n >= drawn) for n, point in enumerate(points)],
        }

    def _known_columns(self, last: int) -> dict[str, Any]:
        values = [[k.values[self._objectives[j].property] for j in self._axes] for k in self._known]
        rows = [[1.1 * last + 1, *own][-2:] for own in values]
        return {
            "x": [x for x, _ in rows],
            "y": [y for _, y in rows],
            "ordinal": [0] * len(rows),
            "psmiles": [known.psmiles for known in self._known],
            "tip": [_known_tip(known, [self._objectives[j].property for j in self._axes]) for known in self._known],
        }

    def _stairs_columns(self) -> dict[str, Any]:
        directions = [self._objectives[j].direction for j in self._axes]
        if len(self._objectives) != 2 or "target" in directions:
            return {"x": [], "y": []}
        places = sorted(self._place(point) for point in self._front)
        return {"x": [x for x, _ in places], "y": [y for _, y in places]}


def front_plots(objectives: Sequence[Objective], *, pictures: int = MAX_PICTURES) -> list[FrontPlot]:
    """Return the plots for all pairs of objectives, at most `MAX_PAIRS`; one over time for a single objective."""
    pairs: Sequence[tuple[int, ...]] = [(0,)]
    if len(objectives) > 1:
        pairs = list(combinations(range(len(objectives)), 2))[:MAX_PAIRS]
    return [FrontPlot(objectives, pair, pictures=pictures) for pair in pairs]


def front_title(objectives: Sequence[Objective]) -> str:
    """Return the title of a plot of one or two objectives."""
    first, last = property_spec(objectives[0].property).label, property_spec(objectives[-1].property).label
    return f"{last} of each evaluation" if len(objectives) == 1 else f"{last} against {in_a_sentence(first)}"


def place_labels(figure: Any, wanted: Any, marks: Sequence[Any]) -> None:
    """Draw labels that avoid each other and the marks, updated at each resize and zoom.

    Args:
        figure: The plot.
        wanted: Source with x, y, text, colour and style, the most important label first.
        marks: Sources with x and y of points that labels must not cover.
    """
    from bokeh.core.properties import value
    from bokeh.models import ColumnDataSource, CustomJS

    placed = ColumnDataSource({name: [] for name in ("x", "y", "dx", "dy", "text", "colour", "style", "lx", "ly")})
    # Objects covered by labels must not widen the plot, which would move the labels.
    seen = list(figure.renderers)
    figure.x_range.renderers = figure.y_range.renderers = seen
    figure.segment("lx", "ly", "x", "y", source=placed, line_color=MUTED, line_width=0.8)
    figure.text(
        "x", "y", "text", source=placed, x_offset="dx", y_offset="dy", text_color="colour", text_font_style="style",
        text_font_size="12px", text_font=value(FONT_STACK), text_align="center", text_baseline="middle",
    )  # fmt: skip
    arguments = {
        "figure": figure, "wanted": wanted, "placed": placed, "marks": list(marks), "radius": RADIUS, "font": FONT_STACK
    }  # fmt: skip
    callback = CustomJS(args=arguments, code=_script("place_labels.js"))
    for source in (wanted, *marks):
        source.js_on_change("data", callback)
    for axis in (figure.x_range, figure.y_range):
        axis.js_on_change("start", callback)
        axis.js_on_change("end", callback)
    figure.js_on_change("inner_width", callback)
    figure.js_on_change("inner_height", callback)


def styled_figure(height: int) -> Any:
    """Return an empty plot without a title in the common style; it pans and zooms without blocking scrolling of the page."""
    from bokeh.models import CustomJSTickFormatter
    from bokeh.plotting import figure

    made: Any = figure(
        height=height, sizing_mode="stretch_width", tools="pan,box_zoom,wheel_zoom,reset,save",
        active_scroll=None, active_drag="box_zoom", output_backend="canvas",
    )  # fmt: skip
    made.toolbar.logo = None
    made.toolbar_location = "above"
    made.outline_line_color = None
    made.grid.grid_line_color = GRID
    made.axis.axis_line_color = made.axis.major_tick_line_color = MUTED
    made.axis.minor_tick_line_color = None
    made.axis.axis_label_text_font_style = "normal"
    made.axis.axis_label_text_font = made.axis.major_label_text_font = FONT_STACK
    made.axis.axis_label_text_font_size = "13px"
    made.axis.major_label_text_font_size = "12px"
    made.axis.axis_label_text_color = made.axis.major_label_text_color = INK
    made.axis.formatter = CustomJSTickFormatter(code=_script("ticks.js"))
    made.background_fill_color = made.border_fill_color = PAPER
    return made


def legend_above(figure: Any) -> None:
    """Put the legend above the plot."""
    legend = figure.legend[0]
    figure.add_layout(legend, "above")
    legend.orientation, legend.border_line_color, legend.margin, legend.padding, legend.spacing = (
        "horizontal",
        None,
        0,
        2,
        12,
    )
    legend.label_text_font, legend.label_text_font_size, legend.label_text_color = FONT_STACK, "12px", INK
    legend.label_standoff = 2


def _labels(rows: Sequence[tuple[float, float, str, str, str]]) -> dict[str, Any]:
    columns = ("x", "y", "text", "colour", "style")
    return {name: [row[n] for row in rows] for n, name in enumerate(columns)}


def _known_tip(known: KnownPolymer, names: Sequence[str]) -> str:
    from markupsafe import escape

    values = ", ".join(f"{property_spec(name).label} {value_text(name, known.values[name], 0.0)}" for name in names)
    style = f"width:230px;font:13px/1.45 {FONT_STACK}".replace('"', "'")
    return f'<div style="{style}"><b>{escape(known.name)}</b><br>{escape(values)}<br>{escape(known.source)}</div>'


@cache
def _script(name: str) -> str:
    return files("designer.report").joinpath(name).read_text(encoding="utf-8")


def mark_known(
    figure: Any, objectives: Sequence[Objective]
) -> tuple[list[Any], list[tuple[float, float, str, str, str]]]:
    """Mark known polymers in a plot of two objectives.

    Returns:
        The glyph, if there is one, and the labels as `place_labels` takes them.
    """
    from bokeh.models import ColumnDataSource

    names = [objective.property for objective in objectives]
    known = known_with(names)
    if not known:
        return [], []
    x, y = ([k.values[name] for k in known] for name in names)
    tips = [_known_tip(k, names) for k in known]
    source = ColumnDataSource({"x": x, "y": y, "psmiles": [k.psmiles for k in known], "tip": tips})
    glyph = figure.scatter(
        "x", "y", source=source, marker="diamond", size=11, fill_color=None, line_color=KNOWN, line_width=1.4
    )
    labels = [(a, b, k.abbreviation, KNOWN, "normal") for k, a, b in zip(known, x, y, strict=True)]
    return [glyph], labels


def embed(plots: Sequence[tuple[Any, Sequence[Any]]]) -> tuple[str, list[str], str]:
    """Return Bokeh's JavaScript, an element for each plot, and the script that fills them, for offline files.

    A clicked point is shown in the page's element `#picked`.

    Args:
        plots: Figures, each with the sources whose points can be clicked.
    """
    from bokeh.embed import components
    from bokeh.models import CustomJS
    from bokeh.resources import Resources

    for _, sources in plots:
        for source in sources:
            source.selected.js_on_change("indices", CustomJS(args={"source": source}, code=_script("picked.js")))
    script, elements = components([figure for figure, _ in plots], wrap_script=False)
    library = "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)
    return library, list(elements), script
