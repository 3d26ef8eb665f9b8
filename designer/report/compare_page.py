"""Comparison of campaigns on one offline page: superposed fronts and hypervolume curves."""

import time
from collections.abc import Sequence
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from designer.analysis.comparing import Compared, Comparison, notes, reference_text
from designer.analysis.front import measured_values
from designer.report.build import template
from designer.report.drawing import as_svg, axis_text, in_a_sentence
from designer.report.interactive import MAX_PAIRS, embed, front_title, mark_known, place_labels, styled_figure
from designer.report.labels import label_points
from designer.report.points import Point, point_of
from designer.report.tips import tip_html
from designer.store.routes import route_text
from designer.text import timestamp, with_error
from mdcore.chem import property_spec
from mdcore.chem.files import replacing
from mdcore.drawing import DASHES, LINE, PAPER, SERIES, SMALL, css_variables, drawn
from surrogates import Objective

MAX_ROWS = 200
"""Maximum number of polymers of the joint front in the table."""


def write_comparison(comparison: Comparison, page: Path) -> Path:
    """Write the comparison of campaigns as one HTML file and return its path; an older one is replaced atomically."""
    page.parent.mkdir(parents=True, exist_ok=True)
    # Opened before anything is drawn, so that an unwritable file is reported at once.
    with replacing(page) as stream:
        stream.write(_html(comparison).encode())
    return page


def _html(comparison: Comparison) -> str:
    pairs = list(combinations(comparison.objectives, 2))[:MAX_PAIRS]
    plots = [_interactive(comparison, first, second) for first, second in pairs]
    library, live, script = embed(plots) if plots and comparison.reference else ("", [], "")
    own = files("designer.report").joinpath("report.js").read_text(encoding="utf-8")
    html: str = template("compare.html.j2").render(
        title=" and ".join(campaign.label for campaign in comparison.campaigns),
        written=timestamp(time.time()),
        variables=css_variables(),
        objectives=comparison.objectives,
        label=lambda name: property_spec(name).label,
        sentence=in_a_sentence,
        rows=[_row(comparison, campaign, colour) for campaign, colour in _coloured(comparison)],
        joint=_joint(comparison),
        joint_size=comparison.joint,
        notes=notes(comparison),
        reference=reference_text(comparison),
        fronts=[
            (front_title([first, second]), _static(comparison, first, second)) for first, second in pairs
        ] if comparison.reference else [],
        live=live,
        growth=_growth(comparison),
        growth_title="Best value so far" if len(comparison.objectives) == 1 else "Dominated hypervolume",
        bokeh=library,
        scripts=[text for text in (script, own) if text],
    )  # fmt: skip
    return html


def _coloured(comparison: Comparison) -> list[tuple[Compared, str]]:
    return [(campaign, SERIES[n % len(SERIES)]) for n, campaign in enumerate(comparison.campaigns)]


def _row(comparison: Comparison, campaign: Compared, colour: str) -> dict[str, Any]:
    best = []
    for objective in comparison.objectives:
        record = campaign.best(objective)
        measured = record.measured(objective.property) if record else None
        best.append(
            f"{with_error(measured.value, measured.stderr)} (No. {record.ordinal})" if measured and record else ""
        )
    return {
        "label": campaign.label, "colour": colour, "fidelity": campaign.fidelity, "done": campaign.done, "failed": campaign.failed,
        "front": len(campaign.front), "joint": len(campaign.joint), "volume": f"{campaign.volume:.4g}", "best": best,
        "cost": campaign.cost,
    }  # fmt: skip


def _joint(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the polymers of the joint front of all campaigns, best in the first objective first."""
    found = [
        (campaign, colour, record)
        for campaign, colour in _coloured(comparison)
        for record in campaign.front
        if record.id in campaign.joint
    ]
    if not found:
        return []
    values = measured_values([record for _, _, record in found], comparison.objectives)
    order = np.argsort(-comparison.objectives[0].score(values[:, 0]), kind="stable")
    rows = []
    for campaign, colour, record in [found[i] for i in order][:MAX_ROWS]:
        measured = [record.measured(objective.property) for objective in comparison.objectives]
        rows.append(
            {
                "label": campaign.label, "colour": colour, "ordinal": record.ordinal, "psmiles": record.psmiles,
                "is_homopolymer": record.homopolymer,
                "values": [with_error(m.value, m.stderr) if m else "" for m in measured],
                "route": route_text(campaign.routes, record.key),
            }
        )  # fmt: skip
    return rows


def _points(campaign: Compared, objectives: Sequence[Objective]) -> list[Point]:
    made = (point_of(r, objectives, route_text(campaign.routes, r.key)) for r in campaign.front)
    return [point for point in made if point]


def _interactive(comparison: Comparison, first: Objective, second: Objective) -> Any:
    from bokeh.models import ColumnDataSource, HoverTool, TapTool

    figure = styled_figure(460)
    figure.xaxis.axis_label, figure.yaxis.axis_label = axis_text(first), axis_text(second)
    axes = [comparison.objectives.index(objective) for objective in (first, second)]
    sources, glyphs, labels = [], [], []
    known, named = mark_known(figure, [first, second])
    for campaign, colour in _coloured(comparison):
        points = _points(campaign, comparison.objectives)
        joint = {record.ordinal for record in campaign.front if record.id in campaign.joint}
        rows = np.array([[p.values[j] for j in axes] + [p.stderrs[j] for j in axes] for p in points]).reshape(-1, 4)
        x, y, dx, dy = rows.T
        dx, dy = np.where(np.isfinite(dx), dx, 0.0), np.where(np.isfinite(dy), dy, 0.0)
        tips = [f"<b>{_escaped(campaign.label)}</b>{tip_html(p, comparison.objectives, picture=True)}" for p in points]
        source = ColumnDataSource(
            {
                "x": x, "y": y, "x_low": x - dx, "x_high": x + dx, "y_low": y - dy, "y_high": y + dy, "tip": tips,
                "psmiles": [p.psmiles for p in points], "size": [11 if p.ordinal in joint else 7 for p in points],
            }
        )  # fmt: skip
        stairs = _stairs(x, y, first, second) if len(comparison.objectives) == 2 else np.zeros((0, 2))
        mode = "before" if first.direction == "maximise" else "after"
        figure.step(stairs[:, 0], stairs[:, 1], mode=mode, line_color=colour, line_alpha=0.5, line_width=1.4)
        for ends in (("x_low", "y", "x_high", "y"), ("x", "y_low", "x", "y_high")):
            figure.segment(*ends, source=source, line_color=colour, line_alpha=0.6, nonselection_alpha=0.6)
        glyphs.append(
            figure.scatter("x", "y", size="size", source=source, color=colour, line_color=PAPER, nonselection_alpha=1.0)
        )
        sources.append(source)
        labels += [
            (float(a), float(b), str(p.ordinal), colour, "bold")
            for p, a, b in zip(points, x, y, strict=True)
            if p.ordinal in joint
        ]
    hover = HoverTool(renderers=[*glyphs, *known], tooltips="<div>@tip{safe}</div>", point_policy="snap_to_data")
    figure.add_tools(hover, TapTool(renderers=glyphs))
    wanted = ColumnDataSource(
        {name: [row[n] for row in [*labels, *named]] for n, name in enumerate(("x", "y", "text", "colour", "style"))}
    )
    place_labels(figure, wanted, [*sources, *(glyph.data_source for glyph in known)])
    return figure, sources


def _stairs(x: Any, y: Any, first: Objective, second: Objective) -> Any:
    if "target" in (first.direction, second.direction):
        return np.zeros((0, 2))
    order = np.lexsort((y, x))
    return np.column_stack([x[order], y[order]])


def _static(comparison: Comparison, first: Objective, second: Objective) -> str:
    """Draw static plots for print and for browsers without scripts."""
    with drawn(8.6, 5.0) as figure:
        axes = figure.add_subplot()
        texts: list[tuple[str, float, float, dict[str, Any]]] = []
        marks = []
        for campaign, colour in _coloured(comparison):
            table = measured_values(campaign.front, [first, second])
            axes.plot(table[:, 0], table[:, 1], "o", color=colour, markersize=6, label=campaign.label)
            if len(comparison.objectives) == 2:
                stairs = _stairs(table[:, 0], table[:, 1], first, second)
                where: Any = "pre" if first.direction == "maximise" else "post"
                axes.step(stairs[:, 0], stairs[:, 1], where=where, color=colour, linewidth=LINE, alpha=0.5)
            style = {"fontsize": SMALL, "color": colour, "fontweight": "bold"}
            texts += [
                (str(r.ordinal), float(a), float(b), style)
                for r, (a, b) in zip(campaign.front, table.tolist(), strict=True)
                if r.id in campaign.joint
            ]
            marks.append(table)
        axes.margins(0.08)
        axes.set_xlabel(axis_text(first))
        axes.set_ylabel(axis_text(second))
        axes.legend(loc="best")
        label_points(axes, texts, np.vstack(marks), np.zeros((0, 4)))
        return as_svg(figure)


def _growth(comparison: Comparison) -> str:
    """Draw the hypervolume, or the best value of a single objective, after each finished evaluation."""
    with drawn(4.8, 3.3) as figure:
        axes = figure.add_subplot()
        for n, (campaign, colour) in enumerate(_coloured(comparison)):
            counts, heights = campaign.counts, campaign.volumes
            if len(comparison.objectives) == 1:
                counts, heights = _best_so_far(campaign, comparison.objectives[0])
            else:
                counts, heights = np.append(0, counts), np.append(0.0, heights)
            line = DASHES[n // len(SERIES) % len(DASHES)]
            axes.step(counts, heights, where="post", color=colour, linestyle=line, label=campaign.label)
        axes.set_xlabel("Finished evaluations")
        single = len(comparison.objectives) == 1
        axes.set_ylabel(axis_text(comparison.objectives[0]) if single else "Dominated hypervolume")
        axes.set_xlim(left=0)
        if not single:
            axes.set_ylim(bottom=0)
        axes.locator_params(axis="x", integer=True)
        axes.legend(loc="best")
        return as_svg(figure)


def _best_so_far(campaign: Compared, objective: Objective) -> tuple[Any, Any]:
    finished = sorted(
        (r for r in campaign.records if r.state in ("done", "failed")), key=lambda r: r.finished_at or 0.0
    )
    values = measured_values(finished, [objective])[:, 0]
    best, counts, heights = -np.inf, [], []
    for n, (value, score) in enumerate(zip(values.tolist(), objective.score(values).tolist(), strict=True), 1):
        if score > best:
            best = score
            counts.append(n)
            heights.append(value)
    return [*counts, len(values)][: len(counts) + bool(counts)], [*heights, *heights[-1:]]


def _escaped(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
