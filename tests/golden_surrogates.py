"""What saved surrogates in `tests/golden` predict and choose; run as a program, it writes the files anew."""

import gzip
import json
from pathlib import Path
from typing import Any, get_args

import numpy as np

from mdcore.chem import RepeatUnit
from surrogates import (
    AcquisitionSettings,
    Constraint,
    Objective,
    Observations,
    SurrogateSet,
    SurrogateSettings,
    fit_surrogates,
    load_surrogates,
    save_surrogates,
    select_batch,
)

GOLDEN = Path(__file__).parent / "golden"
METHODS = get_args(AcquisitionSettings.model_fields["method"].annotation)
SIDES = ("C", "F", "Cl", "O", "OC", "C#N", "c1ccccc1", "C(=O)OC", "C(C)C", "CC", "C(F)(F)F", "C(N)=O")
UNITS = tuple(RepeatUnit.from_psmiles(f"*CC(*){side}") for side in SIDES)
POOL = tuple(RepeatUnit.from_psmiles(f"*CC(*)(C){side}") for side in SIDES)
OBJECTIVES = (
    Objective("density", low=0.9, high=1.3),
    Objective("refractive_index", "minimise", low=1.3, high=1.5),
)
SETTINGS = {
    "exact": SurrogateSettings(fidelity="md-quick", restarts=2),
    "sparse": SurrogateSettings(fidelity="md-quick", restarts=1, exact_points=8, inducing_points=6, columns=256),
}


def observations() -> Observations:
    """Return twelve polymers of two fidelities, one of them failed, one measured twice."""
    units = (*UNITS, *UNITS[:5], UNITS[7])
    n = len(units)
    density = np.array([0.8 + 0.02 * unit.molar_mass_g_mol / unit.n_heavy_atoms for unit in units])
    density += 0.01 * np.sin(np.arange(n))
    index = np.array([1.4 + 0.01 * unit.n_heavy_atoms for unit in units])
    failed = np.arange(n) == 3
    density[3] = index[3] = index[6] = np.nan
    fidelities = ("md-quick",) * len(UNITS) + ("additive",) * 5 + ("md-quick",)
    values = {"density": density, "refractive_index": index}
    return Observations(units, values, {"density": np.full(n, 0.01)}, failed, fidelities)


def fitted(name: str) -> SurrogateSet:
    """Fit one of the sets anew."""
    return fit_surrogates(observations(), ["density", "refractive_index"], SETTINGS[name], seed=4)


def saved(name: str, folder: Path) -> SurrogateSet:
    """Read one of the saved sets."""
    path = folder / f"surrogate-{name}.json"
    path.write_bytes(gzip.decompress((GOLDEN / f"{path.name}.gz").read_bytes()))
    return load_surrogates(path)


def predicted(surrogates: SurrogateSet) -> dict[str, Any]:
    """Return predictions for a pool."""
    found = surrogates.predict(POOL)
    return {
        "mean": found.mean.tolist(),
        "sd": found.sd.tolist(),
        "failure": surrogates.failure_probability(POOL).tolist(),
        "target": surrogates.log_probability_of_target(POOL, {"density": (0.9, 1.0)}).tolist(),
    }


def chosen(surrogates: SurrogateSet, method: str) -> dict[str, Any]:
    """Return a batch of three, with one unit pending and one limit."""
    settings = AcquisitionSettings(method=method, samples=16)
    limits = (Constraint("density", high=1.6),)
    found = select_batch(surrogates, POOL, OBJECTIVES, 3, (POOL[1],), settings, seed=5, constraints=limits)
    return {"indices": list(found.indices), "values": found.values.tolist()}


def write(folder: Path) -> None:
    """Fit the sets, save them, and write down what they predict and choose."""
    found: dict[str, Any] = {}
    for name in SETTINGS:
        path = GOLDEN / f"surrogate-{name}.json"
        save_surrogates(fitted(name), path)
        (GOLDEN / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
        surrogates = saved(name, folder)
        found[name] = {"predicted": predicted(surrogates), "chosen": {m: chosen(surrogates, m) for m in METHODS}}
    (GOLDEN / "surrogates.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as temporary:
        write(Path(temporary))
