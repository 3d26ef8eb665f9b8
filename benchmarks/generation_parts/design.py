"""Inverse design for three targets, guided by surrogates of one half of PI1070 and evaluated by those of the other half."""

import sys
from functools import cache, partial

import numpy as np

from benchmarks.common import figure
from benchmarks.generation_parts.data import PROPERTIES, corpus, halves, is_valid, once
from benchmarks.generation_parts.peer import peer_answer
from generators import Filters, NGramModel, SMCGenerator, SMCSettings, internal_diversity, novelty
from mdcore.chem import RepeatUnit

TARGETS = {
    "n_above_1.70": {"refractive_index": (1.70, None)},
    "n_above_1.60_kappa_above_0.30": {"refractive_index": (1.60, None), "thermal_conductivity": (0.30, None)},
    "density_below_0.90_n_above_1.50": {"density": (None, 0.90), "refractive_index": (1.50, None)},
}
PEER_BETA = [*np.linspace(0.01, 0.2, 20), *np.linspace(0.21, 0.4, 10), *np.linspace(0.4, 1.0, 10), *np.full(10, 1.0)]
PEER_UNITS = 2000
"""Number of training polymers of the peer: takes minutes, and its time grows faster than linearly."""

PEER_RUNS, PEER_PROPOSALS = 10, 4000
"""Runs of the peer and proposals of each; its population soon shrinks to a few strings, so that it needs far fewer likelihoods."""

FEW_RUNS, FEW_BEST_OF = 5, 3.0
"""Runs of the sampler with as few calls as all runs of the peer together, with different seeds, and oversampling of their outputs."""

SHARPNESS, BEST_OF, DIVERSITY = 4.0, 6.0, 0.7
"""Final exponent of the likelihood, oversampling factor of the outputs, and required diversity of the outputs.

The first two were chosen with other halves of PI1070 and other targets; the third is that of the goal."""


def run(arguments) -> dict:
    figures: dict[str, dict] = {}
    for name, target in TARGETS.items():
        figures |= once(arguments, f"design-{name}", lambda name=name, target=target: one(arguments, name, target))
    return figures


def one(arguments, name, target) -> dict:
    made = once(arguments, f"design-ours-{name}", lambda: ours(arguments, target))
    found, free = units_of(made["found"]), units_of(made["free"])
    plain = units_of(once(arguments, "design-prior", lambda: prior(arguments)))
    peer = None
    if arguments.peer:
        peer = by_peer(arguments, name, target)
    judge, guide = fitted(1), fitted(0)
    base = share(judge, plain, target)
    theirs = units_of(peer["found"]) if peer else []
    other = share(judge, theirs, target) if theirs else 0.0
    equal = {}
    if peer:
        few = [
            once(
                arguments,
                f"design-ours-at-equal-calls-{name}-{seed}",
                partial(with_few_calls, target, peer["calls"], seed),
            )
            for seed in range(1 if arguments.quick else FEW_RUNS)
        ]
        shares = [share(judge, units_of(one["found"]), target) for one in few]
        equal = {
            f"in_target_at_equal_calls_{name}": figure(float(np.mean(shares)), "1", {"at_least": 2 * other}, other),
            f"in_target_at_equal_calls_lowest_run_{name}": figure(min(shares), "1"),
            f"calls_at_equal_calls_{name}": figure(
                max(one["calls"] for one in few), "1", {"at_most": peer["calls"]}, peer["calls"]
            ),
            f"diversity_at_equal_calls_{name}": figure(
                float(np.mean([internal_diversity(units_of(one["found"])) for one in few])), "1", {"at_least": 0.7}
            ),
            f"outputs_at_equal_calls_{name}": figure(
                float(np.mean([len(one["found"]) for one in few])), "1", None, len(theirs)
            ),
        }
    return equal | {
        f"in_target_{name}": figure(
            share(judge, found, target), "1", {"at_least": max(10 * base, 2 * other)}, other if peer else None
        ),
        f"prior_in_target_{name}": figure(base, "1"),
        f"guide_in_target_{name}": figure(
            share(guide, found, target), "1", None, share(guide, theirs, target) if theirs else None
        ),
        f"likelihood_calls_{name}": figure(made["calls"], "1", None, peer and peer["calls"]),
        f"distinct_outputs_{name}": figure(len(found), "1", None, len(theirs) if peer else None),
        f"diversity_{name}": figure(
            internal_diversity(found), "1", {"at_least": 0.7}, internal_diversity(theirs) if len(theirs) > 1 else None
        ),
        f"novelty_{name}": figure(
            novelty(found, known()), "1", {"at_least": 0.95}, novelty(theirs, known()) if theirs else None
        ),
        f"novelty_unless_asked_for_{name}": figure(novelty(free, known()), "1"),
    }


def counted(target):
    """The guide's likelihood of a target, with the requested values by key."""
    guide, asked = fitted(0), {}

    def likelihood(units):
        new = [unit for unit in units if unit.key not in asked]
        if new:
            values = guide.log_probability_of_target(new, target)
            asked.update(zip((unit.key for unit in new), values.tolist(), strict=True))
        return np.array([asked[unit.key] for unit in units])

    return asked, likelihood


def ours(arguments, target) -> dict:
    n = 60 if arguments.quick else 200
    asked, likelihood = counted(target)
    # As in a campaign with novelty; otherwise, the sampler rediscovers known polymers.
    smc = generator(arguments.quick, sharpness=SHARPNESS)

    def outputs(exclude):
        made = smc.propose(n, np.random.default_rng(3), likelihood, exclude, BEST_OF, DIVERSITY)
        return [candidate.unit.key for candidate in made]

    found = outputs(known())
    calls = len(asked)
    return {"found": found, "calls": calls, "free": outputs(())}


def with_few_calls(target, budget, seed) -> dict:
    """Run the sampler with a population small enough to need no more likelihoods than the peer."""
    particles = 256
    while True:
        asked, likelihood = counted(target)
        settings = SMCSettings(particles=particles, max_top_up=0, sharpness=SHARPNESS)
        smc = SMCGenerator(language(), settings, Filters())
        rng = np.random.default_rng([6, seed])
        found = smc.propose(max(particles // 4, 1), rng, likelihood, known(), FEW_BEST_OF, DIVERSITY)
        if len(asked) <= budget:
            return {"found": [c.unit.key for c in found], "calls": len(asked), "particles": particles}
        particles = max(min(int(0.9 * particles * budget / len(asked)), particles - 1), 2)


def units_of(keys):
    return [RepeatUnit.from_psmiles(key) for key in keys]


@cache
def fitted(which):
    """Return surrogates of one half."""
    from surrogates import Observations, fit_surrogates

    keys, values = halves()[which]
    units = tuple(RepeatUnit.from_psmiles(key) for key in keys)
    columns = {name: values[:, i] for i, name in enumerate(PROPERTIES)}
    errors = {name: 0.01 * np.abs(column) for name, column in columns.items()}
    observations = Observations(units, columns, errors, np.zeros(len(units), dtype=bool))
    return fit_surrogates(observations, PROPERTIES, seed=which)


@cache
def language():
    """Return a language model of the corpus and the first half."""
    return NGramModel.fit([*corpus().units, *halves()[0][0]], 10)


def generator(quick, sharpness=1.0):
    """Return the sampler with default filters and default settings except for the sharpness."""
    fewer = {"particles": 128} if quick else {}
    return SMCGenerator(language(), SMCSettings(sharpness=sharpness, **fewer), Filters())


def prior(arguments) -> list[str]:
    """Return proposals of the language model with the same filters, without a target."""
    n = 500 if arguments.quick else 4000
    return [c.unit.key for c in generator(arguments.quick).propose(n, np.random.default_rng(4))]


def known():
    return corpus().keys | set(halves()[0][0])


def share(judge, units, target) -> float:
    """Return the fraction of units whose predicted mean is in the target."""
    prediction = judge.predict(units)
    inside = np.ones(len(units), dtype=bool)
    for name, (low, high) in target.items():
        mean = prediction.mean[:, list(prediction.properties).index(name)]
        inside &= (mean > (low if low is not None else -np.inf)) & (mean < (high if high is not None else np.inf))
    return float(inside.mean())


def by_peer(arguments, name, target) -> dict:
    """Return the distinct repeat units of the peer's populations at the target, and its number of likelihood calls.

    A call is a distinct repeat unit, as for our sampler: invalid units and repeated requests are not counted. The peer's model is trained
    on the same first half and on as large a part of the same corpus as its speed allows.
    """
    found: set[str] = set()
    asked: dict[str, float] = {}
    for seed in range(2 if arguments.quick else PEER_RUNS):
        made = once(arguments, f"design-peer-{name}-{seed}", partial(peer_run, arguments, target, seed, dict(asked)))
        asked |= made["asked"]
        found |= {RepeatUnit.from_psmiles(text).key for text in made["found"] if is_valid(text)}
    return {"found": sorted(found), "calls": len(asked)}


def peer_run(arguments, target, seed, before) -> dict:
    guide, rng = fitted(0), np.random.default_rng(5)
    first, others = halves()[0][0], list(corpus().units)
    chosen = rng.choice(len(others), 2500, replace=False)
    pool = [*first, *(others[i] for i in chosen)][: 900 if arguments.quick else PEER_UNITS]
    start = np.random.default_rng([5, seed]).choice(len(pool), PEER_PROPOSALS // len(PEER_BETA))
    asked = before

    def ask(texts):
        units = {text: RepeatUnit.from_psmiles(text) for text in texts if is_valid(text)}
        new = list({unit.key: unit for unit in units.values() if unit.key not in asked}.values())
        if new:
            values = guide.log_probability_of_target(new, target)
            asked.update(zip((unit.key for unit in new), values.tolist(), strict=True))
        values = [max(asked[units[text].key], -1000.0) if text in units else -1000.0 for text in texts]
        return {"log_likelihoods": values}

    task = {
        "task": "design",
        "units": pool,
        "start": [pool[i] for i in start],
        "beta": PEER_BETA,
        "kept": str(arguments.work / "peer-ngram.pickle") if arguments.work else None,
        "seed": seed,
    }
    made = peer_answer(arguments.peer, task, ask)
    print(f"peer: {len(asked)} calls, {len(made['found'])} strings, {made['ended']}", file=sys.stderr, flush=True)
    return {"found": made["found"], "asked": asked}
