"""Calibration of the surrogates: predictions made before a simulation against its outcome."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from designer.store.records import EvaluationRecord
from mdcore.chem import property_spec


def scaled_errors(records: Sequence[EvaluationRecord], name: str) -> NDArray[np.float64]:
    """Return measured minus predicted in units of their joint standard deviation, shape (n,)."""
    pairs = [(r.predicted[name], m) for r in records if name in r.predicted and (m := r.measured(name))]
    return np.array([(m.value - p.mean) / np.hypot(p.sd, m.stderr) for p, m in pairs])


def coverage(errors: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of scaled errors inside the central normal interval of each probability, shape of `levels`."""
    from scipy.stats import norm

    edges = norm.ppf(0.5 + 0.5 * levels)
    return np.asarray((np.abs(errors)[None, :] <= edges[:, None]).mean(axis=1), dtype=np.float64)


def calibration_rows(records: Sequence[EvaluationRecord], names: Sequence[str]) -> list[dict[str, str]]:
    """Return the mean absolute error of each property and the shares within one and two joint errors, as text."""
    rows = []
    for name in names:
        scaled = np.abs(scaled_errors(records, name))
        if not len(scaled):
            continue
        spec = property_spec(name)
        gaps = [
            abs(m.value - r.predicted[name].mean) for r in records if name in r.predicted and (m := r.measured(name))
        ]
        unit = "" if spec.unit == "1" else f" {spec.unit}"
        rows.append(
            {
                "label": spec.label,
                "n": str(len(scaled)),
                "mae": f"{np.mean(gaps):.3g}{unit}",
                "one": f"{100 * (scaled < 1).mean():.0f} %",
                "two": f"{100 * (scaled < 2).mean():.0f} %",
            }
        )
    return rows
