"""The neural model against the n-gram model, in bits per polymer on held-out real polymers."""

import math
import sys

import numpy as np

from benchmarks.common import figure
from benchmarks.generation_parts.data import corpus, halves, once
from generators import NeuralSettings, NGramModel, train_neural

ORDERS = (4, 6, 8, 10)


def run(arguments) -> dict:
    """The held-out polymers are the second half of PI1070; models may be trained on the corpus, the known polymers, or both in turn.

    The n-gram model uses the order and training units that describe the held-out polymers best, so that its figure is a lower bound.
    """
    real, units, held = parts()
    ngram = once(
        arguments, "neural-ngram", lambda: min(bits(NGramModel.fit(p, o), held) for p in (units, real) for o in ORDERS)
    )
    trained, tuned = once(arguments, "neural-gru", lambda: gru_bits(arguments, units, real, held))
    expressible = int(np.isfinite(NGramModel.fit(real, 1).log_prob(held)).sum())
    return {
        "ngram_bits_per_polymer": figure(ngram, "bit"),
        "neural_bits_per_polymer": figure(tuned, "bit", {"at_most": ngram}),
        "neural_bits_per_polymer_before_fine_tuning": figure(trained, "bit"),
        "held_out_polymers": figure(len(held), "1"),
        "held_out_polymers_in_the_grammar": figure(expressible, "1"),
    }


def parts():
    """Return known polymers, all training polymers, and held-out polymers, which are in neither."""
    first, second = halves()
    held = set(second[0])
    known = [entry.key for entry in corpus().entries if entry.source == "known"]
    real = list(dict.fromkeys(key for key in (*first[0], *known) if key not in held))
    units = list(dict.fromkeys(key for key in (*corpus().units, *first[0]) if key not in held))
    return real, units, list(second[0])


def gru_bits(arguments, units, real, held) -> tuple[float, float]:
    """Train and fine-tune on the known polymers, as with `designer train` and `designer train --start`."""
    from generators.language.training_settings import FINE_TUNING

    settings = NeuralSettings(epochs=2) if arguments.quick else NeuralSettings()
    kept = arguments.work / "network.training" if arguments.work and not arguments.quick else None
    network = train_neural(units, settings, checkpoint=kept, progress=told)
    tuned = train_neural(real, settings.model_copy(update=FINE_TUNING), start=network, progress=told)
    return bits(network, held), bits(tuned, held)


def told(progress) -> None:
    if progress.finished:
        print(progress, file=sys.stderr, flush=True)


def bits(model, keys) -> float:
    """Return the mean over the polymers that the grammar can express."""
    values = model.log_prob(keys)
    return float(-values[np.isfinite(values)].mean() / math.log(2))
