"""N-gram language model of repeat units."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from generators.decoding import FloatArray
from generators.errors import InvalidModelFile, NothingToLearn
from generators.grammar import MAX_DEPTH, Grammar, GrammarState
from generators.language import LanguageModel, encode_all
from generators.ngram_levels import Level, Smoothing, build_levels, extend_hash
from generators.notation import PADDING, TokenArray, pad
from generators.vocabulary import Kind, Vocabulary
from mdcore.chem import RepeatUnit

FORMAT = "polymer-designer n-gram"
VERSION = 1
MAX_ORDER = 20
_MAX_AGE = 11


@dataclass(frozen=True)
class NGramMemory:
    """What an n-gram model remembers of n strings.

    Attributes:
        context: (n, K) symbols on the path from the current atom back to the head, nearest first. A closed branch is one
            symbol there, that of its first atom.
        branch_context: (n, MAX_DEPTH, K) contexts to return to.
        branch_first: (n, MAX_DEPTH) first token of each open branch.
    """

    context: NDArray[np.int8]
    branch_context: NDArray[np.int8]
    branch_first: NDArray[np.int8]


@final
class NGramModel(LanguageModel[NGramMemory]):
    """Interpolated n-gram model with branch and ring context.

    The context of a token is the path from it back to the head, closed branches contracted to one symbol, together with the
    number of open rings, how many bonds ago the latest was opened, and the depth of branches. So what follows a side group does
    not depend on how long the side group was, and a ring is closed at the right size even with short contexts.

    Args:
        grammar: The grammar.
        order: Tokens that the longest context and the token itself make up, 1 to 20.
        levels: Smoothed counts from the shortest to the longest context.
        n_units: Repeat units it was fitted to.
    """

    def __init__(self, grammar: Grammar, order: int, levels: list[Level], n_units: int) -> None:
        self.grammar = grammar
        self.order = order
        self.levels = levels
        self.n_units = n_units
        self.name = f"ngram-{order}"
        self._bos = len(grammar.vocabulary)
        self._unigram = np.full(len(grammar.vocabulary), 1.0 / len(grammar.vocabulary))[None, :]
        levels[0].interpolate(self._unigram, np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp))

    @classmethod
    def fit(
        cls,
        units: Iterable[RepeatUnit | str],
        order: int = 10,
        *,
        grammar: Grammar | None = None,
        smoothing: Smoothing = "kneser-ney",
    ) -> "NGramModel":
        """Fit a model.

        Args:
            units: Repeat units or pSMILES; those that the grammar cannot express are left out.
            order: 1 to 20.
            grammar: Grammar to use; by default the full one.
            smoothing: Method.

        Raises:
            NothingToLearn: No unit is left.
            ValueError: The order is out of range.
        """
        if not 1 <= order <= MAX_ORDER:
            raise ValueError(f"n-gram order {order} is outside 1 to {MAX_ORDER}; choose an order in that range")
        grammar = grammar if grammar is not None else Grammar()
        contexts, features, tokens, n_units = _collect(units, grammar, order - 1)
        if not n_units:
            raise NothingToLearn(
                "no repeat unit that the grammar can express to fit an n-gram model to; give some pSMILES"
            )
        levels = build_levels(contexts, features if order > 1 else None, tokens, len(grammar.vocabulary), smoothing)
        return cls(grammar, order, levels, n_units)

    def begin(self, n: int) -> NGramMemory:
        """Return the memory of n strings that hold only their head star."""
        return _begin(n, self.order - 1, self._bos)

    def probabilities(self, memory: NGramMemory, state: GrammarState) -> FloatArray:
        """Return the smoothed probability of each token, shape (n, V)."""
        n = len(state)
        probabilities = np.repeat(self._unigram, n, axis=0)
        if len(self.levels) == 1:
            return probabilities
        rows = np.arange(n)
        hashes = extend_hash(np.zeros(n, dtype=np.uint64), _structure(state))
        for column, level in enumerate(self.levels[1:]):
            seen, places = level.find(hashes)
            if not len(seen):
                break
            rows, hashes = rows[seen], hashes[seen]
            level.interpolate(probabilities, rows, places)
            if column < memory.context.shape[1]:
                hashes = extend_hash(hashes, memory.context[rows, column])
        return probabilities

    def extend(self, memory: NGramMemory, state: GrammarState, tokens: NDArray[np.integer]) -> NGramMemory:
        """Return the memory after one more token for each string."""
        return _extend(memory, state, tokens, self.grammar.vocabulary)

    def take(self, memory: NGramMemory, rows: NDArray[np.intp]) -> NGramMemory:
        """Return the memory of some rows."""
        return NGramMemory(memory.context[rows], memory.branch_context[rows], memory.branch_first[rows])

    def save(self, path: Path | str) -> None:
        """Write the model to an `.npz` file that holds plain arrays and a JSON header."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "order": self.order,
            "n_units": self.n_units,
            "tokens": self.grammar.vocabulary.names,
            "max_tokens": self.grammar.max_tokens,
            "levels": len(self.levels),
        }
        arrays: dict[str, Any] = {"header": np.array(json.dumps(header))}
        for i, level in enumerate(self.levels):
            for name in ("contexts", "offsets", "followers", "weights", "backoff"):
                arrays[f"{name}_{i}"] = getattr(level, name)
        with Path(path).open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> "NGramModel":
        """Read a model that `save` wrote.

        Raises:
            InvalidModelFile: The file is no model of this format and version.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                header = json.loads(str(file["header"]))
                if (header["format"], header["version"]) != (FORMAT, VERSION):
                    raise InvalidModelFile(
                        f"{path} is {header['format']} version {header['version']}, this release reads {FORMAT} version "
                        f"{VERSION}; fit the model again"
                    )
                names = ("contexts", "offsets", "followers", "weights", "backoff")
                levels = [Level(*(file[f"{name}_{i}"] for name in names)) for i in range(header["levels"])]
        except (KeyError, ValueError, TypeError, EOFError) as error:
            if isinstance(error, InvalidModelFile):
                raise
            raise InvalidModelFile(f"{path} is no {FORMAT} file ({error}); fit the model again") from error
        grammar = Grammar(Vocabulary.of(header["tokens"]), header["max_tokens"])
        return cls(grammar, header["order"], levels, header["n_units"])


def _begin(n: int, width: int, bos: int) -> NGramMemory:
    return NGramMemory(
        np.full((n, width), bos, dtype=np.int8),
        np.full((n, MAX_DEPTH, width), bos, dtype=np.int8),
        np.zeros((n, MAX_DEPTH), dtype=np.int8),
    )


def _extend(
    memory: NGramMemory, state: GrammarState, tokens: NDArray[np.integer], vocabulary: Vocabulary
) -> NGramMemory:
    kind = vocabulary.kind[tokens]
    context = memory.context
    symbols = tokens.astype(np.int8)
    opening = np.flatnonzero(kind == Kind.BRANCH_OPEN)
    if len(opening):
        memory.branch_context[opening, state.depth[opening]] = context[opening]
    first = np.flatnonzero((kind == Kind.ATOM) & state.in_branch)
    if len(first):
        memory.branch_first[first, state.depth[first] - 1] = tokens[first]
    closing = np.flatnonzero(kind == Kind.BRANCH_CLOSE)
    if len(closing):
        at = state.depth[closing] - 1
        context[closing] = memory.branch_context[closing, at]
        symbols[closing] = len(vocabulary) + 1 + memory.branch_first[closing, at]
    if context.shape[1]:
        context[:, 1:] = context[:, :-1].copy()
        context[:, 0] = symbols
    return memory


def _structure(state: GrammarState) -> NDArray[np.int16]:
    """Return one number for the open rings, the bonds since the latest was opened, and the depth of branches."""
    rings = np.minimum(state.n_rings, 3)
    age = state.level - state.ring_level[np.arange(len(state)), state.n_rings - 1]
    age = np.where(rings > 0, np.clip(age, 0, _MAX_AGE), 0)
    structure: NDArray[np.int16] = (rings * (_MAX_AGE + 1) + age) * 3 + np.minimum(state.depth, 2)
    return structure


def _collect(
    units: Iterable[RepeatUnit | str], grammar: Grammar, width: int, batch: int = 8192
) -> tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.int8], int]:
    """Return context, structure and token of every position of every unit that the grammar accepts, and their number."""
    contexts: list[NDArray[np.int8]] = []
    features: list[NDArray[np.int16]] = []
    tokens: list[NDArray[np.int8]] = []
    n_units = 0
    rows: list[list[int]] = []

    def flush() -> None:
        nonlocal n_units
        context, feature, token, n = _walk(pad(rows), grammar, width)
        contexts.append(context)
        features.append(feature)
        tokens.append(token)
        n_units += n
        rows.clear()

    for row in encode_all(units, grammar):
        if row is not None:
            rows.append(row)
        if len(rows) == batch:
            flush()
    if rows:
        flush()
    if not contexts:
        return np.zeros((0, width), np.int8), np.zeros(0, np.int16), np.zeros(0, np.int8), 0
    return np.concatenate(contexts), np.concatenate(features), np.concatenate(tokens), n_units


def _walk(
    tokens: TokenArray, grammar: Grammar, width: int
) -> tuple[NDArray[np.int8], NDArray[np.int16], NDArray[np.int8], int]:
    vocabulary = grammar.vocabulary
    n, length = tokens.shape
    contexts = np.zeros((n, length, width), dtype=np.int8)
    features = np.zeros((n, length), dtype=np.int16)
    rows = np.arange(n)
    accepted = np.ones(n, dtype=bool)
    state = grammar.start(n)
    memory = _begin(n, width, len(vocabulary))
    for position in range(length):
        chosen = tokens[rows, position].astype(np.intp)
        contexts[rows, position] = memory.context
        features[rows, position] = _structure(state)
        valid = grammar.allowed(state)[np.arange(len(rows)), chosen]
        accepted[rows[~valid]] = False
        going = np.flatnonzero(valid & (chosen != grammar.star))
        if not len(going):
            break
        if len(going) < len(rows):
            rows, chosen, state = rows[going], chosen[going], state.take(going)
            memory = NGramMemory(memory.context[going], memory.branch_context[going], memory.branch_first[going])
        memory = _extend(memory, state, chosen, vocabulary)
        grammar.advance(state, chosen)
    used = (tokens != PADDING) & accepted[:, None]
    return contexts[used], features[used], tokens[used], int(accepted.sum())
