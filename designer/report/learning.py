"""Plots of the search: hypervolume, predictions, calibration, prior and posterior."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from designer.analysis.front import hypervolume_history
from designer.config.campaign import CampaignConfig
from designer.report.calibration import coverage, scaled_errors
from designer.report.drawing import as_svg, in_a_sentence
from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec
from mdcore.drawing import ACCENT, LINE, MUTED, NOVEL, SERIES, SHADE, SMALL, SOFT, drawn
from surrogates import Constraint, Objective

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST = {
    "corpus": "drawn from the corpus",
    "list": "given by the configuration",
}
"""Description of the first evaluations, by the kind of the section `initial`; for `prior` the generator has one."""
FEW = 30
"""Number of values per group from which cumulative shares are drawn instead of dots."""
_SIZE = 4.0, 3.3


def hypervolume_figure(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], limits: Sequence[Constraint] = ()
) -> str:
    """Plot the dominated hypervolume against finished evaluations."""
    counts, volumes = hypervolume_history(records, objectives, limits)
    with drawn(*_SIZE) as figure:
        axes = figure.add_subplot()
        axes.step(np.append(0, counts), np.append(0, volumes), where="post", color=ACCENT)
        axes.fill_between(
            np.append(0, counts), np.append(0, volumes), step="post", color=ACCENT, alpha=0.5 * SHADE, linewidth=0
        )
        initial = sum(1 for record in records if record.step == "initial" and record.state in ("done", "failed"))
        if 0 < initial < len(counts):
            axes.axvline(initial, color=MUTED, linestyle="--", linewidth=LINE)
            axes.annotate(
                "surrogates choose", (initial, 0.04), xycoords=("data", "axes fraction"), xytext=(4, 0),
                textcoords="offset points", color=SOFT, fontsize=SMALL,
            )  # fmt: skip
        axes.set_xlabel("Finished evaluations")
        axes.set_ylabel("Dominated hypervolume")
        axes.set_xlim(0, max(len(counts), 1))
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="x", integer=True)
        return as_svg(figure)


def prediction_figures(records: Sequence[EvaluationRecord], objectives: Sequence[Objective]) -> list[tuple[str, str]]:
    """Plot predictions of the surrogates at the time of the choice against measured values; returns (title, SVG)."""
    figures = []
    for objective in objectives:
        name = objective.property
        rows = [(r.predicted[name], m) for r in records if name in r.predicted and (m := r.measured(name))]
        if not rows:
            continue
        spec = property_spec(name)
        mean, sd = np.array([[p.mean, p.sd] for p, _ in rows]).T
        value, stderr = np.array([[m.value, m.stderr] for _, m in rows]).T
        with drawn(*_SIZE) as figure:
            axes = figure.add_subplot()
            low, high = min((mean - sd).min(), value.min()), max((mean + sd).max(), value.max())
            margin = 0.05 * (high - low or 1.0)
            ends = [low - margin, high + margin]
            axes.plot(ends, ends, color=MUTED, linewidth=LINE, zorder=1)
            axes.errorbar(
                value,
                mean,
                xerr=stderr,
                yerr=sd,
                fmt="o",
                color=NOVEL,
                markersize=5,
                elinewidth=LINE,
                alpha=0.7,
                zorder=2,
            )
            axes.set_xlim(*ends)
            axes.set_ylim(*ends)
            axes.set_xlabel(f"Measured {in_a_sentence(spec.axis_label)}")
            axes.set_ylabel("Predicted")
            figures.append((spec.label, as_svg(figure)))
    return figures


def calibration_figure(records: Sequence[EvaluationRecord], objectives: Sequence[Objective]) -> str | None:
    """Plot the observed against the expected share of measurements inside the intervals of the surrogates.

    The grey band contains 95 % of the results of perfectly calibrated predictions of the same number.
    """
    from scipy.stats import binom

    found = {o.property: scaled_errors(records, o.property) for o in objectives}
    found = {name: errors for name, errors in found.items() if len(errors)}
    if not found:
        return None
    levels = np.linspace(0.0, 1.0, 41)
    fewest = min(len(errors) for errors in found.values())
    with drawn(*_SIZE) as figure:
        axes = figure.add_subplot()
        low, high = binom.ppf(0.025, fewest, levels) / fewest, binom.ppf(0.975, fewest, levels) / fewest
        axes.fill_between(levels, low, high, color=MUTED, alpha=SHADE, linewidth=0)
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=LINE)
        for (name, errors), colour in zip(found.items(), SERIES, strict=False):
            axes.plot(levels, coverage(errors, levels), color=colour, label=property_spec(name).label)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("Share expected inside the interval")
        axes.set_ylabel("Share found inside")
        axes.legend(loc="upper left")
        return as_svg(figure)


def first_evaluations(config: CampaignConfig) -> str:
    """Return what the first evaluations of a campaign were."""
    return FIRST.get(config.initial.kind, config.generator.first)


def prior_posterior_figures(
    records: Sequence[EvaluationRecord], objectives: Sequence[Objective], first: str
) -> list[tuple[str, str]]:
    """Plot values of the first polymers and of those chosen by the surrogates; returns (title, SVG).

    Fewer than `FEW` values in a group are drawn as dots with error bars, larger groups as cumulative shares.

    Args:
        records: All evaluations.
        objectives: Objectives, one figure each.
        first: Description of the first evaluations.
    """
    figures = []
    for objective in objectives:
        groups = [
            (label, colour, np.array(_measured(records, step, objective.property)).reshape(-1, 2))
            for step, label, colour in (
                ("initial", f"prior: {first}", MUTED),
                ("acquisition", "posterior: chosen by the surrogates", NOVEL),
            )
        ]
        fewest = min(len(rows) for _, _, rows in groups)
        if fewest == 0:
            continue
        spec = property_spec(objective.property)
        with drawn(*_SIZE) as figure:
            axes = figure.add_subplot()
            (_dots if fewest < FEW else _shares)(axes, groups)
            axes.set_xlabel(spec.axis_label)
            figures.append((spec.label, as_svg(figure)))
    return figures


_Group = tuple[str, str, NDArray[np.float64]]
"""Label, colour, and values with standard errors, shape (n, 2)."""


def _measured(records: Sequence[EvaluationRecord], step: str, name: str) -> list[tuple[float, float]]:
    return [(m.value, m.stderr) for r in records if r.step == step and (m := r.measured(name))]


def _dots(axes: "Axes", groups: Sequence[_Group]) -> None:
    """Draw the values with standard errors, one row for each group, and the median of each group."""
    for line, (label, colour, rows) in enumerate(groups):
        # Alternately above and below the middle of the row, in the order of the values, so that neighbours do not overlap.
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        height = -line + 0.16 * (np.arange(len(rows)) % 3 - 1)
        axes.errorbar(
            rows[:, 0], height, xerr=rows[:, 1], fmt="o", color=colour, markersize=5, elinewidth=LINE, alpha=0.85
        )
        median = float(np.median(rows[:, 0]))
        axes.plot([median, median], [-line - 0.3, -line + 0.3], color=colour)
        axes.text(
            0.0, -line + 0.38, f"{label} ({len(rows)})", transform=axes.get_yaxis_transform(), fontsize=SMALL, color=SOFT
        )  # fmt: skip
    axes.set_ylim(-1.5, 0.65)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)


def _shares(axes: "Axes", groups: Sequence[_Group]) -> None:
    """Draw the share of each group at or below a value."""
    for label, colour, rows in groups:
        axes.ecdf(rows[:, 0], color=colour, label=f"{label} ({len(rows)})")
    axes.set_ylabel("Share at or below")
    axes.set_ylim(0, 1)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), fontsize=SMALL)
