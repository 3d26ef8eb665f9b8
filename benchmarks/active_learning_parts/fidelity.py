"""Prior data of another fidelity: densities of PI1070 for a scaled, shifted and noisier target."""

import sys

import numpy as np

from benchmarks.active_learning_parts.data import column, simulations, units_of
from benchmarks.common import figure
from surrogates import Observations, SurrogateSettings, fit_surrogates

SIZES = (5, 10, 20, 40, 80, 160)
NOISE = 0.01
SCALE, SHIFT = 1.08, 0.03


def run(quick: bool, options) -> dict[str, dict]:
    """Measure learning curves with and without prior data; neither includes the test polymers."""
    table = simulations()
    units, prior = units_of(table.smiles), column(table, "density")
    repeats, before = (2, 200) if quick else (8, 500)
    sizes = SIZES[::2] if quick else SIZES
    errors = {"with": np.empty((len(sizes), repeats)), "without": np.empty((len(sizes), repeats))}
    for repeat in range(repeats):
        rng = np.random.default_rng(repeat)
        target = SCALE * prior + SHIFT + NOISE * rng.normal(size=len(prior))
        order = rng.permutation(len(units))
        early, fresh, held = order[:before], order[before : before + max(sizes)], order[before + max(sizes) :]
        for i, size in enumerate(sizes):
            seen = fresh[:size]
            alone = Observations(tuple(units[j] for j in seen), {"density": target[seen]})
            both = Observations(
                tuple(units[j] for j in (*seen, *early)),
                {"density": np.concatenate([target[seen], prior[early]])},
                fidelities=("md-quick",) * size + ("md-gaff2",) * before,
            )
            for name, seen_of in (("without", alone), ("with", both)):
                settings = SurrogateSettings(fidelity="md-quick" if name == "with" else None)
                mean = fit_surrogates(seen_of, ["density"], settings).predict([units[j] for j in held]).mean[:, 0]
                errors[name][i, repeat] = np.abs(mean - target[held]).mean()
        print(f"repeat {repeat}: {errors['with'][:, repeat].round(4)} with", file=sys.stderr, flush=True)
    figures = {}
    for name, table_of in errors.items():
        for size, row in zip(sizes, table_of, strict=True):
            low, middle, high = np.quantile(row, [0.1, 0.5, 0.9])
            key = f"density MAE from {size} target points, {name} prior data"
            figures[f"{key}, median"] = figure(float(middle), "g/cm3")
            figures[f"{key}, 10 %"] = figure(float(low), "g/cm3")
            figures[f"{key}, 90 %"] = figure(float(high), "g/cm3")
    shares = [_needed(sizes, errors["with"][:, r], errors["without"][-1, r]) / sizes[-1] for r in range(repeats)]
    low, middle, high = np.quantile(shares, [0.1, 0.5, 0.9])
    key = f"share of {sizes[-1]} target points needed with prior data for the same error"
    figures[f"{key}, median"] = figure(float(middle), "1", {"at_most": 0.5})
    figures[f"{key}, 10 %"] = figure(float(low), "1")
    figures[f"{key}, 90 %"] = figure(float(high), "1")
    return figures


def _needed(sizes, errors: np.ndarray, goal: float) -> float:
    """Return the number of points at which a learning curve first reaches an error, by logarithmic interpolation."""
    reached = np.flatnonzero(errors <= goal)
    if len(reached) == 0:
        return float("inf")
    i = int(reached[0])
    if i == 0:
        return float(sizes[0])
    share = (errors[i - 1] - goal) / (errors[i - 1] - errors[i])
    return float(np.exp(np.log(sizes[i - 1]) + share * np.log(sizes[i] / sizes[i - 1])))
