"""Speed of fitting and sampling n-gram models, and validity of their proposals."""

import time

import numpy as np

from benchmarks.common import figure
from benchmarks.generation_parts.data import corpus, is_valid, once
from benchmarks.generation_parts.peer import peer_answer
from generators import NGramModel, cached_ngram
from generators.language.decoding import score
from generators.language.model import encode_all
from generators.language.notation import pad
from generators.smc.moves import regrow_tail


def run(arguments) -> dict:
    units = list(corpus().units)

    def fit_and_propose():
        start = time.process_time()
        model = NGramModel.fit(units, 10)
        fit = len(units) / (time.process_time() - start)
        n = 4_000 if arguments.quick else 20_000
        rows = [row for row in encode_all(units, model.grammar) if row]
        strings = score(model, pad(rows[:n], model.grammar.max_tokens))
        start = time.process_time()
        proposed = regrow_tail(model, strings, np.random.default_rng(0))
        model.spell(proposed.strings.tokens)
        return fit, len(strings) / (time.process_time() - start)

    def peer():
        rng = np.random.default_rng(0)
        sample = [units[i] for i in rng.choice(len(units), 400 if arguments.quick else 800, replace=False)]
        return peer_answer(arguments.peer, {"task": "speed", "units": sample, "proposals": 500, "seed": 0})

    def valid(part):
        texts = cached_ngram(units).sample_psmiles(10_000, np.random.default_rng([1, part]))
        return sum(is_valid(text) for text in texts)

    fit, proposals = once(arguments, "speed-ours", fit_and_propose)
    other = once(arguments, "speed-peer", peer) if arguments.peer else None
    parts = 1 if arguments.quick else 10
    checked = 10_000 * parts
    good = sum(once(arguments, f"speed-valid-{part}", lambda part=part: valid(part)) for part in range(parts))
    return {
        "ngram_fit": figure(
            fit, "polymers/s", {"at_least": 100 * other["fit_per_s"]} if other else None, other and other["fit_per_s"]
        ),
        "ngram_proposals": figure(
            proposals,
            "strings/s",
            {"at_least": 50 * other["proposals_per_s"]} if other else None,
            other and other["proposals_per_s"],
        ),
        "valid_with_two_stars": figure(good / checked, "1", {"at_least": 1.0}, other and other["two_stars"]),
        "strings_checked": figure(checked, "1"),
    }
