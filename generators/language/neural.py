"""Recurrent neural language model of repeat units."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from generators.errors import InvalidModelFile
from generators.language.context import N_STRUCTURES, PathMemory, structure
from generators.language.decoding import FloatArray
from generators.language.grammar import Grammar, GrammarState
from generators.language.model import LanguageModel
from generators.language.vocabulary import Vocabulary
from mdcore.chem.damage import UNREADABLE
from mdcore.chem.files import replacing

FORMAT = "polymer-designer GRU"
VERSION = 2
PATH_SYMBOLS = 3
"""Number of path symbols in the input of the network, besides the last token."""


@final
class TokenGRU(nn.Module):
    """Gated recurrent network from the tokens so far to the logits of the next token.

    The inputs at each position are the last token, the open rings and branches, and the nearest symbols of the path back to the head
    (`generators.language.context`), so that the network does not have to count brackets.

    Args:
        n_tokens: Size of the vocabulary; the first input has an additional symbol for the beginning.
        embedding: Width of the embedding of the last token; the others have half of it.
        hidden: Width of each layer.
        layers: Number of layers.
        dropout: Dropout between layers and before the output.
    """

    def __init__(self, n_tokens: int, embedding: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.shape = {"n_tokens": n_tokens, "embedding": embedding, "hidden": hidden, "layers": layers}
        half = max(1, embedding // 2)
        self.embed = nn.Embedding(n_tokens + 1, embedding)
        self.embed_structure = nn.Embedding(N_STRUCTURES, half)
        self.embed_path = nn.ModuleList(nn.Embedding(2 * n_tokens + 1, half) for _ in range(PATH_SYMBOLS))
        width = embedding + (1 + PATH_SYMBOLS) * half
        self.gru = nn.GRU(width, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, n_tokens)

    def forward(self, seen: torch.Tensor, state: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits (n, L, V) and the state (layers, n, hidden) after the inputs `seen`, (n, L, 2 + PATH_SYMBOLS).

        The columns of `seen` are the last token, the structure and the path, nearest first.
        """
        parts = [self.embed(seen[..., 0]), self.embed_structure(seen[..., 1])]
        parts += [embed(seen[..., 2 + place]) for place, embed in enumerate(self.embed_path)]
        output, state = self.gru(self.drop(torch.cat(parts, dim=-1)), state)
        return self.out(self.drop(output)), state


def inputs(symbols: NDArray[np.integer], structures: NDArray[np.int16], paths: NDArray[np.int8]) -> torch.Tensor:
    """Return the input of the network, shape (..., 2 + PATH_SYMBOLS), from last tokens, structures and paths."""
    columns = [symbols[..., None], structures[..., None], paths]
    return torch.as_tensor(np.concatenate(columns, axis=-1, dtype=np.int64, casting="unsafe"))


@dataclass
class NeuralMemory:
    """State of the network for n strings.

    Attributes:
        state: (layers, n, hidden) state before the last token.
        symbols: (n,) last token.
        path: Paths back to the head.
        ahead: Logits (n, V) and state after the last token, if already computed.
    """

    state: torch.Tensor
    symbols: NDArray[np.int64]
    path: PathMemory
    ahead: tuple[torch.Tensor, torch.Tensor] | None = None


@final
class NeuralModel(LanguageModel[NeuralMemory]):
    """A trained network as a language model under the grammar.

    Args:
        grammar: The grammar.
        network: The network; it is set to evaluation mode.
    """

    def __init__(self, grammar: Grammar, network: TokenGRU) -> None:
        self.grammar = grammar
        self.network = network.eval()
        self.name = f"gru-{network.shape['layers']}x{network.shape['hidden']}"

    def begin(self, n: int) -> NeuralMemory:
        """Return the memory of n strings that hold only their head star."""
        bos = len(self.grammar.vocabulary)
        state = torch.zeros(self.network.shape["layers"], n, self.network.shape["hidden"])
        return NeuralMemory(state, np.full(n, bos, dtype=np.int64), PathMemory.begin(n, PATH_SYMBOLS, bos))

    def _ahead(self, memory: NeuralMemory, state: GrammarState) -> tuple[torch.Tensor, torch.Tensor]:
        if memory.ahead is None:
            seen = inputs(memory.symbols, structure(state), memory.path.context)
            with torch.no_grad():
                logits, after = self.network(seen[:, None], memory.state.contiguous())
            memory.ahead = logits[:, -1], after
        return memory.ahead

    def probabilities(self, memory: NeuralMemory, state: GrammarState) -> FloatArray:
        """Return the probability of each token, shape (n, V), in float64."""
        logits, _ = self._ahead(memory, state)
        result: FloatArray = torch.softmax(logits.double(), dim=1).numpy()
        return result

    def extend(self, memory: NeuralMemory, state: GrammarState, tokens: NDArray[np.integer]) -> NeuralMemory:
        """Return the memory after one more token for each string."""
        _, after = self._ahead(memory, state)
        memory.path.extend(state, tokens, self.grammar.vocabulary)
        return NeuralMemory(after, np.asarray(tokens, dtype=np.int64), memory.path)

    def take(self, memory: NeuralMemory, rows: NDArray[np.intp]) -> NeuralMemory:
        """Return the memory of some rows."""
        index = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        ahead = None if memory.ahead is None else (memory.ahead[0][index], memory.ahead[1][:, index])
        return NeuralMemory(memory.state[:, index], memory.symbols[rows], memory.path.take(rows), ahead)

    def save(self, path: Path | str) -> None:
        """Write the model to an `.npz` file that holds plain arrays and a JSON header."""
        header = {
            "format": FORMAT,
            "version": VERSION,
            "shape": self.network.shape,
            "tokens": self.grammar.vocabulary.names,
            "max_tokens": self.grammar.max_tokens,
        }
        write_arrays(Path(path), header, {name: value.numpy() for name, value in self.network.state_dict().items()})

    @classmethod
    def load(cls, path: Path | str) -> "NeuralModel":
        """Read a model that `save` wrote.

        Raises:
            InvalidModelFile: The file is not a model of this format and version.
        """
        header, arrays = read_arrays(Path(path), FORMAT, VERSION)
        try:
            grammar = Grammar(Vocabulary.of(header["tokens"]), header["max_tokens"])
            network = TokenGRU(**header["shape"], dropout=0.0)
            network.load_state_dict({name: torch.as_tensor(value) for name, value in arrays.items()})
        except (RuntimeError, *UNREADABLE) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise InvalidModelFile(f"{path} is inconsistent with its header ({reason}); train again") from error
        return cls(grammar, network)


def write_arrays(path: Path, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays and a JSON header atomically: an interrupted run leaves either the old file or the new one."""
    with replacing(path) as file:
        np.savez(file, allow_pickle=False, header=np.array(json.dumps(header)), **arrays)


def read_arrays(path: Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `write_arrays` wrote.

    Raises:
        InvalidModelFile: The file has another format or version, or is damaged.
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            found = (header["format"], header["version"])
            arrays = {name: file[name] for name in file.files if name != "header"}
    except UNREADABLE as error:
        raise InvalidModelFile(f"{path} is not a valid {kind} file ({error}); train again") from error
    if found != (kind, version):
        raise InvalidModelFile(
            f"{path} is {found[0]} version {found[1]}, this version reads {kind} version {version}; train again"
        )
    return header, arrays
