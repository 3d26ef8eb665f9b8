"""The n-gram model: normalised, smoothed as published, exact in what it says about its own samples."""

import json

import numpy as np
import pytest

from generators.errors import InvalidModelFile, NothingToLearn
from generators.language.decoding import sample, score
from generators.language.grammar import Grammar
from generators.language.ngram import FORMAT, VERSION, NGramModel
from generators.language.ngram_tables import build_tables, kneser_ney_discounts
from generators.language.notation import encode, pad
from generators.language.saved import cached_ngram
from generators.language.vocabulary import Vocabulary
from generators.lists import known_polymers
from mdcore.chem import RepeatUnit

UNITS = [entry.smiles for entry in known_polymers()]


@pytest.fixture(scope="module")
def model():
    return NGramModel.fit(UNITS, 6)


def all_strings(model):
    """Every string of a small grammar, with its log probability as a product of masked conditionals."""
    grammar = model.grammar
    found = {}
    level = [((), grammar.start(1), model.begin(1), 0.0)]
    while level:
        following = []
        for tokens, state, memory, log_prob in level:
            weights = (model.probabilities(memory, state) * grammar.allowed(state))[0]
            weights /= weights.sum()
            for token in np.flatnonzero(weights):
                here = log_prob + float(np.log(weights[token]))
                if token == grammar.star:
                    found[(*tokens, int(token))] = here
                    continue
                copy_state = state.take(np.array([0]))
                copy_memory = model.extend(model.take(memory, np.array([0])), copy_state, np.array([token]))
                grammar.advance(copy_state, np.array([token]))
                following.append(((*tokens, int(token)), copy_state, copy_memory, here))
        level = following
    return found


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 8, 13, 20])
@pytest.mark.parametrize("smoothing", ["kneser-ney", "witten-bell"])
def test_next_token_probabilities_sum_to_one_in_every_state(order, smoothing):
    model = NGramModel.fit(UNITS[::7], order, smoothing=smoothing)
    strings = sample(model, 8, np.random.default_rng(order))
    for row in strings.tokens.tolist():
        state, memory = model.grammar.start(1), model.begin(1)
        for token in row:
            probabilities = model.probabilities(memory, state)
            assert probabilities.shape == (1, len(model.grammar.vocabulary))
            assert (probabilities > 0).all()
            assert probabilities.sum() == pytest.approx(1.0, abs=1e-12)
            if token == model.grammar.star:
                break
            memory = model.extend(memory, state, np.array([token]))
            model.grammar.advance(state, np.array([token]))


def test_string_probabilities_sum_to_one():
    grammar = Grammar(Vocabulary.of(["O", "(", "&"]), 7)
    model = NGramModel.fit(["*CC*", "*CCO*", "*CC(C)*", "*C1CC1*", "*OCC(O)*"], 4, grammar=grammar)
    strings = all_strings(model)
    assert len(strings) > 100
    assert np.exp(list(strings.values())).sum() == pytest.approx(1.0, abs=1e-10)
    tokens = pad([list(row) for row in strings])
    assert score(model, tokens).log_prob == pytest.approx(list(strings.values()), abs=1e-10)


def test_samples_have_the_probabilities_the_model_says():
    grammar = Grammar(Vocabulary.of(["O"]), 5)
    model = NGramModel.fit(["*CC*", "*CCO*", "*COC*"], 3, grammar=grammar)
    exact = all_strings(model)
    n = 40_000
    drawn = sample(model, n, np.random.default_rng(5))
    counts = {}
    for row in drawn.tokens.tolist():
        key = tuple(token for token in row if token >= 0)
        counts[key] = counts.get(key, 0) + 1
    assert set(counts) <= set(exact)
    for key, log_prob in exact.items():
        p = np.exp(log_prob)
        # Five standard errors of a binomial count, and one count for the rarest strings.
        assert abs(counts.get(key, 0) - n * p) <= 5 * np.sqrt(n * p * (1 - p)) + 1


def test_sampled_log_probabilities_are_the_scored_ones(model):
    strings = sample(model, 300, np.random.default_rng(2))
    assert score(model, strings.tokens).log_probs == pytest.approx(strings.log_probs, abs=1e-12)


def test_interpolated_kneser_ney_of_a_hand_counted_example():
    """Three positions after `a`: b, b, c; one after `d`: b. Symbols a=0 b=1 c=2 d=3, filler 9."""
    contexts = np.array([[0], [0], [0], [3]], dtype=np.int8)
    tokens = np.array([1, 1, 2, 1], dtype=np.int8)
    none, one = build_tables(contexts, None, tokens, 9, "kneser-ney")
    # Counts 2, 1, 1: n1 = 2, n2 = 1, n3 = 0, Y = 2 / 4, D1 = 1 - 2 Y n2/n1 = 0.5, D2 = 2 - 3 Y n3/n2 = 2, outside (0, 2), so 1.
    assert list(kneser_ney_discounts(np.array([2, 1, 1]))) == [0.5, 1.0, 1.5]
    # After a: b (2 - 1)/3, c (1 - 0.5)/3; left 1/2. After d: b 0.5, left 0.5.
    table = {(round(float(w), 6)) for w in one.weights}
    assert table == {round(1 / 3, 6), round(0.5 / 3, 6), 0.5}
    assert sorted(one.backoff) == pytest.approx([0.5, 0.5])
    # Below, types count, not tokens: b was seen after two symbols, c after one. Counts 2, 1: n1 = n2 = 1, Y = 1/3, D1 = 1/3.
    weights = dict(zip(none.followers.tolist(), none.weights.tolist(), strict=True))
    assert list(kneser_ney_discounts(np.array([2, 1]))) == [pytest.approx(1 / 3), 1.0, 1.5]
    assert weights[1] == pytest.approx((2 - 1.0) / 3)
    assert weights[2] == pytest.approx((1 - 1 / 3) / 3)


def test_discounts_of_chen_and_goodman():
    counts = np.repeat([1, 2, 3, 4, 5], [100, 40, 20, 10, 7])
    y = 100 / 180
    expected = [1 - 2 * y * 40 / 100, 2 - 3 * y * 20 / 40, 3 - 4 * y * 10 / 20]
    assert list(kneser_ney_discounts(counts)) == pytest.approx(expected)


def test_witten_bell_of_a_hand_counted_example():
    contexts = np.array([[0], [0], [0], [3]], dtype=np.int8)
    _, one = build_tables(contexts, None, np.array([1, 1, 2, 1], dtype=np.int8), 9, "witten-bell")
    # After a: counts 2 and 1, two types: 2/5, 1/5, left 2/5. After d: 1/2, left 1/2.
    assert sorted(one.weights.tolist()) == pytest.approx([0.2, 0.4, 0.5])
    assert sorted(one.backoff) == pytest.approx([0.4, 0.5])


def test_a_closed_branch_does_not_hide_what_stands_before_it():
    grammar = Grammar()
    model = NGramModel.fit(["*CC(CCCCCCCC)O*"], 3, grammar=grammar)
    vocabulary = grammar.vocabulary
    row = encode("*CC(CCCCCCCC)O*", vocabulary)
    state, memory = grammar.start(1), model.begin(1)
    for token in row[: row.index(vocabulary.ids[")"]) + 1]:
        memory = model.extend(memory, state, np.array([token]))
        grammar.advance(state, np.array([token]))
    # The branch is one symbol, and behind it stands the atom it hangs on.
    branch, atom = memory.context[0]
    assert branch == len(vocabulary) + 1 + vocabulary.ids["C"]
    assert atom == vocabulary.ids["C"]


def test_longer_contexts_describe_unseen_polymers_better():
    train, test = UNITS[::2], UNITS[1::2]
    bits = [-NGramModel.fit(train, order).log_prob(test).mean() / np.log(2) for order in (1, 2, 4, 6)]
    assert bits[0] > bits[1] > bits[2] > bits[3]


def test_log_prob_of_units_and_texts(model):
    unit = RepeatUnit.from_psmiles("*CC(*)c1ccccc1")
    values = model.log_prob([unit, unit.key, "*C[Si](C)(C)O*"])
    assert values[0] == values[1] > -np.inf
    assert values[2] == -np.inf


def test_samples_are_repeat_units_and_depend_on_the_seed(model):
    first = model.sample(20, np.random.default_rng(1))
    assert all(isinstance(unit, RepeatUnit) for unit in first)
    assert first == model.sample(20, np.random.default_rng(1)) != model.sample(20, np.random.default_rng(2))


def test_saved_models_say_the_same(model, tmp_path):
    path = tmp_path / "model.npz"
    model.save(path)
    again = NGramModel.load(path)
    assert again.log_prob(UNITS[:40]) == pytest.approx(model.log_prob(UNITS[:40]), abs=0)
    assert (again.order, again.n_units, again.name) == (model.order, model.n_units, model.name)
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_damaged_or_foreign_files_are_refused(model, tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InvalidModelFile, match=r"model\.npz is not a valid polymer-designer n-gram file"):
        NGramModel.load(path)
    np.savez(path, something=np.zeros(2))
    with pytest.raises(InvalidModelFile):
        NGramModel.load(path)
    # Right in format and version, and without what belongs to them.
    np.savez(path, header=np.array(json.dumps({"format": FORMAT, "version": VERSION, "levels": 0})))
    with pytest.raises(InvalidModelFile, match="'tokens'"):
        NGramModel.load(path)


def test_unusable_arguments():
    with pytest.raises(ValueError, match="order must be 1 to 20, got 21"):
        NGramModel.fit(UNITS, 21)
    with pytest.raises(NothingToLearn):
        NGramModel.fit(["*C[Si](C)(C)O*"], 3)


def test_a_fitted_model_is_kept_and_not_fitted_again(tmp_path, monkeypatch):
    first = cached_ngram(UNITS, 4, tmp_path)
    (path,) = tmp_path.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(NGramModel, "fit", lambda *_: pytest.fail("fitted again"))
        again = cached_ngram(UNITS, 4, tmp_path)
    assert again.log_prob(UNITS[:20]) == pytest.approx(first.log_prob(UNITS[:20]), abs=1e-12)
    cached_ngram(UNITS, 5, tmp_path)
    cached_ngram(UNITS[1:], 4, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    path.write_bytes(path.read_bytes()[:200])
    assert cached_ngram(UNITS, 4, tmp_path).log_prob(UNITS[:20]) == pytest.approx(first.log_prob(UNITS[:20]), abs=1e-12)
