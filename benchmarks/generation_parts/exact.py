"""Sequential Monte Carlo against the exact posterior of a language small enough to enumerate."""

import numpy as np

from benchmarks.common import figure
from benchmarks.generation_parts.data import once
from generators import NGramModel, SMCSampler, SMCSettings
from generators.language.decoding import score
from generators.language.grammar import Grammar
from generators.language.notation import pad
from generators.language.vocabulary import Vocabulary
from generators.smc import sampler
from generators.smc.moves import Move
from mdcore.chem import RepeatUnit

SIZES = (1_250, 5_000, 20_000)
MOVES = ("regrow_tail", "regrow_segment", "respell")


def toy():
    """A language of a few dozen strings, with all strings and their exact posterior."""
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


def run(arguments) -> dict:
    model, rows, posterior, log_evidence = toy()
    index = {tuple(row): i for i, row in enumerate(rows)}

    def sample(n, seed):
        smc = SMCSampler(model, SMCSettings(particles=n, sweeps=6))
        result = smc.run(smc.evaluator(oxygens), np.random.default_rng(seed))
        tokens = result.particles.states.tokens.tolist()
        counts = np.bincount([index[tuple(t for t in row if t >= 0)] for row in tokens], minlength=len(rows))
        return float(0.5 * np.abs(counts / n - posterior).sum()), result.log_evidence

    repeats = 4 if arguments.quick else 16
    kept = {
        n: np.array([once(arguments, f"exact-{n}-{seed}", lambda n=n, seed=seed: sample(n, seed)) for seed in seeds])
        for n, seeds in ((n, range(100 * i, 100 * i + repeats)) for i, n in enumerate(SIZES))
    }
    distances = {n: table[:, 0] for n, table in kept.items()}
    exponent, error = slope(distances)
    ratios = np.exp(kept[SIZES[-1]][:, 1] - log_evidence)
    return {
        "total_variation_at_20000": figure(float(distances[20_000].mean()), "1", {"at_most": 0.02}),
        "total_variation_exponent": figure(exponent, "1"),
        "total_variation_exponent_from_minus_half_in_standard_errors": figure(
            abs(exponent + 0.5) / error, "1", {"at_most": 3.0}
        ),
        "total_variation_without_metropolis_correction": figure(
            once(arguments, "exact-wrong", lambda: without_correction(sample)), "1", {"at_least": 0.02}
        ),
        "evidence_in_standard_errors": figure(
            float(abs(ratios.mean() - 1) / (ratios.std(ddof=1) / np.sqrt(repeats))), "1", {"at_most": 3.0}
        ),
    }


def slope(distances) -> tuple[float, float]:
    """Return the exponent of N in the mean distance, and its standard error from the scatter between runs."""
    x = np.log(list(distances))
    y = np.array([np.log(values.mean()) for values in distances.values()])
    errors = np.array([values.std(ddof=1) / values.mean() / np.sqrt(len(values)) for values in distances.values()])
    weights = errors**-2
    x = x - np.average(x, weights=weights)
    spread = (weights * x**2).sum()
    return float((weights * x * y).sum() / spread), float(spread**-0.5)


def without_correction(sample) -> float:
    """Return the distance of a run whose moves accept every possible proposal."""

    def uncorrected(move):
        def always(*task):
            proposal = move(*task)
            return Move(proposal.strings, np.full(len(proposal.log_ratio), np.inf), proposal.possible)

        return always

    moves = {name: getattr(sampler, name) for name in MOVES}
    try:
        for name, move in moves.items():
            setattr(sampler, name, uncorrected(move))
        return sample(20_000, 300)[0]
    finally:
        for name, move in moves.items():
            setattr(sampler, name, move)
