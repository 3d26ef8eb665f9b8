"""The plots of the campaign page in Bokeh."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from designer.dashboard.view import Point, View
from designer.report.drawing import in_a_sentence
from mdcore.chem import property_spec
from mdcore.drawing import ACCENT, GRID, INK, MUTED, PAPER
from surrogates import Objective

MAX_PAIRS = 6
_HEIGHT = 340


class FrontPlot:
    """Two objectives against each other, or the only one over time; the front in colour, error bars of one sigma.

    Args:
        objectives: All objectives of the campaign.
        axes: Positions of the two objectives to draw, or of one.
    """

    def __init__(self, objectives: Sequence[Objective], axes: tuple[int, ...]) -> None:
        from bokeh.models import ColumnDataSource, HoverTool

        self._axes = axes
        self._last: Point | None = None
        self._front: tuple[Point, ...] = ()
        names = [objectives[j] for j in axes]
        first, last = property_spec(names[0].property).label, property_spec(names[-1].property).label
        title = f"{last} of each evaluation" if len(axes) == 1 else f"{last} against {in_a_sentence(first)}"
        self.figure = _figure(title)
        self.figure.xaxis.axis_label = _aim(names[0]) if len(axes) == 2 else "Evaluation"
        self.figure.yaxis.axis_label = _aim(names[-1])
        self._sources = [ColumnDataSource(_columns((), axes)) for _ in range(2)]
        glyphs = []
        for source, colour, size, label in zip(
            self._sources, (MUTED, ACCENT), (7, 10), ("evaluated", "Pareto front"), strict=True
        ):
            self.figure.segment("x_low", "y", "x_high", "y", source=source, line_color=colour, line_alpha=0.7)
            self.figure.segment("x", "y_low", "x", "y_high", source=source, line_color=colour, line_alpha=0.7)
            glyphs.append(
                self.figure.scatter(
                    "x", "y", source=source, size=size, color=colour, line_color="white", legend_label=label
                )
            )
        self.figure.add_tools(
            HoverTool(renderers=glyphs, tooltips=[("evaluation", "@ordinal"), ("structure", "@psmiles")])
        )
        _legend(self.figure)

    def show(self, view: View) -> None:
        """Draw the points of a view; only new ones travel to the browser."""
        evaluated, front = self._sources
        new = len(view.points)
        while new and view.points[new - 1] is not self._last:
            new -= 1
        if self._last is not None and new:
            if view.points[new:]:
                evaluated.stream(_columns(view.points[new:], self._axes), rollover=len(view.points))
        else:
            evaluated.data = _columns(view.points, self._axes)
        self._last = view.points[-1] if view.points else None
        if view.front != self._front:
            self._front = view.front
            front.data = _columns(view.front, self._axes)


class GrowthPlot:
    """The dominated hypervolume, or the best value, over the finished evaluations."""

    def __init__(self) -> None:
        from bokeh.models import ColumnDataSource

        self.figure = _figure("Dominated hypervolume")
        self.figure.xaxis.axis_label = "Finished evaluations"
        self.figure.yaxis.axis_label = "Hypervolume"
        self.figure.y_range.start = 0
        self.figure.x_range.start = 0
        self._source = ColumnDataSource({"x": [], "y": []})
        self._initial = ColumnDataSource({"x": [], "top": []})
        self.figure.varea_step("x", 0, "y", source=self._source, step_mode="after", fill_color=ACCENT, fill_alpha=0.1)
        self.figure.step("x", "y", source=self._source, mode="after", line_width=2.5, color=ACCENT)
        self.figure.segment(
            "x", 0, "x", "top", source=self._initial, line_color=INK, line_dash="dashed", line_alpha=0.5,
            legend_label="surrogates choose from here",
        )  # fmt: skip
        _legend(self.figure)

    def show(self, view: View) -> None:
        """Draw the curve of a view."""
        counts = [0, *(count for count, _ in view.growth), view.finished]
        volumes = [0.0, *(volume for _, volume in view.growth)]
        self._source.data = {"x": counts, "y": [*volumes, volumes[-1]]}
        begun = 0 < view.initial < view.finished
        self.figure.legend[0].visible = begun
        self._initial.data = {"x": [view.initial] if begun else [], "top": [volumes[-1]] if begun else []}


def front_plots(objectives: Sequence[Objective]) -> list[FrontPlot]:
    """Return the plots for all pairs of objectives, at most `MAX_PAIRS`; one over time for a single objective."""
    if len(objectives) == 1:
        return [FrontPlot(objectives, (0,))]
    return [FrontPlot(objectives, pair) for pair in list(combinations(range(len(objectives)), 2))[:MAX_PAIRS]]


def _columns(points: Sequence[Point], axes: tuple[int, ...]) -> dict[str, Any]:
    values = np.array([[p.values[j] for j in axes] for p in points]).reshape(-1, len(axes))
    errors = np.array([[p.stderrs[j] for j in axes] for p in points]).reshape(-1, len(axes))
    if len(axes) == 1:
        ordinals = np.array([float(point.ordinal) for point in points]).reshape(-1, 1)
        values, errors = np.hstack([ordinals, values]), np.hstack([np.zeros_like(ordinals), errors])
    low, high = values - errors, values + errors
    return {
        "x": values[:, 0],
        "y": values[:, 1],
        "x_low": low[:, 0],
        "x_high": high[:, 0],
        "y_low": low[:, 1],
        "y_high": high[:, 1],
        "ordinal": [point.ordinal for point in points],
        "psmiles": [point.psmiles for point in points],
    }


def _figure(title: str) -> Any:
    from bokeh.plotting import figure

    made = figure(
        title=title, height=_HEIGHT, sizing_mode="stretch_width", tools="pan,box_zoom,reset,save", output_backend="canvas"
    )  # fmt: skip
    made.toolbar.logo = None
    made.toolbar.autohide = True
    made.outline_line_color = None
    made.grid.grid_line_color = GRID
    made.axis.axis_line_color = made.axis.major_tick_line_color = MUTED
    made.axis.minor_tick_line_color = None
    made.axis.axis_label_text_font_style = "normal"
    for part in (made.title, *made.axis):
        colour = "text_color" if part is made.title else "axis_label_text_color"
        setattr(part, colour, INK)
    made.background_fill_color = made.border_fill_color = PAPER
    return made


def _legend(figure: Any) -> None:
    # Above the plot, where it hides no point.
    legend = figure.legend[0]
    figure.add_layout(legend, "above")
    legend.orientation, legend.border_line_color, legend.margin, legend.padding = "horizontal", None, 0, 2
    legend.label_text_font_size = "12px"


def _aim(objective: Objective) -> str:
    aims = {"maximise": "larger is better", "minimise": "smaller is better"}
    aim = aims.get(objective.direction) or f"near {objective.target:g}"
    return f"{property_spec(objective.property).axis_label}, {aim}"
