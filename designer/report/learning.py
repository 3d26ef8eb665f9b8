"""How the search went, as plots: hypervolume, predictions, calibration, prior against posterior."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from designer.campaign.front import hypervolume_history
from designer.report.calibration import coverage, scaled_errors
from designer.report.drawing import ACCENT, MUTED, NOVEL, as_svg, drawn, in_a_sentence
from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec
from surrogates import Constraint, Objective

FIRST = {
    "prior": "drawn from the language model",
    "corpus": "drawn from the corpus",
    "list": "given by the configuration",
}
"""What the first evaluations were, by the kind of the section `initial`."""


def hypervolume_figure(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> str:
    """Plot the dominated hypervolume against finished evaluations."""
    counts, volumes = hypervolume_history(records, objectives, limits)
    with drawn(4.0, 3.3) as (figure, axes):
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
        return as_svg(figure)


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
        with drawn(4.0, 3.3) as (figure, axes):
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
            figures.append((spec.label, as_svg(figure)))
    return figures


def calibration_figure(records: Sequence[EvaluationRecord], objectives: Sequence[Objective]) -> str | None:
    """Plot how often measurements fell inside the surrogates' intervals against how often they should have.

    The grey band holds 95 % of what perfectly calibrated predictions of the same number would give.
    """
    from scipy.stats import binom

    found = {o.property: scaled_errors(records, o.property) for o in objectives}
    found = {name: errors for name, errors in found.items() if len(errors)}
    if not found:
        return None
    levels = np.linspace(0.0, 1.0, 41)
    fewest = min(len(errors) for errors in found.values())
    with drawn(4.0, 3.3) as (figure, axes):
        low, high = binom.ppf(0.025, fewest, levels) / fewest, binom.ppf(0.975, fewest, levels) / fewest
        axes.fill_between(levels, low, high, color=MUTED, alpha=0.2, linewidth=0)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1)
        for (name, errors), colour in zip(
            found.items(), (NOVEL, ACCENT, "#3b6ea5", "#7c6f9f", "#8a6d1a"), strict=False
        ):
            axes.plot(levels, coverage(errors, levels), color=colour, linewidth=1.8, label=property_spec(name).label)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("Share expected inside the interval")
        axes.set_ylabel("Share found inside")
        axes.legend(loc="upper left", fontsize=8.5)
        return as_svg(figure)


def prior_posterior_figures(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], first: str
) -> list[tuple[str, str]]:
    """Plot what was measured on the first polymers against what the surrogates then chose; returns (title, SVG).

    Args:
        records: All evaluations.
        objectives: What to plot, one figure each.
        first: Kind of the section `initial`.
    """
    figures = []
    for objective in objectives:
        values = {
            step: np.array([m.value for r in records if r.step == step and (m := r.measured(objective.property))])
            for step in ("initial", "acquisition")
        }
        if min(len(found) for found in values.values()) == 0:
            continue
        spec = property_spec(objective.property)
        with drawn(4.0, 3.3) as (figure, axes):
            for (step, found), colour, height in zip(values.items(), (MUTED, NOVEL), (-0.05, -0.11), strict=True):
                what = "prior: " + FIRST[first] if step == "initial" else "posterior: chosen by the surrogates"
                label = f"{what} ({len(found)})"
                axes.plot(found, np.full(len(found), height), "|", color=colour, markersize=9, markeredgewidth=1.6)
                grid, density = _density(found, np.concatenate(list(values.values())))
                axes.plot(grid, density, color=colour, linewidth=1.8, label=label)
                axes.fill_between(grid, density, color=colour, alpha=0.15, linewidth=0)
            axes.set_ylim(-0.16, 1.35)
            axes.set_yticks([])
            axes.set_ylabel("Density, relative")
            axes.set_xlabel(spec.axis_label)
            axes.legend(loc="upper center", fontsize=8)
            figures.append((spec.label, as_svg(figure)))
    return figures


def _density(values: NDArray[np.float64], everything: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Smooth values with Gaussians of Scott's width, at least a hundredth of the range, to a height of one."""
    span = float(np.ptp(everything)) or max(abs(float(everything[0])), 1.0) * 0.01
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    width = max(spread * len(values) ** -0.2, 0.02 * span)
    grid = np.linspace(everything.min() - 0.15 * span, everything.max() + 0.15 * span, 300)
    density = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1)
    return grid, density / density.max()
