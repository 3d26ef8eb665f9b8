"""Generators against their goals, and against XenonPy's iQSPR in the same run.

    python benchmarks/generators.py --json [--quick] [--peer /path/to/python] [--work FOLDER]
        [--only speed memory exact design reaction neural]

`--peer` is the interpreter of an environment that holds XenonPy (Python 3.8; `pip install xenonpy 'pandas<2' rdkit-pypi`). Without
it the peer's figures are absent. `design`, `neural` and `memory` need `shared/data` beside the repository. Speeds are in CPU
seconds of one core. With `--work` every finished piece is kept in that folder and not measured again, so that an interrupted run
goes on; the folder belongs to one state of the code.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

# This script bears the name of the package it measures, which its own folder would hide.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd

from benchmarks.common import DATA, answer, figure
from generators import (
    CorpusSettings,
    Filters,
    MonomerLibrary,
    NGramModel,
    ReactionGenerator,
    SMCGenerator,
    SMCSampler,
    SMCSettings,
    cached_ngram,
    internal_diversity,
    load_corpus,
    novelty,
    route,
)
from generators.decoding import score
from generators.grammar import Grammar
from generators.lists import Entry
from generators.notation import pad
from generators.reactions import polymerisation_rules
from generators.smc import sampler
from generators.smc.moves import Proposal, regrow_tail
from generators.vocabulary import Vocabulary
from mdcore.chem import InvalidRepeatUnit, RepeatUnit

PEER = Path(__file__).with_name("generators_peer.py")
TARGETS = {
    "n_above_1.70": {"refractive_index": (1.70, None)},
    "n_above_1.60_kappa_above_0.30": {"refractive_index": (1.60, None), "thermal_conductivity": (0.30, None)},
    "density_below_0.90_n_above_1.50": {"density": (None, 0.90), "refractive_index": (1.50, None)},
}
PEER_BETA = [*np.linspace(0.01, 0.2, 20), *np.linspace(0.21, 0.4, 10), *np.linspace(0.4, 1.0, 10), *np.full(10, 1.0)]


def peer_answer(peer: str, task: dict, ask=None):
    """Run one task in the peer's environment; `ask` answers its questions about likelihoods."""
    to_us, from_peer = os.pipe()
    to_peer, from_us = os.pipe()
    # The peer finds its two pipes under the numbers 3 and 4.
    shell = f'exec 3<&{to_peer} 4>&{from_peer}; exec "$0" "$1"'
    process = subprocess.Popen(
        ["/bin/bash", "-c", shell, peer, str(PEER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(to_peer, from_peer),
        text=True,
    )
    os.close(from_peer)
    os.close(to_peer)
    process.stdin.write(json.dumps(task))
    process.stdin.close()
    with os.fdopen(to_us) as questions, os.fdopen(from_us, "w") as answers:
        for line in questions:
            answers.write(json.dumps(ask(json.loads(line))) + "\n")
            answers.flush()
    document = process.stdout.read()
    if process.wait():
        raise RuntimeError(f"the peer {peer} ended with status {process.returncode}")
    return json.loads(document)


def once(arguments, name: str, make):
    """What `make` gives, from the folder `--work` where it has been made before."""
    path = arguments.work / f"{name}{'-quick' if arguments.quick else ''}.json" if arguments.work else None
    if path is not None and path.exists():
        return json.loads(path.read_text())
    found = make()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1))
    return found


def speed(arguments, corpus) -> dict:
    units = list(corpus.units)

    def fit_and_propose():
        start = time.process_time()
        model = NGramModel.fit(units, 10)
        fit = len(units) / (time.process_time() - start)
        n = 4_000 if arguments.quick else 20_000
        rows = pad([row for row in model_rows(model, units) if row][:n], model.grammar.max_tokens)
        strings = score(model, rows)
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


def model_rows(model, units):
    from generators.language import encode_all

    return encode_all(units, model.grammar)


def is_valid(text: str) -> bool:
    try:
        RepeatUnit.from_psmiles(text)
    except InvalidRepeatUnit:
        return False
    return True


MEMORY_CODE = """
import resource, sys
from generators import NGramModel
units = sys.stdin.read().split()
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
NGramModel.fit(units, 10)
print(len(units), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def memory(arguments) -> dict:
    """Peak resident memory of a process that fits 300,000 repeat units, interpreter and input included."""
    n = 20_000 if arguments.quick else 300_000
    with zipfile.ZipFile(DATA / "smipoly" / "SMiPoly_001_generatedPolymer.csv.zip") as archive:
        name = next(item for item in archive.namelist() if item.endswith(".csv") and "MACOSX" not in item)
        table = pd.read_csv(archive.open(name))
    column = next(c for c in table.columns if table[c].astype(str).str.count(r"\*").eq(2).mean() > 0.3)
    texts = table[column].astype(str)
    texts = texts[texts.str.count(r"\*") == 2].drop_duplicates().sample(frac=1.0, random_state=0)[:n]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_CODE], input="\n".join(texts), capture_output=True, text=True, check=True
    )
    count, gib = done.stdout.split()
    return {
        "fit_peak_memory": figure(float(gib), "GiB", {"at_most": 2.0}),
        "units_fitted_for_memory": figure(int(count), "1"),
    }


def toy():
    """A language of some dozens of strings, all of them, and their exact posterior."""
    grammar = Grammar(Vocabulary.of(["O", "=C", "S"]), 4)
    units = ["*CC*", "*CO*", "*CCO*", "*OCC(C)*", "*CC(O)C*", "*CCC*", "*C=CC*", "*OC=C*", "*CC(=C)*"]
    model = NGramModel.fit(units, 3, grammar=grammar)
    rows, level = [], [([], grammar.start(1))]
    while level:
        following = []
        for tokens, state in level:
            for token in np.flatnonzero(grammar.allowed(state)[0]):
                if token == grammar.star:
                    rows.append([*tokens, int(token)])
                    continue
                after = state.take(np.array([0]))
                grammar.advance(after, np.array([token]))
                following.append(([*tokens, int(token)], after))
        level = following
    log_prior = score(model, pad(rows)).log_prob
    keys = [RepeatUnit.from_psmiles(text).key for text in model.spell(pad(rows))]
    values = oxygens([RepeatUnit(psmiles=key, key=key) for key in keys])
    joint = np.exp(log_prior + values)
    return model, rows, joint / joint.sum(), float(np.log(joint.sum()))


def oxygens(units):
    count = np.array([sum(atom.GetSymbol() == "O" for atom in unit.mol.GetAtoms()) for unit in units])
    return 2.0 * count - 0.8 * np.abs(np.array([unit.n_heavy_atoms for unit in units]) - 4)


def exact(arguments) -> dict:
    model, rows, posterior, log_evidence = toy()
    index = {tuple(row): i for i, row in enumerate(rows)}

    def run(n, seed):
        smc = SMCSampler(model, SMCSettings(particles=n, sweeps=6))
        result = smc.run(smc.evaluator(oxygens), np.random.default_rng(seed))
        tokens = result.particles.states.tokens.tolist()
        counts = np.bincount([index[tuple(t for t in row if t >= 0)] for row in tokens], minlength=len(rows))
        return float(0.5 * np.abs(counts / n - posterior).sum()), result.log_evidence

    def kept(n, seed):
        return once(arguments, f"exact-{n}-{seed}", lambda: run(n, seed))

    def uncorrected(move):
        """The move with every possible proposal accepted."""

        def always(*task):
            proposal = move(*task)
            return Proposal(proposal.strings, np.full(len(proposal.log_ratio), np.inf), proposal.possible)

        return always

    repeats = 4 if arguments.quick else 16
    small = [kept(1250, seed)[0] for seed in range(repeats)]
    large = [kept(20_000, 100 + seed) for seed in range(repeats)]
    moves = {name: getattr(sampler, name) for name in ("regrow_tail", "regrow_segment", "respell")}
    for name, move in moves.items():
        setattr(sampler, name, uncorrected(move))
    wrong = run(20_000, 200)[0]
    for name, move in moves.items():
        setattr(sampler, name, move)
    ratios = np.exp([value - log_evidence for _, value in large])
    return {
        "total_variation_at_20000": figure(float(np.mean([d for d, _ in large])), "1", {"at_most": 0.02}),
        "total_variation_without_metropolis_correction": figure(wrong, "1", {"at_least": 0.02}),
        "total_variation_1250_over_20000": figure(
            float(np.mean(small) / np.mean([d for d, _ in large])), "1", {"at_least": 3.0}
        ),
        "evidence_in_standard_errors": figure(
            float(abs(ratios.mean() - 1) / (ratios.std(ddof=1) / np.sqrt(repeats))), "1", {"at_most": 3.0}
        ),
    }


def halves():
    """PI1070 by canonical key, split in two at random."""
    table = pd.read_csv(DATA / "radonpy_pi1070" / "PI1070.csv")
    columns = ["density", "refractive_index", "thermal_conductivity"]
    rows: dict[str, list[np.ndarray]] = {}
    for text, values in zip(table["smiles"], table[columns].to_numpy(dtype=float), strict=True):
        try:
            rows.setdefault(RepeatUnit.from_psmiles(text).key, []).append(values)
        except InvalidRepeatUnit:
            continue
    keys = np.random.default_rng(0).permutation(list(rows))
    half = len(keys) // 2
    return [(part, np.array([mean_of(rows[key]) for key in part])) for part in (keys[:half], keys[half:])]


def mean_of(values) -> np.ndarray:
    """Mean of the rows that hold a number, column by column; NaN where none does."""
    table = np.array(values)
    known = np.isfinite(table)
    with np.errstate(invalid="ignore"):
        return np.where(known, table, 0.0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)


def fitted(part, seed):
    from surrogates import Observations, fit_surrogates

    keys, values = part
    units = tuple(RepeatUnit.from_psmiles(key) for key in keys)
    names = ("density", "refractive_index", "thermal_conductivity")
    columns = {name: values[:, i] for i, name in enumerate(names)}
    errors = {name: 0.01 * np.abs(column) for name, column in columns.items()}
    return fit_surrogates(Observations(units, columns, errors, np.zeros(len(units), dtype=bool)), names, seed=seed)


def share(judge, units, target) -> float:
    """Fraction of units whose predicted mean lies in the target."""
    prediction = judge.predict(units)
    inside = np.ones(len(units), dtype=bool)
    for name, (low, high) in target.items():
        mean = prediction.mean[:, list(prediction.properties).index(name)]
        inside &= (mean > (low if low is not None else -np.inf)) & (mean < (high if high is not None else np.inf))
    return float(inside.mean())


def design(arguments, corpus) -> dict:
    figures: dict[str, dict] = {}
    for name, target in TARGETS.items():
        figures |= once(
            arguments, f"design-{name}", lambda name=name, target=target: one_design(arguments, corpus, name, target)
        )
    return figures


def one_design(arguments, corpus, name, target) -> dict:
    first, second = halves()
    guide, judge = fitted(first, 0), fitted(second, 1)
    model = NGramModel.fit([*corpus.units, *first[0]], 10)
    known = corpus.keys | set(first[0])
    n = 60 if arguments.quick else 200
    calls = 0

    def likelihood(units):
        nonlocal calls
        calls += len(units)
        return guide.log_probability_of_target(units, target)

    settings = SMCSettings(particles=150 if arguments.quick else 600)
    generator = SMCGenerator(model, settings, Filters(sa_score=6.0))
    found = [c.unit for c in generator.propose(n, np.random.default_rng(3), likelihood, known)]
    spent = calls
    plain = [c.unit for c in generator.propose(5 * n, np.random.default_rng(4))]
    ours, base = share(judge, found, target), share(judge, plain, target)
    other = design_by_peer(arguments, corpus, first, likelihood, spent, judge, target) if arguments.peer else None
    floor = max(10 * base, 2 * other if other is not None else 0.0)
    return {
        f"in_target_{name}": figure(ours, "1", {"at_least": min(1.0, floor)}, other),
        f"prior_in_target_{name}": figure(base, "1"),
        f"likelihood_calls_{name}": figure(spent, "1"),
        f"diversity_{name}": figure(internal_diversity(found), "1", {"at_least": 0.7}),
        f"novelty_{name}": figure(novelty(found, known), "1", {"at_least": 0.95}),
    }


def design_by_peer(arguments, corpus, first, likelihood, calls, judge, target) -> float:
    rng = np.random.default_rng(5)
    pool = [*corpus.units, *first[0]]
    task = {
        "task": "design",
        "units": [pool[i] for i in rng.choice(len(pool), 600 if arguments.quick else 3000, replace=False)],
        "start": [pool[i] for i in rng.choice(len(pool), 100, replace=False)],
        "beta": list(PEER_BETA),
        "kept": str(arguments.work / "peer-ngram.pickle") if arguments.work else None,
        "calls": calls,
        "seed": 0,
    }
    asked: dict[str, float] = {}

    def ask(texts):
        units = {text: RepeatUnit.from_psmiles(text) for text in texts if is_valid(text)}
        new = list({unit.key: unit for unit in units.values() if unit.key not in asked}.values())
        if new:
            asked.update(zip((unit.key for unit in new), likelihood(new).tolist(), strict=True))
        values = [max(asked[units[text].key], -1000.0) if text in units else -1000.0 for text in texts]
        return {"log_likelihoods": values, "calls": len(asked)}

    texts = peer_answer(arguments.peer, task, ask)["found"]
    distinct = {RepeatUnit.from_psmiles(text).key for text in texts if is_valid(text)}
    units = [RepeatUnit.from_psmiles(key) for key in distinct]
    return share(judge, units, target) if units else 0.0


def reaction(arguments) -> dict:
    n = 200 if arguments.quick else 1000
    candidates = ReactionGenerator().propose(n, np.random.default_rng(0))
    rules = {rule.name: rule for rule in polymerisation_rules()[0]}
    good = sum(gives_back(candidate, rules[candidate.route.reaction]) for candidate in candidates)
    backwards = sum(route(candidate.unit) is not None for candidate in candidates)
    return {
        "reaction_routes_that_give_the_unit_back": figure(good / n, "1", {"at_least": 1.0}),
        "reaction_proposals_whose_route_is_found_backwards": figure(backwards / n, "1"),
    }


def gives_back(candidate, rule) -> bool:
    """Whether the rule of a candidate's route, applied to its monomers, gives the candidate."""
    library = MonomerLibrary.of([Entry(monomer.name, monomer.smiles) for monomer in candidate.route.monomers])
    products = (text for members in library.pairs(rule) for text in rule.products([mol for _, mol in members]))
    return candidate.unit.key in {RepeatUnit.canonical(text).key for text in products}


def neural(arguments, corpus) -> dict:
    """Bits per polymer on the second half of PI1070; both kinds get the corpus and the first half, as it suits each best."""
    from generators import NeuralSettings, train_neural
    from generators.training import FINE_TUNING

    first, second = halves()
    held = set(second[0])
    real = [*first[0], *(entry.key for entry in corpus.entries if entry.source == "known" and entry.key not in held)]
    units = [key for key in (*corpus.units, *first[0]) if key not in held]
    ngram = min(bits(NGramModel.fit(part, order), second[0]) for part in (units, real) for order in (6, 8, 10))
    settings = NeuralSettings(epochs=2 if arguments.quick else 12)
    kept = arguments.work / "network.training" if arguments.work else None
    network = train_neural(units, settings, checkpoint=kept, progress=told)
    # Fine-tuned as `designer train --start` does it, judged by a tenth of the known polymers.
    fine = settings.model_copy(update={**FINE_TUNING, "epochs": 60})
    tuned = train_neural(real, fine, start=network, progress=told)
    return {
        "ngram_bits_per_polymer": figure(ngram, "bit"),
        "neural_bits_per_polymer": figure(
            min(bits(network, second[0]), bits(tuned, second[0])), "bit", {"at_most": ngram}
        ),
    }


def told(progress) -> None:
    if progress.finished:
        print(progress, file=sys.stderr)


def bits(model, keys) -> float:
    """Mean over the polymers that the grammar can express."""
    values = model.log_prob(list(keys))
    return float(-values[np.isfinite(values)].mean() / math.log(2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer")
    parser.add_argument("--work", type=Path)
    parts = ("speed", "memory", "exact", "design", "reaction", "neural")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    arguments = parser.parse_args()
    corpus = load_corpus(CorpusSettings())
    makers = {
        "speed": lambda: speed(arguments, corpus),
        "memory": lambda: memory(arguments),
        "exact": lambda: exact(arguments),
        "design": lambda: design(arguments, corpus),
        "reaction": lambda: reaction(arguments),
        "neural": lambda: neural(arguments, corpus),
    }
    figures: dict[str, dict] = {}
    for part in arguments.only:
        figures |= once(arguments, part, makers[part])
    answer("generators", figures, keep=not arguments.quick and tuple(arguments.only) == parts)


if __name__ == "__main__":
    main()
