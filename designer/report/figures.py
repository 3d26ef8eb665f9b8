"""The front as plots."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np

from designer.campaign.front import front_records
from designer.report.drawing import ACCENT, KNOWN, MUTED, NOVEL, as_svg, drawn
from designer.report.known import known_polymers
from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec
from surrogates import Constraint, Objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_LABELS = 60
"""Beyond so many polymers only those of the front bear their number and their error bars."""


def front_figures(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> list[tuple[str, str]]:
    """Plot each pair of objectives, or the single objective over time; returns (title, SVG)."""
    if len(objectives) == 1:
        return [(property_spec(objectives[0].property).label, _progress_figure(records, objectives[0]))]
    return [
        (
            f"{property_spec(a.property).label} against {property_spec(b.property).label}",
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
    with drawn(8.6, 5.0) as (figure, axes):
        for chosen, colour, label in ((False, MUTED, "evaluated"), (True, ACCENT, "Pareto front")):
            rows = [
                (r.measured(first.property), r.measured(second.property)) for r in done if (r.id in on_front) == chosen
            ]
            points = np.array([[a.value, b.value, a.stderr, b.stderr] for a, b in rows if a and b]).reshape(-1, 4)
            if len(points) > MAX_LABELS and not chosen:
                axes.scatter(
                    points[:, 0], points[:, 1], s=12, color=colour, alpha=0.6, linewidths=0, label=label, zorder=3
                )
            elif len(points):
                axes.errorbar(
                    points[:, 0], points[:, 1], xerr=points[:, 2], yerr=points[:, 3], fmt="o", color=colour, ecolor=colour,
                    markersize=7 if chosen else 5, elinewidth=1, alpha=1.0 if chosen else 0.85, label=label, zorder=3 + chosen,
                )  # fmt: skip
        for record in done:
            a, b = record.measured(first.property), record.measured(second.property)
            bold = record.id in on_front
            if a and b and (bold or len(done) <= MAX_LABELS):
                axes.annotate(
                    f"{record.ordinal}", (a.value, b.value), xytext=(5, 5), textcoords="offset points", fontsize=9 if bold else 8,
                    color=ACCENT if bold else "#7b8794", fontweight="bold" if bold else "normal", zorder=5,
                )  # fmt: skip
        if len(objectives) == 2 and len(front) > 1:
            _staircase(axes, front, first, second)
        known = [k for k in known_polymers() if first.property in k.values and second.property in k.values]
        if known:
            axes.scatter(
                [k.values[first.property] for k in known], [k.values[second.property] for k in known], marker="D", s=26,
                facecolors="none", edgecolors=KNOWN, linewidths=1.2, label="known polymers, experiment", zorder=2,
            )  # fmt: skip
            for k in known:
                axes.annotate(
                    k.abbreviation, (k.values[first.property], k.values[second.property]), xytext=(5, -10),
                    textcoords="offset points", fontsize=8, color=KNOWN, zorder=2,
                )  # fmt: skip
        axes.set_xlabel(_aim(first))
        axes.set_ylabel(_aim(second))
        axes.margins(0.08)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=3, fontsize=9)
        return as_svg(figure)


def _staircase(axes: "Axes", front: Sequence[EvaluationRecord], first: Objective, second: Objective) -> None:
    """Draw the border of what the front dominates, where larger or smaller is better for both objectives."""
    if "target" in (first.direction, second.direction):
        return
    pairs = [(r.measured(first.property), r.measured(second.property)) for r in front]
    points = np.array(sorted((a.value, b.value) for a, b in pairs if a and b))
    where: Literal["pre", "post"] = "pre" if first.direction == "maximise" else "post"
    axes.step(points[:, 0], points[:, 1], where=where, color=ACCENT, linewidth=1.2, alpha=0.5, zorder=2)


def _progress_figure(records: Sequence[EvaluationRecord], objective: Objective) -> str:
    finished = sorted((r for r in records if r.measured(objective.property)), key=lambda r: r.finished_at or 0.0)
    rows = [m for r in finished if (m := r.measured(objective.property))]
    with drawn(8.6, 4.4) as (figure, axes):
        if rows:
            counts = np.arange(1, len(rows) + 1)
            values = np.array([m.value for m in rows])
            scores = objective.score(values)
            best = values[[int(np.argmax(scores[: n + 1])) for n in range(len(rows))]]
            axes.errorbar(counts, values, yerr=[m.stderr for m in rows], fmt="o", color=MUTED, label="evaluated")
            axes.step(counts, best, where="post", color=ACCENT, linewidth=1.8, label="best so far")
            axes.legend(loc="best")
        if objective.target is not None:
            axes.axhline(objective.target, color=NOVEL, linestyle="--", linewidth=1)
        axes.set_xlabel("Finished evaluations")
        axes.set_ylabel(_aim(objective))
        return as_svg(figure)


def _aim(objective: Objective) -> str:
    arrow = {"maximise": "→ larger is better", "minimise": "→ smaller is better"}.get(objective.direction)
    return f"{property_spec(objective.property).axis_label}  {arrow or f'→ near {objective.target:g}'}"
