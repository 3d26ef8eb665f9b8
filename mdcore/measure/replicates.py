"""Several independent simulations of one polymer as one result."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mdcore.measure.result import SimulationResult


def combine_replicates(results: Sequence[SimulationResult]) -> SimulationResult:
    """Average the measurements of independent builds.

    The standard error of the mean is the larger of what the scatter between replicates says, s / sqrt(n), and what their own
    errors say, sqrt(sum of squares) / n: few replicates can agree by chance, and one glassy cell cannot see its own history.
    The model error of an optical property is common to all and is added to that.

    Args:
        results: One result per replicate, the same properties in the same order.

    Raises:
        ValueError: No results were given.
    """
    if not results:
        raise ValueError("0 replicates have no mean; run at least one")
    if len(results) == 1:
        return results[0]
    combined = []
    for own in zip(*(result.measurements for result in results), strict=True):
        values = np.array([m.value for m in own])
        errors = np.array([m.provenance.get("stderr_parts", {}).get("density", m.stderr) for m in own])
        between = float(values.std(ddof=1) / np.sqrt(len(values)))
        within = float(np.sqrt((errors**2).sum()) / len(errors))
        # The model error of an optical tier is the same in every replicate; only the rest averages out.
        model = float(own[0].provenance.get("stderr_parts", {}).get("model", 0.0))
        provenance = dict(own[0].provenance) | {
            "replicates": [{"value": m.value, "stderr": m.stderr, "seed": m.provenance.get("seed")} for m in own]
        }
        densities = [m.provenance["optics_density"] for m in own if "optics_density" in m.provenance]
        if len(densities) == len(own):
            # Its error is larger than that of the mean: the correction's is common to all.
            mean = {name: float(np.mean([d[name] for d in densities])) for name in ("value_g_cm3", "stderr_g_cm3")}
            provenance["optics_density"] = {**densities[0], **mean}
        stderr = float(np.hypot(max(between, within) if np.isfinite(within) else between, model))
        combined.append(replace(own[0], value=float(values.mean()), stderr=stderr, provenance=provenance))
    flags = [result.diagnostics.get("converged") for result in results]
    diagnostics = {
        "converged": None if None in flags else all(flags),
        "replicates": [dict(result.diagnostics) for result in results],
    }
    return SimulationResult(tuple(combined), diagnostics, results[0].provenance)
