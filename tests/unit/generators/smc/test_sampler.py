"""Sequential Monte Carlo against exact answers on a language small enough to enumerate."""

import numpy as np
import pytest

from generators.errors import ExhaustedProposals, ImpossibleTarget, NothingAccepted
from generators.filters import Filters
from generators.generator import SMCGenerator
from generators.language.decoding import score
from generators.language.grammar import Grammar
from generators.language.ngram import NGramModel
from generators.language.notation import pad
from generators.language.spellings import standard_spellings
from generators.language.vocabulary import Vocabulary
from generators.smc import SMCSampler, SMCSettings, moves
from generators.smc import sampler as sampler_module
from generators.smc.moves import Move, regrow_segment, regrow_tail, respell
from generators.smc.tempering import effective_sample_size, log_mean_exp, next_step, systematic_resample
from mdcore.chem import RepeatUnit

pytestmark = pytest.mark.seconds(80)

N = 20_000


def toy_model():
    grammar = Grammar(Vocabulary.of(["O", "=C", "S"]), 4)
    units = ["*CC*", "*CO*", "*CCO*", "*OCC(C)*", "*CC(O)C*", "*CCC*", "*C=CC*", "*OC=C*", "*CC(=C)*"]
    return NGramModel.fit(units, 3, grammar=grammar)


def enumerate_strings(model):
    """All strings of a small language as rows of tokens, with their exact log probabilities."""
    grammar = model.grammar
    rows, log_probs = [], []
    level = [([], grammar.start(1), model.begin(1), 0.0)]
    while level:
        following = []
        for tokens, state, memory, log_prob in level:
            weights = (model.probabilities(memory, state) * grammar.allowed(state))[0]
            weights /= weights.sum()
            for token in np.flatnonzero(weights):
                here = log_prob + float(np.log(weights[token]))
                if token == grammar.star:
                    rows.append([*tokens, int(token)])
                    log_probs.append(here)
                    continue
                one = np.array([0])
                next_state = state.take(one)
                next_memory = model.extend(model.take(memory, one), next_state, np.array([token]))
                grammar.advance(next_state, np.array([token]))
                following.append(([*tokens, int(token)], next_state, next_memory, here))
        level = following
    return rows, np.array(log_probs)


def oxygen_likelihood(units):
    """Many oxygen atoms in the canonical unit, and a few atoms altogether."""
    oxygens = np.array([sum(atom.GetSymbol() == "O" for atom in unit.mol.GetAtoms()) for unit in units])
    atoms = np.array([unit.n_heavy_atoms for unit in units])
    return 2.0 * oxygens - 0.8 * np.abs(atoms - 3)


class Toy:
    """The language, its exact posterior at beta = 1 and its evidence."""

    def __init__(self):
        self.model = toy_model()
        self.rows, log_prior = enumerate_strings(self.model)
        texts = self.model.spell(pad(self.rows))
        keys = [RepeatUnit.from_psmiles(text).key for text in texts]
        self.log_likelihood = oxygen_likelihood([RepeatUnit(psmiles=key, key=key) for key in keys])
        joint = log_prior + self.log_likelihood
        self.log_evidence = float(np.log(np.exp(joint).sum()))
        self.posterior = np.exp(joint - self.log_evidence)
        self.prior = np.exp(log_prior)
        self.index = {tuple(row): i for i, row in enumerate(self.rows)}

    def frequencies(self, strings):
        counts = np.zeros(len(self.rows))
        for row in strings.tokens.tolist():
            counts[self.index[tuple(token for token in row if token >= 0)]] += 1
        return counts / counts.sum()

    def distance(self, strings):
        return 0.5 * np.abs(self.frequencies(strings) - self.posterior).sum()


@pytest.fixture(scope="module")
def toy():
    return Toy()


def run(toy, n, seed, **settings):
    smc = SMCSampler(toy.model, SMCSettings(particles=n, **settings))
    return smc.run(smc.evaluator(oxygen_likelihood), np.random.default_rng(seed))


def z_score(frequencies, posterior, n):
    """Pearson's chi-squared of n independent draws, in its standard deviations from its mean; rare strings are one cell."""
    rare = n * posterior < 10
    expected = n * np.append(posterior[~rare], posterior[rare].sum())
    counts = n * np.append(frequencies[~rare], frequencies[rare].sum())
    freedom = len(expected) - 1
    return (((counts - expected) ** 2 / np.maximum(expected, 1e-9)).sum() - freedom) / np.sqrt(2 * freedom)


@pytest.mark.slow
def test_population_is_the_exact_posterior(toy):
    result = run(toy, N, 1, sweeps=6)
    assert len(toy.rows) > 30
    assert toy.distance(result.particles.states) < 0.02
    # The prior is far from the posterior, so the number above says something.
    assert 0.5 * np.abs(toy.prior - toy.posterior).sum() > 0.3


@pytest.mark.slow
def test_sharpness_is_the_final_exponent_of_the_likelihood(toy):
    result = run(toy, N, 2, sweeps=6, sharpness=2.5)
    joint = np.log(toy.prior) + 2.5 * toy.log_likelihood
    evidence = np.log(np.exp(joint).sum())
    sharp = np.exp(joint - evidence)
    assert result.steps[-1].beta == 2.5
    assert 0.5 * np.abs(toy.frequencies(result.particles.states) - sharp).sum() < 0.02
    assert result.log_evidence == pytest.approx(evidence, abs=0.05)
    # It differs from the posterior, so the numbers above say something.
    assert 0.5 * np.abs(sharp - toy.posterior).sum() > 0.1


@pytest.mark.slow
def test_distance_falls_with_the_root_of_the_number_of_particles(toy):
    """Mean distance at N over that at 16 N is 4, within three standard errors of the measured means."""
    few = np.array([toy.distance(run(toy, 400, seed).particles.states) for seed in range(16)])
    many = np.array([toy.distance(run(toy, 6400, seed).particles.states) for seed in range(4)])
    ratio = few.mean() / many.mean()
    relative = np.hypot(few.std(ddof=1) / few.mean() / 4, many.std(ddof=1) / many.mean() / 2)
    assert abs(ratio / 4 - 1) < 3 * relative + 0.1


@pytest.mark.slow
def test_evidence_is_unbiased(toy):
    ratios = np.exp([run(toy, 1000, seed).log_evidence - toy.log_evidence for seed in range(24)])
    assert abs(ratios.mean() - 1) < 3 * ratios.std(ddof=1) / np.sqrt(24)
    assert ratios.std(ddof=1) < 0.2


@pytest.mark.parametrize("move", ["tail", "segment", "respell"])
def test_each_move_leaves_the_posterior_invariant(toy, move):
    """Start in the exact posterior; after some sweeps the frequencies are still those of independent draws."""
    frequencies = {"tail": 0.0, "segment": 0.0, "respell": 0.0, move: 1.0}
    smc = SMCSampler(toy.model, SMCSettings(particles=4, **frequencies))
    evaluator = smc.evaluator(oxygen_likelihood)
    rng = np.random.default_rng(11)
    n = 4000
    population = exact_population(toy, evaluator, n, rng)
    start = population.states.tokens.copy()
    moved = 0
    for _ in range(4):
        population, accepted = smc.sweep(population, 1.0, evaluator, rng)
        moved += accepted
    assert (population.states.tokens != start).any(axis=1).mean() > 0.1
    assert moved
    assert abs(z_score(toy.frequencies(population.states), toy.posterior, n)) < 5
    assert score(toy.model, population.states.tokens).log_probs == pytest.approx(population.states.log_probs, abs=1e-10)


def exact_population(toy, evaluator, n, rng):
    tokens = pad(toy.rows, toy.model.grammar.max_tokens)[rng.choice(len(toy.rows), size=n, p=toy.posterior)]
    strings = score(toy.model, tokens)
    units = evaluator.units(toy.model.spell(tokens))
    return sampler_module.Particles(strings, tuple(units), evaluator.values(units))


@pytest.mark.parametrize("name", ["regrow_tail", "regrow_segment"])
def test_without_the_metropolis_correction_the_posterior_is_wrong(toy, name, monkeypatch):
    """The same check as above fails when every possible proposal is taken, or its proposal ratio ignored."""
    original = getattr(moves, name)

    def always(*arguments):
        proposal = original(*arguments)
        return Move(proposal.strings, np.full(len(proposal.log_ratio), np.inf), proposal.possible)

    monkeypatch.setattr(sampler_module, name, always)
    only = {"tail": 0.0, "segment": 0.0, "respell": 0.0, "tail" if name == "regrow_tail" else "segment": 1.0}
    smc = SMCSampler(toy.model, SMCSettings(particles=4, **only))
    evaluator = smc.evaluator(oxygen_likelihood)
    rng = np.random.default_rng(11)
    population = exact_population(toy, evaluator, 4000, rng)
    for _ in range(4):
        population, _ = smc.sweep(population, 1.0, evaluator, rng)
    assert z_score(toy.frequencies(population.states), toy.posterior, 4000) > 20


def test_without_the_proposal_ratio_the_posterior_is_wrong(toy, monkeypatch):
    def no_ratio(*arguments):
        proposal = regrow_tail(*arguments)
        return Move(proposal.strings, np.zeros_like(proposal.log_ratio), proposal.possible)

    monkeypatch.setattr(sampler_module, "regrow_tail", no_ratio)
    smc = SMCSampler(toy.model, SMCSettings(particles=4, tail=1.0, segment=0.0, respell=0.0))
    evaluator = smc.evaluator(oxygen_likelihood)
    rng = np.random.default_rng(11)
    n = 20_000
    population = exact_population(toy, evaluator, n, rng)
    for _ in range(4):
        population, _ = smc.sweep(population, 1.0, evaluator, rng)
    assert z_score(toy.frequencies(population.states), toy.posterior, n) > 20


def test_filter_restricts_the_prior(toy):
    """Evidence and population are those of the language restricted to what the filter accepts."""

    def accepts(unit):
        return unit.n_heavy_atoms <= 3

    texts = toy.model.spell(pad(toy.rows))
    inside = np.array([accepts(RepeatUnit(psmiles=k, key=k)) for k in (RepeatUnit.from_psmiles(t).key for t in texts)])
    prior = np.where(inside, toy.prior, 0.0)
    prior /= prior.sum()
    evidence = (prior * np.exp(toy.log_likelihood)).sum()
    smc = SMCSampler(toy.model, SMCSettings(particles=4000), accepts)
    result = smc.run(smc.evaluator(oxygen_likelihood), np.random.default_rng(3))
    frequencies = toy.frequencies(result.particles.states)
    assert frequencies[~inside].sum() == 0
    posterior = prior * np.exp(toy.log_likelihood) / evidence
    distance = 0.5 * np.abs(frequencies - posterior).sum()
    # Twice what 4000 independent draws would have on average.
    assert distance < np.sqrt(2 * posterior * (1 - posterior) / (np.pi * 4000)).sum()
    assert result.log_evidence == pytest.approx(np.log(evidence), abs=0.1)


def test_zero_likelihoods_are_dropped_and_counted(toy):
    def even(units):
        return np.where([unit.n_heavy_atoms % 2 == 0 for unit in units], 0.0, -np.inf)

    texts = toy.model.spell(pad(toy.rows))
    keys = [RepeatUnit.from_psmiles(text).key for text in texts]
    mass = toy.prior[even([RepeatUnit(psmiles=key, key=key) for key in keys]) == 0.0].sum()
    smc = SMCSampler(toy.model, SMCSettings(particles=4000))
    result = smc.run(smc.evaluator(even), np.random.default_rng(0))
    assert all(unit.n_heavy_atoms % 2 == 0 for unit in result.particles.units)
    standard_error = np.sqrt((1 - mass) / mass / 4000)
    assert abs(result.log_evidence - np.log(mass)) < 4 * standard_error


def test_impossible_target_is_refused_in_one_line(toy):
    smc = SMCSampler(toy.model, SMCSettings(particles=16))
    with pytest.raises(ImpossibleTarget, match=r"^the likelihood is zero for all 16 [^\n]+; widen the target$"):
        smc.run(smc.evaluator(lambda units: np.full(len(units), -np.inf)), np.random.default_rng(0))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_unusable_likelihoods_are_refused(toy, value):
    smc = SMCSampler(toy.model, SMCSettings(particles=16))
    with pytest.raises(ValueError, match="NaN or"):
        smc.run(smc.evaluator(lambda units: np.full(len(units), value)), np.random.default_rng(0))


def test_very_small_likelihoods_do_not_underflow(toy):
    smc = SMCSampler(toy.model, SMCSettings(particles=500))
    plain = smc.run(smc.evaluator(oxygen_likelihood), np.random.default_rng(9))
    shifted = smc.run(smc.evaluator(lambda units: oxygen_likelihood(units) - 5000.0), np.random.default_rng(9))
    assert shifted.log_evidence == pytest.approx(plain.log_evidence - 5000.0, abs=1e-6)


def test_ancestry_leads_to_the_first_population(toy):
    result = run(toy, 200, 5, sweeps=0)
    smc = SMCSampler(toy.model, SMCSettings(particles=200, sweeps=0))
    first = smc.draw_prior(200, smc.evaluator(oxygen_likelihood), np.random.default_rng(5))
    assert [first.units[i] for i in result.origins] == list(result.particles.units)
    assert result.steps[-1].beta == 1.0
    assert all(step.ess >= 0.5 * 200 - 1e-6 for step in result.steps)


def test_likelihood_is_asked_once_for_each_polymer(toy):
    asked = []

    def counting(units):
        asked.extend(unit.key for unit in units)
        return oxygen_likelihood(units)

    smc = SMCSampler(toy.model, SMCSettings(particles=300))
    result = smc.run(smc.evaluator(counting), np.random.default_rng(0))
    assert len(asked) == len(set(asked)) == result.calls


def test_standard_spellings_are_the_same_polymer():
    vocabulary = Vocabulary()
    model = NGramModel.fit(["*CC*"], 1)
    for text in ("*OCCOC(=O)c1ccc(C(*)=O)cc1", "*CC(*)c1ccccc1", "*C1CC2CC1CC2*", "*CO*"):
        key = RepeatUnit.from_psmiles(text).key
        rows = standard_spellings(key, vocabulary)
        assert {RepeatUnit.from_psmiles(t).key for t in model.spell(pad([list(r) for r in rows]))} == {key}
        assert len(set(rows)) == len(rows)
    assert len(standard_spellings(RepeatUnit.from_psmiles("*CCO*").key, vocabulary)) == 3


def test_respelling_leaves_strings_outside_the_standard_alone(toy):
    tokens = pad(toy.rows, toy.model.grammar.max_tokens)
    strings = score(toy.model, tokens)
    keys = [RepeatUnit.from_psmiles(text).key for text in toy.model.spell(tokens)]
    proposal = respell(toy.model, strings, keys, np.random.default_rng(0))
    assert 0 < proposal.possible.sum() < len(keys)
    for row, key in enumerate(keys):
        standard = standard_spellings(key, toy.model.grammar.vocabulary)
        if tuple(toy.rows[row]) not in standard:
            assert not proposal.possible[row]


def test_segment_proposal_ratio_is_that_of_its_definition(toy):
    """p(S') q(S | S') / (p(S) q(S' | S)), q summed by hand over the one (t, m, m') that was drawn cannot be seen from outside;
    detailed balance of the whole kernel can: the flow between every two strings is the same in both directions."""
    rng = np.random.default_rng(2)
    n = 60_000
    tokens = pad(toy.rows, toy.model.grammar.max_tokens)[rng.choice(len(toy.rows), size=n, p=toy.prior)]
    strings = score(toy.model, tokens)
    proposal = regrow_segment(toy.model, strings, 3, rng)
    accept = proposal.possible & (np.log(rng.random(n)) < proposal.log_ratio)
    flow = np.zeros((len(toy.rows), len(toy.rows)))
    for old, new in zip(tokens[accept].tolist(), proposal.strings.tokens[accept].tolist(), strict=True):
        flow[toy.index[tuple(t for t in old if t >= 0)], toy.index[tuple(t for t in new if t >= 0)]] += 1
    both = flow + flow.T
    off = np.triu(both, 1) > 25
    z = (flow - flow.T)[off] / np.sqrt(both[off])
    assert off.sum() > 30
    # Sum of squares of independent standard normal numbers.
    assert abs((z**2).sum() - off.sum()) < 5 * np.sqrt(2 * off.sum())


def test_effective_sample_size():
    assert effective_sample_size(np.log([1.0, 1.0, 1.0, 1.0])) == pytest.approx(4.0)
    assert effective_sample_size(np.log([3.0, 1.0])) == pytest.approx(1.6)
    assert effective_sample_size(np.array([-1e5, -1e5 - np.log(3.0)])) == pytest.approx(1.6)
    assert effective_sample_size(np.array([-np.inf, 0.0])) == 1.0
    assert effective_sample_size(np.full(3, -np.inf)) == 0.0


def test_log_mean_exp():
    assert log_mean_exp(np.array([-1000.0, -1000.0 + np.log(3.0)])) == pytest.approx(-1000.0 + np.log(2.0))
    assert log_mean_exp(np.full(2, -np.inf)) == -np.inf


def test_step_brings_the_effective_sample_size_to_its_target():
    values = np.random.default_rng(0).normal(scale=20.0, size=500)
    step = next_step(values, 1.0, 250.0)
    assert 0 < step < 1
    assert effective_sample_size(step * values) == pytest.approx(250.0, rel=1e-6)
    assert next_step(0.01 * values, 0.7, 250.0) == 0.7


def test_systematic_resampling_keeps_floor_or_ceil_of_the_expected_offspring():
    rng = np.random.default_rng(4)
    log_weights = rng.normal(size=100)
    log_weights[7] = -np.inf
    expected = 100 * np.exp(log_weights) / np.exp(log_weights).sum()
    total = np.zeros(100)
    for _ in range(400):
        counts = np.bincount(systematic_resample(log_weights, rng), minlength=100)
        assert (np.abs(counts - expected) < 1).all()
        total += counts
    fraction = expected - np.floor(expected)
    standard_errors = np.sqrt(fraction * (1 - fraction) * 400) + 1e-9
    assert (np.abs(total - 400 * expected) < 5 * standard_errors + 1e-6).all()
    assert total[7] == 0


@pytest.fixture(scope="module")
def generator():
    from generators.lists import known_polymers

    model = NGramModel.fit([entry.smiles for entry in known_polymers()], 8)
    return SMCGenerator(model, SMCSettings(particles=120, sweeps=2), Filters())


def fluorine(units):
    counts = [sum(atom.GetSymbol() == "F" for atom in unit.mol.GetAtoms()) / unit.n_heavy_atoms for unit in units]
    return -0.5 * ((np.array(counts) - 0.5) / 0.1) ** 2


def test_proposals_are_distinct_filtered_and_new(generator):
    from generators.lists import known_polymers

    known = {RepeatUnit.from_psmiles(entry.smiles).key for entry in known_polymers()}
    candidates = generator.propose(40, np.random.default_rng(0), exclude=known)
    keys = [candidate.unit.key for candidate in candidates]
    assert len(set(keys)) == 40
    assert not known & set(keys)
    assert all(generator.filters(candidate.unit) for candidate in candidates)
    assert all(np.isfinite(candidate.log_prior) for candidate in candidates)
    again = generator.propose(40, np.random.default_rng(0), exclude=list(known))
    assert [candidate.unit.key for candidate in again] == keys


def test_likelihood_tilts_proposals(generator):
    plain = generator.propose(40, np.random.default_rng(1))
    tilted = generator.propose(40, np.random.default_rng(1), fluorine)
    assert len({candidate.unit.key for candidate in tilted}) == 40
    assert fluorine([c.unit for c in tilted]).mean() > fluorine([c.unit for c in plain]).mean() + 3
    assert all(candidate.origin.startswith("smc") for candidate in tilted)


def test_the_best_of_more_candidates_come_first(generator):
    plain = generator.propose(20, np.random.default_rng(1), fluorine)
    best = fluorine([c.unit for c in generator.propose(20, np.random.default_rng(1), fluorine, best_of=4)])
    assert len(best) == 20
    assert (np.diff(best) <= 0).all()
    assert best.mean() > fluorine([c.unit for c in plain]).mean()
    with pytest.raises(ValueError, match=r"best_of must be at least 1, got 0\.5"):
        generator.propose(20, np.random.default_rng(1), fluorine, best_of=0.5)


def test_more_proposals_than_the_language_holds_are_refused():
    grammar = Grammar(Vocabulary.of(["O"]), 3)
    generator = SMCGenerator(NGramModel.fit(["*CC*"], 2, grammar=grammar), SMCSettings(max_top_up=2))
    with pytest.raises(ExhaustedProposals, match="distinct new repeat units"):
        generator.propose(50, np.random.default_rng(0))
    with pytest.raises(ExhaustedProposals, match="distinct new repeat units"):
        generator.propose(50, np.random.default_rng(0), lambda units: np.zeros(len(units)))


@pytest.mark.parametrize("particles", [4, 512])
def test_a_filter_that_accepts_nothing_is_noticed_after_as_many_tries_whatever_is_wanted(particles):
    tried = []
    grammar = Grammar(Vocabulary.of(["O"]), 12)
    model = NGramModel.fit(["*CC*", "*CCCC*", "*CCO*"], 2, grammar=grammar)
    sampler = SMCSampler(model, SMCSettings(particles=particles), accepts=lambda unit: bool(tried.append(unit)))
    with pytest.raises(NothingAccepted, match="accepted 0; relax it"):
        sampler.run(sampler.evaluator(None), np.random.default_rng(1))
    assert len(tried) < 22_000


def test_settings_refuse_what_could_not_work():
    with pytest.raises(ValueError, match="must be positive, got 0 for all"):
        SMCSettings(tail=0, segment=0, respell=0)
    with pytest.raises(ValueError, match="Extra inputs"):
        SMCSettings(partikles=3)
