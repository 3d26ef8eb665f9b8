"""Static SVG plots of the front, for print and for browsers without scripts."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from designer.analysis.front import front_records
from designer.report.drawing import as_svg, axis_text, in_a_sentence
from designer.report.known import KnownPolymer, known_with
from designer.report.labels import label_points
from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec
from mdcore.drawing import ACCENT, KNOWN, LINE, MUTED, NOVEL, SHADE, SMALL, SOFT, THICK, drawn
from surrogates import Constraint, Objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_LABELS = 60
"""Number of polymers above which only those of the front are numbered and have error bars."""


def front_figures(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> list[tuple[str, str]]:
    """Plot each pair of objectives, or the single objective over time; returns (title, SVG)."""
    if len(objectives) == 1:
        return [(property_spec(objectives[0].property).label, _progress_figure(records, objectives[0], limits))]
    return [
        (
            f"{property_spec(b.property).label} against {in_a_sentence(property_spec(a.property).label)}",
            _pair_figure(records, objectives, limits, a, b),
        )
        for a, b in combinations(objectives, 2)
    ]


def _pair_figure(
    records: Sequence[EvaluationRecord],
    objectives: Sequence[Objective],
    limits: Sequence[Constraint],
    first: Objective,
    second: Objective,
) -> str:
    done = [r for r in records if r.measured(first.property) and r.measured(second.property)]
    front = front_records(done, objectives, limits)
    on_front = {record.id for record in front}
    with drawn(8.6, 5.0) as figure:
        axes = figure.add_subplot()
        for chosen, colour, label in ((False, MUTED, "evaluated"), (True, ACCENT, "Pareto front")):
            points = _table([r for r in done if (r.id in on_front) == chosen], first, second)
            if len(points) > MAX_LABELS and not chosen:
                axes.scatter(
                    points[:, 0], points[:, 1], s=12, color=colour, alpha=0.6, linewidths=0, label=label, zorder=3
                )
            elif len(points):
                axes.errorbar(
                    points[:, 0], points[:, 1], xerr=points[:, 2], yerr=points[:, 3], fmt="o", color=colour, ecolor=colour,
                    markersize=7 if chosen else 5, elinewidth=LINE, alpha=1.0 if chosen else 0.85, label=label, zorder=3 + chosen,
                )  # fmt: skip
        stairs = _staircase(axes, front, first, second) if len(objectives) == 2 else np.zeros((0, 4))
        known = known_with([first.property, second.property])
        places = np.array([[k.values[first.property], k.values[second.property]] for k in known]).reshape(-1, 2)
        if known:
            axes.scatter(
                places[:, 0], places[:, 1], marker="D", s=26, facecolors="none", edgecolors=KNOWN, linewidths=LINE,
                label="known polymers, experiment", zorder=2,
            )  # fmt: skip
        axes.set_xlabel(axis_text(first))
        axes.set_ylabel(axis_text(second))
        axes.margins(0.08)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
        everything = _table(done, first, second)
        bars = _bars(_table([r for r in done if r.id in on_front or len(done) <= MAX_LABELS], first, second))
        texts = _numbers(done, on_front, first, second)
        named = [(k.abbreviation, x, y, _KNOWN_TEXT) for k, (x, y) in zip(known, places.tolist(), strict=True)]
        bold = [text for text in texts if text[3] is _FRONT_TEXT]
        label_points(
            axes,
            [*bold, *named, *(text for text in texts if text[3] is not _FRONT_TEXT)],
            np.vstack([everything[:, :2], places]),
            np.vstack([bars, stairs]),
        )
        return as_svg(figure)


_FRONT_TEXT: dict[str, Any] = {"fontsize": SMALL + 0.5, "color": ACCENT, "fontweight": "bold", "zorder": 5}
_PLAIN_TEXT: dict[str, Any] = {"fontsize": SMALL - 0.5, "color": SOFT, "zorder": 5}
_KNOWN_TEXT: dict[str, Any] = {"fontsize": SMALL - 0.5, "color": KNOWN, "zorder": 5}


def _numbers(
    done: Sequence[EvaluationRecord], on_front: set[int], first: Objective, second: Objective
) -> list[tuple[str, float, float, dict[str, Any]]]:
    found = []
    for record in done:
        a, b = record.measured(first.property), record.measured(second.property)
        if a and b and (record.id in on_front or len(done) <= MAX_LABELS):
            style = _FRONT_TEXT if record.id in on_front else _PLAIN_TEXT
            found.append((f"{record.ordinal}", a.value, b.value, style))
    return found


def _table(records: Sequence[EvaluationRecord], first: Objective, second: Objective) -> Any:
    """Return values and standard errors of two properties, shape (n, 4)."""
    rows = [(r.measured(first.property), r.measured(second.property)) for r in records]
    return np.array([[a.value, b.value, a.stderr, b.stderr] for a, b in rows if a and b]).reshape(-1, 4)


def _bars(table: Any) -> Any:
    """Return the error bars of points as segments, shape (2n, 4)."""
    x, y, dx, dy = table.T
    return np.vstack([np.stack([x - dx, y, x + dx, y], axis=1), np.stack([x, y - dy, x, y + dy], axis=1)])


def _staircase(axes: "Axes", front: Sequence[EvaluationRecord], first: Objective, second: Objective) -> Any:
    """Draw the border of the dominated region for objectives to maximise or minimise; returns its segments, shape (s, 4)."""
    points = _table(front, first, second)[:, :2]
    if "target" in (first.direction, second.direction) or len(points) < 2:
        return np.zeros((0, 4))
    points = points[np.lexsort((points[:, 1], points[:, 0]))]
    where: Literal["pre", "post"] = "pre" if first.direction == "maximise" else "post"
    axes.step(points[:, 0], points[:, 1], where=where, color=ACCENT, linewidth=LINE, alpha=0.5, zorder=2)
    corners = np.column_stack([points[:-1, 0], points[1:, 1]])
    if where == "post":
        corners = np.column_stack([points[1:, 0], points[:-1, 1]])
    return np.vstack([np.hstack([points[:-1], corners]), np.hstack([corners, points[1:]])])


def _progress_figure(
    records: Sequence[EvaluationRecord], objective: Objective, limits: Sequence[Constraint]
) -> str:  # fmt: skip
    finished = sorted((r for r in records if r.measured(objective.property)), key=lambda r: r.finished_at or 0.0)
    on_front = {record.id for record in front_records(finished, (objective,), limits)}
    rows = [m for r in finished if (m := r.measured(objective.property))]
    counts = np.arange(1, len(rows) + 1)
    values, errors = np.array([m.value for m in rows]), np.array([m.stderr for m in rows])
    with drawn(8.6, 4.4) as figure:
        axes = figure.add_subplot()
        best = np.array([record.id in on_front for record in finished], dtype=bool)
        for mask, colour, label in ((~best, MUTED, "evaluated"), (best, ACCENT, "best")):
            if mask.any():
                axes.errorbar(
                    counts[mask], values[mask], yerr=errors[mask], fmt="o", color=colour, label=label, elinewidth=LINE
                )
        if rows:
            scores = objective.score(values)
            leading = values[[int(np.argmax(scores[: n + 1])) for n in range(len(rows))]]
            axes.step(counts, leading, where="post", color=ACCENT, linewidth=THICK, label="best so far")
        if objective.target is not None:
            axes.axhline(objective.target, color=NOVEL, linestyle="--", linewidth=LINE)
        known = known_with([objective.property])
        right = max(len(rows), 1) * 1.08 + 0.6
        if known:
            axes.scatter(
                np.full(len(known), right), [k.values[objective.property] for k in known], marker="D", s=26, facecolors="none",
                edgecolors=KNOWN, linewidths=LINE, label="known polymers, experiment", zorder=2,
            )  # fmt: skip
            axes.axvspan(len(rows) + 0.5, right * 1.16, color=KNOWN, alpha=0.4 * SHADE, linewidth=0)
            axes.set_xlim(0.5 - 0.02 * len(rows), right * 1.16)
            axes.autoscale(enable=False, axis="x")
        axes.margins(y=0.08)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)
        axes.set_xlabel("Finished evaluations")
        axes.set_ylabel(axis_text(objective))
        axes.locator_params(axis="x", integer=True)
        axes.set_xticks([tick for tick in axes.get_xticks() if 1 <= tick <= len(rows)])
        _label_progress(axes, finished, on_front, known, objective, right)
        return as_svg(figure)


def _label_progress(
    axes: "Axes",
    finished: Sequence[EvaluationRecord],
    on_front: set[int],
    known: Sequence[KnownPolymer],
    objective: Objective,
    right: float,
) -> None:
    numbered = [(n, r, m) for n, r in enumerate(finished, 1) if (m := r.measured(objective.property))]
    wanted = [item for item in numbered if item[1].id in on_front or len(finished) <= MAX_LABELS]
    texts = [
        (f"{r.ordinal}", float(n), m.value, _FRONT_TEXT if r.id in on_front else _PLAIN_TEXT)
        for n, r, m in sorted(wanted, key=lambda item: item[1].id not in on_front)
    ]
    bars = [(float(n), m.value - m.stderr, float(n), m.value + m.stderr) for n, _, m in numbered]
    label_points(axes, texts, np.array([(n, m.value) for n, _, m in numbered]), np.array(bars))
    names = [(k.abbreviation, right, k.values[objective.property], _KNOWN_TEXT) for k in known]
    label_points(axes, names, np.array([(x, y) for _, x, y, _ in names]), np.zeros((0, 4)), prefer=(1, 0))
