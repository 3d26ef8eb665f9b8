"""Bokeh plot of the growth of the front; for the front itself see `designer.report.interactive`."""

from designer.dashboard.view import View
from designer.report.interactive import HEIGHT, legend_above, styled_figure
from mdcore.drawing import ACCENT, INK, SHADE


class GrowthPlot:
    """The dominated hypervolume, or the best value, as a function of the finished evaluations."""

    def __init__(self) -> None:
        from bokeh.models import BasicTicker, ColumnDataSource, HoverTool

        self.figure = styled_figure(HEIGHT)
        self.figure.xaxis.axis_label = "Finished evaluations"
        self.figure.yaxis.axis_label = "Hypervolume"
        self.figure.xaxis.ticker = BasicTicker(min_interval=1)
        self.figure.y_range.start = 0
        self.figure.x_range.start = 0
        self._source = ColumnDataSource({"x": [], "y": []})
        self._initial = ColumnDataSource({"x": [], "top": []})
        self.figure.varea_step(
            "x", 0, "y", source=self._source, step_mode="after", fill_color=ACCENT, fill_alpha=0.7 * SHADE
        )
        line = self.figure.step("x", "y", source=self._source, mode="after", line_width=2.5, color=ACCENT)
        tips = [("after evaluations", "@x"), ("hypervolume", "@y{%.4g}")]
        self.figure.add_tools(HoverTool(renderers=[line], tooltips=tips, mode="vline", formatters={"@y": "printf"}))
        self.figure.segment(
            "x", 0, "x", "top", source=self._initial, line_color=INK, line_dash="dashed", line_alpha=0.5,
            legend_label="chosen by surrogates from here",
        )  # fmt: skip
        legend_above(self.figure)

    def show(self, view: View) -> None:
        """Draw the curve of a view."""
        counts = [0, *(count for count, _ in view.growth), view.finished]
        volumes = [0.0, *(volume for _, volume in view.growth)]
        self._source.data = {"x": counts, "y": [*volumes, volumes[-1]]}
        begun = 0 < view.initial < view.finished
        self.figure.legend[0].visible = begun
        self._initial.data = {"x": [view.initial] if begun else [], "top": [volumes[-1]] if begun else []}
