"""Combination of independent simulations of one substance."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mdcore.estimate import COMMON, Estimate
from mdcore.measure.execute import Analysis


def combine_replicates(analyses: Sequence[Analysis]) -> Analysis:
    """Average the estimates of independent builds.

    The standard error of the mean is the larger of that from the scatter between replicates, s / sqrt(n), and that from their own
    errors, sqrt(sum of squares) / n: few replicates can agree by chance, and a single glassy cell does not show its dependence on
    history. The components `model` and `force_field` of the error are common to all and are added.

    Args:
        analyses: One per replicate, with the same properties.

    Raises:
        ValueError: `analyses` is empty.
    """
    if not analyses:
        raise ValueError("the mean needs at least 1 replicate, got 0")
    if len(analyses) == 1:
        return analyses[0]
    seeds = [one.provenance.get("seed") for one in analyses]
    estimates = {
        name: combine_estimates([one.estimates[name] for one in analyses], seeds) for name in analyses[0].estimates
    }
    flags = [one.diagnostics.get("converged") for one in analyses]
    diagnostics = {
        "converged": None if None in flags else all(flags),
        "replicates": [dict(one.diagnostics) for one in analyses],
    }
    return Analysis(estimates, diagnostics, analyses[0].provenance)


def combine_estimates(estimates: Sequence[Estimate], seeds: Sequence[Any]) -> Estimate:
    """Average the estimates of one property; see `combine_replicates`.

    Args:
        estimates: One per replicate.
        seeds: Their seeds.
    """
    values = np.array([one.value for one in estimates])
    errors = np.array([one.statistical for one in estimates])
    between = float(values.std(ddof=1) / np.sqrt(len(values)))
    within = float(np.sqrt((errors**2).sum()) / len(errors))
    statistical = max(between, within) if np.isfinite(within) else between
    first = estimates[0]
    parts: dict[str, float] = {}
    if first.parts:
        named = [name for name in first.parts if name not in COMMON]
        parts = {named[0] if len(named) == 1 else "statistical": statistical, **first.common}
    # Accompanying numbers are averaged too, for example the density and its error.
    about = {name: _mean([one.about.get(name) for one in estimates]) for name in first.about}
    about["replicates"] = [
        {"value": float(one.value), "stderr": float(one.stderr), "seed": seed}
        for one, seed in zip(estimates, seeds, strict=True)
    ]
    return Estimate(float(values.mean()), float(np.hypot(statistical, first.model)), parts, about)


def _mean(entries: Sequence[Any]) -> Any:
    """Return the first entry with its numbers named `value...` and `stderr...` replaced by their means."""
    first = entries[0]
    if not isinstance(first, Mapping) or not all(isinstance(one, Mapping) for one in entries):
        return first
    return {
        name: float(np.mean([one[name] for one in entries])) if name.startswith(("value", "stderr")) else value
        for name, value in first.items()
    }
