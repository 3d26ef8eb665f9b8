"""Curves of a backtest as PNG; matplotlib without its global state."""

from collections.abc import Sequence
from pathlib import Path

from designer.backtest.plan import Plan
from designer.backtest.summary import BAND, StrategySummary, Summary
from mdcore.chem import property_spec
from mdcore.drawing import DASHES, SERIES, SHADE, SMALL, drawn, save


def draw_curves(plan: Plan, summary: Summary, folder: Path) -> list[Path]:
    """Draw each quantity for all strategies in a file, and return the files."""
    files = []
    for curve in summary.strategies[0].curves:
        path = folder / f"{curve.quantity.replace(' ', '_')}.png"
        _draw(plan, summary, curve.quantity, path)
        files.append(path)
    return files


def _draw(plan: Plan, summary: Summary, quantity: str, path: Path) -> None:
    with drawn(6.4, 4.2) as figure:
        axes = figure.add_subplot()
        for i, strategy in enumerate(summary.strategies):
            curve = next(c for c in strategy.curves if c.quantity == quantity)
            counts = range(len(curve.median))
            colour = SERIES[i % len(SERIES)]
            axes.fill_between(counts, curve.low, curve.high, step="post", color=colour, alpha=SHADE, linewidth=0)
            line = DASHES[i // len(SERIES) % len(DASHES)]
            axes.step(counts, curve.median, where="post", color=colour, linestyle=line, label=strategy.name)
        axes.set_xlabel(f"Evaluations after the start ({_start(plan)})")
        axes.set_ylabel(_label(plan, summary, quantity))
        axes.set_xlim(0, plan.evaluations)
        if quantity in ("hypervolume", "front", "hits"):
            axes.set_ylim(bottom=0)
        axes.legend(loc="best", title=_caption(summary.strategies), title_fontsize=SMALL)
        save(figure, path)


def _start(plan: Plan) -> str:
    return f"{len(plan.known)} known polymers" if plan.known is not None else f"{plan.start} random polymers"


def _label(plan: Plan, summary: Summary, quantity: str) -> str:
    if quantity == "hypervolume":
        return "Hypervolume, share of the pool's"
    if quantity == "front":
        return f"Points found of the pool's front of {summary.front}"
    if quantity == "hits":
        return "Polymers found in the regions"
    objective = next(o for o in plan.objectives if quantity == f"best {o.property}")
    aim = {"maximise": "largest", "minimise": "smallest"}.get(
        objective.direction, f"closest to {objective.target or 0:g}"
    )
    label = property_spec(objective.property).axis_label
    return f"{label}, {aim} so far"


def _caption(strategies: Sequence[StrategySummary]) -> str:
    seeds = max(strategy.seeds for strategy in strategies)
    if seeds == 1:
        return "one seed"
    return f"median of {seeds} seeds, band {BAND[0]:g} to {BAND[1]:g} %"
