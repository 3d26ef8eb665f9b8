"""Effect of the factor of the emphasised descriptors on the accuracy, for simulations and measured polymers.

The factor was chosen on learning curves of simulated polymers, some of which are also predicted in the accuracy section. This section
shows the results of other factors there, and the best factor for polymers measured in laboratories, which were not used in the choice.
"""

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.active_learning_parts.data import PROPERTIES, column, peer_descriptors, simulations, units_of
from benchmarks.common import DATA, figure
from surrogates import Observations, SurrogateSettings
from surrogates.features import shared_featuriser
from surrogates.features.descriptors import EMPHASIS, EMPHASISED, NAMES
from surrogates.validation import cross_validate

FACTORS = (1.0, 2.0, 3.0, 5.0)
SEEDS = 10
"""Number of divisions into folds of the measured polymers, of which there are few."""


def run(quick: bool, options) -> dict[str, dict]:
    figures = {}
    measured = laboratory()
    for factor in (1.0, EMPHASIS) if quick else FACTORS:
        for name, seen in measured.items():
            errors = [
                cross_validate(seen, name, k=5, seed=seed, featurise=emphasised(factor)).metrics.mae
                for seed in range(1 if quick else SEEDS)
            ]
            figures[f"factor {factor:g}: MAE of {len(seen)} measured polymers, {name}"] = figure(
                float(np.mean(errors)), "registry"
            )
            print(f"factor {factor:g}, measured {name}: {np.mean(errors):.5f}", file=sys.stderr, flush=True)
    accuracy = options.state / "accuracy.json"
    if quick or not accuracy.exists():
        return figures
    bars = json.loads(accuracy.read_text())
    table, described = simulations(), peer_descriptors()
    units = units_of(table.smiles)
    kept = np.array([unit.key in described for unit in units])
    for factor in FACTORS:
        better = 0
        for name in PROPERTIES:
            values = column(table, name)
            rows = np.flatnonzero(kept & ~np.isnan(values))
            seen = Observations(tuple(units[i] for i in rows), {name: values[rows]})
            found = cross_validate(seen, name, k=5, featurise=emphasised(factor)).metrics
            figures[f"factor {factor:g}: R2, {name}"] = figure(found.r2, "1", None, peer=bars[f"{name}: R2"]["peer"])
            better += found.r2 >= bars[f"{name}: R2"]["peer"] and found.mae <= bars[f"{name}: MAE"]["peer"]
            print(f"factor {factor:g}, {name}: R2 {found.r2:.4f}", file=sys.stderr, flush=True)
        figures[f"factor {factor:g}: properties predicted at least as well as by both baselines"] = figure(
            better, "1", {"at_least": len(PROPERTIES)}
        )
    return figures


def emphasised(factor: float):
    """Return the default features with another factor."""
    scale = np.array([factor / EMPHASIS if name in EMPHASISED else 1.0 for name in NAMES])
    usual = shared_featuriser(SurrogateSettings())

    def featurise(units):
        features = usual(units)
        return replace(features, descriptors=features.descriptors * scale)

    return featurise


def laboratory() -> dict[str, Observations]:
    """Return densities and refractive indices measured on amorphous polymers."""
    densities = pd.read_csv(DATA / "experimental" / "polyarena_density_tg.csv").dropna(subset=["density"])
    indices = pd.read_csv(DATA / "experimental" / "reference_polymers.csv").dropna(subset=["n_D"])
    return {
        "density": Observations(units_of(densities.smiles), {"density": densities.density.to_numpy(dtype=float)}),
        "refractive_index": Observations(
            units_of(indices.psmiles), {"refractive_index": indices.n_D.to_numpy(dtype=float)}
        ),
    }
