"""Combination of independent simulations of one substance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mdcore.chem.errors import NotDetermined
from mdcore.chem.parameter_distributions import PARAMETERS_ENTRY
from mdcore.estimate import COMMON, Estimate
from mdcore.measure.execute import NOT_DETERMINED, Analysis
from mdcore.properties import measured_property


def combine_replicates(analyses: Sequence[Analysis]) -> Analysis:
    """Combine the estimates of independent builds.

    A property with a joint estimator is estimated from the data of all replicates together; it may then be determined although no single
    replicate determines it. All others are averaged, and are not determined if one of the replicates does not determine them.

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
    estimates, reasons = dict[str, Estimate](), dict[str, str]()
    for name in analyses[0].properties:
        try:
            estimates[name] = _combined(name, analyses, seeds)
        except NOT_DETERMINED as error:
            reasons[name] = str(error)
    flags = [one.diagnostics.get("converged") for one in analyses]
    own = [dict(one.diagnostics) for one in analyses]
    parameters = [one.pop(PARAMETERS_ENTRY) for one in own if PARAMETERS_ENTRY in one]
    diagnostics: dict[str, Any] = {"converged": None if None in flags else all(flags), "replicates": own}
    if parameters:
        # Chains of a copolymer differ between the cells.
        diagnostics[PARAMETERS_ENTRY] = {
            name: float(np.mean([one[name] for one in parameters])) for name in parameters[0]
        }
    return Analysis(estimates, diagnostics, analyses[0].provenance, reasons)


def _combined(name: str, analyses: Sequence[Analysis], seeds: Sequence[Any]) -> Estimate:
    """Return the estimate of one property from all replicates.

    Raises:
        NotDetermined: They do not determine it.
    """
    joint = measured_property(name).joint
    cells = [one.evidence for one in analyses if one.evidence is not None]
    if joint is not None and len(cells) == len(analyses):
        found = joint(cells)
        return replace(found, about={**found.about, "replicates": [_document(name, one) for one in analyses]})
    for number, one in enumerate(analyses):
        if name in one.not_determined:
            raise NotDetermined(f"replicate {number}: {one.not_determined[name]}")
    return combine_estimates([one.estimates[name] for one in analyses], seeds)


def _document(name: str, analysis: Analysis) -> dict[str, Any]:
    """Return the own estimate of one replicate in JSON types."""
    seed = analysis.provenance.get("seed")
    if name in analysis.not_determined:
        return {"not_determined": analysis.not_determined[name], "seed": seed}
    own = analysis.estimates[name]
    return {"value": float(own.value), "stderr": float(own.stderr), "seed": seed}


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
