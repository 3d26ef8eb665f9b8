"""N-gram language model of repeat units."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from generators.errors import InvalidModelFile, NothingToLearn
from generators.language.context import PathMemory, structure, walk
from generators.language.decoding import FloatArray
from generators.language.grammar import Grammar, GrammarState
from generators.language.model import LanguageModel, encode_all
from generators.language.ngram_tables import ContextTable, Smoothing, build_tables, extend_hash
from generators.language.notation import PADDING, pad
from generators.language.vocabulary import Vocabulary
from mdcore.chem import RepeatUnit
from mdcore.chem.damage import UNREADABLE
from mdcore.chem.files import replacing

FORMAT = "polymer-designer n-gram"
VERSION = 1
MAX_ORDER = 20


@final
class NGramModel(LanguageModel[PathMemory]):
    """Interpolated n-gram model with branch and ring context.

    The context of a token is the path from it back to the head, with closed branches contracted to one symbol, and the number of
    open rings, the number of bonds since the latest was opened, and the depth of branches. Tokens after a side group therefore do not
    depend on its length, and rings are closed at the right size even with short contexts.

    Args:
        grammar: The grammar.
        order: Order of the model: length of the longest n-gram in tokens, 1 to 20.
        tables: Smoothed counts from the shortest to the longest context.
        n_units: Number of repeat units in the training set.
    """

    def __init__(self, grammar: Grammar, order: int, tables: list[ContextTable], n_units: int) -> None:
        self.grammar = grammar
        self.order = order
        self.tables = tables
        self.n_units = n_units
        self.name = f"ngram-{order}"
        self._bos = len(grammar.vocabulary)
        self._unigram = np.full(len(grammar.vocabulary), 1.0 / len(grammar.vocabulary))[None, :]
        tables[0].interpolate(self._unigram, np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp))

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
            units: Repeat units or pSMILES; those that the grammar cannot express are skipped.
            order: 1 to 20.
            grammar: Grammar to use; by default the full one.
            smoothing: Smoothing method.

        Raises:
            NothingToLearn: The grammar can express none of the units.
            ValueError: The order is out of range.
        """
        if not 1 <= order <= MAX_ORDER:
            raise ValueError(f"n-gram order must be 1 to {MAX_ORDER}, got {order}")
        grammar = grammar if grammar is not None else Grammar()
        contexts, features, tokens, n_units = _collect(units, grammar, order - 1)
        if not n_units:
            raise NothingToLearn(
                "the training set contains no repeat unit that the grammar can express; give valid pSMILES"
            )
        tables = build_tables(contexts, features if order > 1 else None, tokens, len(grammar.vocabulary), smoothing)
        return cls(grammar, order, tables, n_units)

    def begin(self, n: int) -> PathMemory:
        """Return the memory of n strings that hold only their head star."""
        return PathMemory.begin(n, self.order - 1, self._bos)

    def probabilities(self, memory: PathMemory, state: GrammarState) -> FloatArray:
        """Return the smoothed probability of each token, shape (n, V)."""
        n = len(state)
        probabilities = np.repeat(self._unigram, n, axis=0)
        if len(self.tables) == 1:
            return probabilities
        rows = np.arange(n)
        hashes = extend_hash(np.zeros(n, dtype=np.uint64), structure(state))
        for column, table in enumerate(self.tables[1:]):
            seen, places = table.find(hashes)
            if not len(seen):
                break
            rows, hashes = rows[seen], hashes[seen]
            table.interpolate(probabilities, rows, places)
            if column < memory.context.shape[1]:
                hashes = extend_hash(hashes, memory.context[rows, column])
        return probabilities

    def extend(self, memory: PathMemory, state: GrammarState, tokens: NDArray[np.integer]) -> PathMemory:
        """Return the memory after one more token for each string."""
        memory.extend(state, tokens, self.grammar.vocabulary)
        return memory

    def take(self, memory: PathMemory, rows: NDArray[np.intp]) -> PathMemory:
        """Return the memory of some rows."""
        return memory.take(rows)

    def save(self, path: Path | str) -> None:
        """Write the model to an `.npz` file that holds plain arrays and a JSON header."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "order": self.order,
            "n_units": self.n_units,
            "tokens": self.grammar.vocabulary.names,
            "max_tokens": self.grammar.max_tokens,
            "levels": len(self.tables),
        }
        arrays: dict[str, Any] = {"header": np.array(json.dumps(header))}
        for i, table in enumerate(self.tables):
            for name in ("contexts", "offsets", "followers", "weights", "backoff"):
                arrays[f"{name}_{i}"] = getattr(table, name)
        with replacing(path) as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path | str) -> "NGramModel":
        """Read a model that `save` wrote.

        Raises:
            InvalidModelFile: The file is not a model of this format and version.
        """
        try:
            with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                header = json.loads(str(file["header"]))
                if (header["format"], header["version"]) != (FORMAT, VERSION):
                    raise InvalidModelFile(
                        f"{path} is {header['format']} version {header['version']}, this version reads {FORMAT} version "
                        f"{VERSION}; fit the model again"
                    )
                names = ("contexts", "offsets", "followers", "weights", "backoff")
                tables = [ContextTable(*(file[f"{name}_{i}"] for name in names)) for i in range(header["levels"])]
            grammar = Grammar(Vocabulary.of(header["tokens"]), header["max_tokens"])
            return cls(grammar, header["order"], tables, header["n_units"])
        except UNREADABLE as error:
            if isinstance(error, InvalidModelFile):
                raise
            raise InvalidModelFile(f"{path} is not a valid {FORMAT} file ({error}); fit the model again") from error


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
        batch_tokens = pad(rows)
        seen = walk(batch_tokens, grammar, width)
        used = (batch_tokens != PADDING) & seen.accepted[:, None]
        contexts.append(seen.contexts[used])
        features.append(seen.structures[used])
        tokens.append(batch_tokens[used])
        n_units += int(seen.accepted.sum())
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
