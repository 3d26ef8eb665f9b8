"""The report's plots as SVG; matplotlib without its global state."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from designer.campaign.front import front_records, hypervolume_history
from designer.report.known import known_polymers
from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec
from surrogates import Constraint, Objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, MUTED, NOVEL, KNOWN = "#1f2933", "#c2410c", "#9aa5b1", "#0f766e", "#7c6f9f"
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "polymer-designer",
}


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


def hypervolume_figure(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> str:
    """Plot the dominated hypervolume against finished evaluations."""
    counts, volumes = hypervolume_history(records, objectives, limits)
    with _figure(4.0, 3.3) as (figure, axes):
        axes.step(np.append(0, counts), np.append(0, volumes), where="post", color=ACCENT, linewidth=1.8)
        axes.fill_between(np.append(0, counts), np.append(0, volumes), step="post", color=ACCENT, alpha=0.08)
        initial = sum(1 for record in records if record.step == "initial" and record.state in ("done", "failed"))
        if 0 < initial < len(counts):
            axes.axvline(initial, color=MUTED, linestyle="--", linewidth=1)
            axes.annotate(
                "surrogates choose", (initial, 0.04), xycoords=("data", "axes fraction"), xytext=(4, 0),
                textcoords="offset points", color="#616e7c", fontsize=8.5,
            )  # fmt: skip
        axes.set_xlabel("Finished evaluations")
        axes.set_ylabel("Dominated hypervolume")
        axes.set_xlim(0, max(len(counts), 1))
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="x", integer=True)
        return _svg(figure)


def prediction_figures(records: Sequence[EvaluationRecord], objectives: Sequence[Objective]) -> list[tuple[str, str]]:
    """Plot what the surrogates expected when they chose against what was measured; returns (title, SVG)."""
    figures = []
    for objective in objectives:
        name = objective.property
        rows = [(r.predicted[name], m) for r in records if name in r.predicted and (m := r.measured(name))]
        if not rows:
            continue
        spec = property_spec(name)
        mean, sd = np.array([[p.mean, p.sd] for p, _ in rows]).T
        value, stderr = np.array([[m.value, m.stderr] for _, m in rows]).T
        with _figure(4.0, 3.3) as (figure, axes):
            low, high = min((mean - sd).min(), value.min()), max((mean + sd).max(), value.max())
            margin = 0.05 * (high - low or 1.0)
            ends = [low - margin, high + margin]
            axes.plot(ends, ends, color=MUTED, linewidth=1, zorder=1)
            axes.errorbar(
                value,
                mean,
                xerr=stderr,
                yerr=sd,
                fmt="o",
                color=NOVEL,
                ecolor="#8fc1bb",
                markersize=5,
                linewidth=1,
                zorder=2,
            )
            axes.set_xlim(*ends)
            axes.set_ylim(*ends)
            axes.set_xlabel(f"Measured {in_a_sentence(spec.axis_label)}")
            axes.set_ylabel("Predicted")
            figures.append((spec.label, _svg(figure)))
    return figures


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
    with _figure(8.6, 5.0) as (figure, axes):
        for chosen, colour, label in ((False, MUTED, "evaluated"), (True, ACCENT, "Pareto front")):
            rows = [
                (r.measured(first.property), r.measured(second.property)) for r in done if (r.id in on_front) == chosen
            ]
            points = np.array([[a.value, b.value, a.stderr, b.stderr] for a, b in rows if a and b]).reshape(-1, 4)
            if len(points):
                axes.errorbar(
                    points[:, 0], points[:, 1], xerr=points[:, 2], yerr=points[:, 3], fmt="o", color=colour, ecolor=colour,
                    markersize=7 if chosen else 5, elinewidth=1, alpha=1.0 if chosen else 0.85, label=label, zorder=3 + chosen,
                )  # fmt: skip
        for record in done:
            a, b = record.measured(first.property), record.measured(second.property)
            if a and b:
                bold = record.id in on_front
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
        return _svg(figure)


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
    with _figure(8.6, 4.4) as (figure, axes):
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
        return _svg(figure)


def _aim(objective: Objective) -> str:
    arrow = {"maximise": "→ larger is better", "minimise": "→ smaller is better"}.get(objective.direction)
    return f"{property_spec(objective.property).axis_label}  {arrow or f'→ near {objective.target:g}'}"


def in_a_sentence(label: str) -> str:
    """Return a label for the middle of a sentence; proper names keep their capital."""
    return label if label.startswith("Abbe") else label[0].lower() + label[1:]


@contextmanager
def _figure(width: float, height: float) -> "Iterator[tuple[Figure, Axes]]":
    """Make a figure in the report's style, which matplotlib reads when artists are made and when they are drawn."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def _svg(figure: "Figure") -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # The plot scales with its frame, up to its own size.
    return re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"|<svg ([^>]*?)height="[^"]*"', r"<svg \1\2", text, count=1)
