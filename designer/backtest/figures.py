"""Curves of a backtest as PNG; matplotlib without its global state."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from designer.backtest.plan import Plan
from designer.backtest.summary import BAND, StrategySummary, Summary
from mdcore.chem import property_spec

COLOURS = ("#c2410c", "#1d4ed8", "#0f766e", "#6b7280", "#7c3aed", "#b45309", "#be185d", "#15803d")
STYLES = ("-", "--", "-.", ":")
INK, GRID = "#1f2933", "#e4e7eb"


def draw_curves(plan: Plan, summary: Summary, folder: Path) -> list[Path]:
    """Draw every quantity of the strategies side by side, one file each, and return the files."""
    files = []
    for curve in summary.strategies[0].curves:
        path = folder / f"{curve.quantity.replace(' ', '_')}.png"
        _draw(plan, summary, curve.quantity, path)
        files.append(path)
    return files


def _draw(plan: Plan, summary: Summary, quantity: str, path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "font.size": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#9aa5b1",
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(6.4, 4.2), layout="constrained", dpi=150)
        axes = figure.add_subplot()
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        for i, strategy in enumerate(summary.strategies):
            curve = next(c for c in strategy.curves if c.quantity == quantity)
            counts = range(len(curve.median))
            colour = COLOURS[i % len(COLOURS)]
            axes.fill_between(counts, curve.low, curve.high, step="post", color=colour, alpha=0.13, linewidth=0)
            line = STYLES[i // len(COLOURS) % len(STYLES)]
            axes.step(
                counts, curve.median, where="post", color=colour, linewidth=1.8, linestyle=line, label=strategy.name
            )
        axes.set_xlabel(f"Evaluations after the start ({_start(plan)})", color=INK)
        axes.set_ylabel(_label(plan, summary, quantity), color=INK)
        axes.set_xlim(0, plan.evaluations)
        if quantity in ("hypervolume", "front", "hits"):
            axes.set_ylim(bottom=0)
        axes.legend(frameon=False, loc="best", title=_caption(summary.strategies), title_fontsize=8)
        figure.savefig(path)


def _start(plan: Plan) -> str:
    return f"{len(plan.known)} known polymers" if plan.known is not None else f"{plan.start} random polymers"


def _label(plan: Plan, summary: Summary, quantity: str) -> str:
    if quantity == "hypervolume":
        return "Hypervolume, share of the pool's"
    if quantity == "front":
        return f"Points found of the pool's front of {summary.front}"
    if quantity == "hits":
        return "Polymers found inside the regions"
    objective = next(o for o in plan.objectives if quantity == f"best {o.property}")
    aim = {"maximise": "largest", "minimise": "smallest"}.get(
        objective.direction, f"nearest to {objective.target or 0:g}"
    )
    label = property_spec(objective.property).axis_label
    return f"{label}, {aim} so far"


def _caption(strategies: Sequence[StrategySummary]) -> str:
    seeds = max(strategy.seeds for strategy in strategies)
    if seeds == 1:
        return "one seed"
    return f"median of {seeds} seeds, band {BAND[0]:g} to {BAND[1]:g} %"
