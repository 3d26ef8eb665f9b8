"""The grammar: everything it allows is one valid repeat unit, and every repeat unit of its alphabet is expressible."""

import numpy as np
import pytest
from rdkit import Chem

from generators.errors import InexpressibleUnit
from generators.language.grammar import Grammar
from generators.language.notation import decode, encode, pad
from generators.language.vocabulary import Vocabulary
from generators.lists import known_polymers
from mdcore.chem import InvalidRepeatUnit, RepeatUnit

VOCABULARY = Vocabulary()


def random_strings(grammar, n, rng):
    """Strings whose tokens are uniform over what the grammar allows."""
    state = grammar.start(n)
    rows = np.arange(n)
    tokens = np.full((n, grammar.max_tokens), -1, dtype=np.int8)
    for position in range(grammar.max_tokens):
        mask = grammar.allowed(state)
        assert mask.any(axis=1).all()
        chosen = (mask * rng.random(mask.shape)).argmax(axis=1)
        tokens[rows, position] = chosen
        going = np.flatnonzero(chosen != grammar.star)
        rows, chosen, state = rows[going], chosen[going], state.take(going)
        if not len(rows):
            return tokens
        grammar.advance(state, chosen)
    raise AssertionError(f"{len(rows)} strings are longer than max_tokens")


def accepted(grammar, row):
    """Whether the grammar accepts a row of tokens from beginning to end."""
    state = grammar.start(1)
    for token in row:
        if not grammar.allowed(state)[0, token]:
            return False
        grammar.advance(state, np.array([token]))
    return row[-1] == grammar.star


@pytest.mark.parametrize("max_tokens", [2, 3, 4, 6, 9, 14, 25, 60, 200])
def test_every_random_string_is_a_repeat_unit(max_tokens):
    grammar = Grammar(VOCABULARY, max_tokens)
    for row in random_strings(grammar, 400, np.random.default_rng(max_tokens)):
        text = decode(row, VOCABULARY)
        try:
            unit = RepeatUnit.from_psmiles(text)
        except InvalidRepeatUnit as error:
            raise AssertionError(f"{text}: {error}") from error
        assert unit.key.count("*") == 2


def test_random_strings_use_every_token():
    grammar = Grammar(VOCABULARY, 120)
    used = set(np.unique(random_strings(grammar, 3000, np.random.default_rng(1)))) - {-1}
    assert used == set(range(len(VOCABULARY)))


def test_no_string_is_a_beginning_of_another_and_rings_have_one_notation():
    """All strings up to a length spell different (molecule, traversal) pairs: equal spellings would be equal tokens."""
    grammar = Grammar(Vocabulary.of(["(", "&", "O"]), 9)
    seen = {}
    for row in random_strings(grammar, 5000, np.random.default_rng(3)):
        text = decode(row, grammar.vocabulary)
        tokens = tuple(row.tolist())
        assert seen.setdefault(text, tokens) == tokens


@pytest.mark.parametrize("entry", known_polymers(), ids=lambda entry: entry.name)
def test_known_polymers_survive_encoding_in_any_spelling(entry):
    grammar = Grammar(VOCABULARY)
    expected = RepeatUnit.from_psmiles(entry.smiles).key
    spellings = [encode(entry.smiles, VOCABULARY), encode(entry.smiles, VOCABULARY, reverse=True)]
    spellings += [encode(entry.smiles, VOCABULARY, np.random.default_rng(seed)) for seed in range(3)]
    for row in spellings:
        assert accepted(grammar, row)
        assert RepeatUnit.from_psmiles(decode(row, VOCABULARY)).key == expected


def test_random_strings_survive_encoding():
    grammar = Grammar(VOCABULARY, 60)
    for row in random_strings(grammar, 500, np.random.default_rng(7)):
        text = decode(row, VOCABULARY)
        again = decode(encode(text, VOCABULARY), VOCABULARY)
        assert Chem.CanonSmiles(again) == Chem.CanonSmiles(Chem.MolToSmiles(Chem.MolFromSmiles(text)))


@pytest.mark.parametrize(
    "psmiles", ["*C[N+](C)(C)C*", "*C[Si](C)(C)O*", "*N=P(C)(C)*", "*C(*)[O-]", "*C[CH]C*", "*CC", "not smiles"]
)
def test_units_outside_the_alphabet_are_refused(psmiles):
    with pytest.raises(InexpressibleUnit):
        encode(psmiles, VOCABULARY)


@pytest.mark.parametrize(
    "names",
    [
        ["*"],
        ["C", ")", "*"],
        ["F", "*"],
        ["C", "&", "%0", "*"],
        ["C", "&", "C", "%0", "*"],
        ["C", "(", "*"],
        ["C", "(", "C", ")", ")"],
        ["=C", "*"],
        ["O", "(", "C", ")", "*"],
        ["<SO2>", "(", "C", ")", "C"],
        ["C", "(", "<SO2>", ")", "*"],
        ["C", "&", "C", "&", "C", "%0", "%0", "*"],
        ["C", "&", "&", "C", "C", "%0", "%0", "*"],
        ["C", "(", "#C", "*"],
        ["C", "*", "C"],
    ],
)
def test_forbidden_strings(names):
    assert not accepted(Grammar(VOCABULARY), [VOCABULARY.ids[name] for name in names])


@pytest.mark.parametrize(
    ("names", "smiles"),
    [
        (["C", "*"], "*C*"),
        (["C", "&", "C", "C", "%0", "*"], "*C1CC1*"),
        (["C", "(", "=O", ")", "O", "*"], "*C(=O)O*"),
        (["C", "<SO2>", "C", "*"], "*CS(=O)(=O)C*"),
        (["N", "(", "<NO2>", ")", "*"], "*N([N+](=O)[O-])*"),
        (["C", "&=", "C", "=C", "C", "(", "=C", "C", "%0", ")", "*"], "*C=1C=CC(=CC1)*"),
    ],
)
def test_allowed_strings(names, smiles):
    row = [VOCABULARY.ids[name] for name in names]
    assert accepted(Grammar(VOCABULARY), row)
    assert decode(row, VOCABULARY) == smiles


def test_padding():
    assert pad([[1, 2], [3]]).tolist() == [[1, 2], [3, -1]]


def test_vocabulary_that_cannot_close_strings_is_refused():
    with pytest.raises(ValueError, match="required to finish every string"):
        Vocabulary(VOCABULARY.tokens[:3])
