"""What the generators draw and propose from the saved models in `tests/golden`; run as a program, it writes the files anew."""

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from generators import (
    Filters,
    NeuralModel,
    NeuralSettings,
    NGramModel,
    ReactionGenerator,
    SMCGenerator,
    SMCSettings,
    load_model,
    route,
    train_neural,
)
from generators.lists import known_polymers
from mdcore.chem import RepeatUnit

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = SMCSettings(particles=24, sweeps=1, max_top_up=3)
FILTERS = Filters(max_heavy_atoms=25)
ROUTES = ("*CC(*)c1ccccc1", "*OCCOC(=O)c1ccc(C(*)=O)cc1", "*NCCCCCC(*)=O", "*CC(*)(C)C(=O)OC")


def oxygen_rich(units: Sequence[RepeatUnit]) -> np.ndarray:
    """Return a log likelihood that rises with the number of oxygen atoms."""
    return np.array([2.0 * unit.key.count("O") - 0.1 * unit.n_heavy_atoms for unit in units])


def unpacked(name: str, folder: Path) -> Path:
    """Write a saved model out of its archive and return its path."""
    path = folder / f"{name}.npz"
    path.write_bytes(gzip.decompress((GOLDEN / f"{name}.npz.gz").read_bytes()))
    return path


def draws(folder: Path) -> dict[str, Any]:
    """Return draws, log probabilities and proposals of the saved models and of the reactions."""
    found: dict[str, Any] = {}
    for name in ("ngram", "neural"):
        model = load_model(unpacked(name, folder))
        rng = np.random.default_rng([7, 1])
        found[name] = {"strings": model.sample_psmiles(12, rng), "log_prob": model.log_prob(list(ROUTES)).tolist()}
        generator = SMCGenerator(model, SETTINGS, FILTERS)
        if name == "ngram":
            result = generator.run(generator.sampler.evaluator(oxygen_rich), np.random.default_rng(3))
            found["smc run"] = {
                "units": [unit.key for unit in result.particles.units],
                "log_evidence": result.log_evidence,
                "betas": [step.beta for step in result.steps],
                "ancestors": [step.ancestors.tolist() for step in result.steps],
            }
        found[f"smc {name}"] = _proposed(generator)
    found["reaction"] = _proposed(ReactionGenerator(settings=SETTINGS, filters=FILTERS))
    found["routes"] = [str(route(RepeatUnit.from_psmiles(text))) for text in ROUTES]
    return found


def _proposed(generator: Any) -> dict[str, Any]:
    prior = generator.propose(3, np.random.default_rng(5))
    posterior = generator.propose(3, np.random.default_rng(5), oxygen_rich, exclude=[prior[0].unit.key], best_of=2.0)
    return {
        name: [[c.unit.key, c.log_prior, c.origin, None if c.route is None else str(c.route)] for c in candidates]
        for name, candidates in (("prior", prior), ("posterior", posterior))
    }


def write_models() -> None:
    """Fit two small language models and save them."""
    units = [entry.smiles for entry in known_polymers()]
    ngram = NGramModel.fit(units[:80], order=5)
    settings = NeuralSettings(embedding=6, hidden=16, epochs=3, batch=16, validation=0.1)
    neural: NeuralModel = train_neural(units, settings)
    for name, model in (("ngram", ngram), ("neural", neural)):
        path = GOLDEN / f"{name}.npz"
        model.save(path)
        stream = io.BytesIO()
        with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as file:
            file.write(path.read_bytes())
        (GOLDEN / f"{name}.npz.gz").write_bytes(stream.getvalue())
        path.unlink()


if __name__ == "__main__":
    import tempfile

    write_models()
    with tempfile.TemporaryDirectory() as folder:
        (GOLDEN / "generators.json").write_text(json.dumps(draws(Path(folder)), indent=1) + "\n")
