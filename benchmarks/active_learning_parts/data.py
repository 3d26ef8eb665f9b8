"""Public simulations used by the sections."""

import numpy as np
import pandas as pd

from benchmarks.common import DATA
from mdcore.chem import RepeatUnit
from surrogates import Objective, Observations, SurrogateSettings
from surrogates.features import Features, features_from_arrays, shared_featuriser
from surrogates.replay import Oracle

PROPERTIES = {
    "density": ("density", 1.0),
    "refractive_index": ("refractive_index", 1.0),
    "heat_capacity_cp": ("Cp", 1e-3),
    "thermal_conductivity": ("thermal_conductivity", 1.0),
    "linear_thermal_expansion": ("linear_expansion", 1.0),
}
OBJECTIVES = (Objective("heat_capacity_cp"), Objective("refractive_index"))
NAMES = tuple(objective.property for objective in OBJECTIVES)


def units_of(texts) -> tuple[RepeatUnit, ...]:
    return tuple(RepeatUnit.from_psmiles(text, elements=None) for text in texts)


def column(table: pd.DataFrame, name: str) -> np.ndarray:
    """Return values in the registry's unit, NaN if the simulation failed."""
    source, factor = PROPERTIES[name]
    values = table[source].to_numpy(dtype=float)
    return np.where(values <= -9000, np.nan, values) * factor


def simulations() -> pd.DataFrame:
    return pd.read_csv(DATA / "radonpy_pi1070" / "PI1070.csv")


def replay_oracle() -> tuple[Oracle, Observations]:
    """Return the published pool and the ten fluoropolymers that its search started from."""
    folder = DATA / "spacier_replay"
    pool, known = pd.read_csv(folder / "spacier_y_oracle.csv"), pd.read_csv(folder / "spacier_y.csv")
    oracle = Oracle(units_of(pool.smiles), {name: column(pool, name) for name in NAMES})
    return oracle, Observations(units_of(known.smiles), {name: column(known, name) for name in NAMES})


def peer_table() -> dict[str, np.ndarray]:
    """Return the peer's 170 force-field descriptors by key, unscaled."""
    folder = DATA / "spacier_replay"
    keys = [u.key for name in ("y_oracle", "y") for u in units_of(pd.read_csv(folder / f"spacier_{name}.csv").smiles)]
    table = np.vstack([pd.read_csv(folder / f"spacier_{name}.csv").to_numpy(dtype=float) for name in ("X_pool", "X")])
    return dict(zip(keys, table, strict=True))


def peer_descriptors() -> dict[str, np.ndarray]:
    """Return the peer's descriptors by key, standardised."""
    found = peer_table()
    table = np.array(list(found.values()))
    spread = table.std(axis=0)
    table = (table[:, spread > 1e-6] - table.mean(axis=0)[spread > 1e-6]) / spread[spread > 1e-6]
    return dict(zip(found, np.clip(table, -10, 10), strict=True))


def peer_features(units, described: dict[str, np.ndarray]) -> Features:
    return features_from_arrays(descriptors=np.array([described[unit.key] for unit in units]))


def made_up(n: int, seed: int) -> Features:
    """Return features like those of real polymers: rows of PI1070 with perturbed descriptors and thinned counts."""
    real = shared_featuriser(SurrogateSettings())(units_of(simulations().smiles))
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(real), size=n)
    bits = real.bits[rows]
    kept = rng.uniform(size=bits.nnz) < 0.9
    starts = np.concatenate([[0], np.cumsum(kept)])[bits.indptr]
    thinned = type(bits)((bits.data[kept], bits.indices[kept], starts), shape=bits.shape)
    descriptors = real.descriptors[rows] + 0.3 * rng.normal(size=(n, real.descriptors.shape[1]))
    return Features(thinned, np.diff(starts).astype(float), descriptors, np.arange(n))
