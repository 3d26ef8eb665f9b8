"""Recurrent neural language model of repeat units."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from generators.decoding import FloatArray
from generators.errors import InvalidModelFile
from generators.grammar import Grammar, GrammarState
from generators.language import LanguageModel
from generators.vocabulary import Vocabulary

FORMAT = "polymer-designer GRU"
VERSION = 1


@final
class TokenGRU(nn.Module):
    """Gated recurrent units from tokens to the logits of the next token.

    Args:
        n_tokens: Size of the vocabulary; the input has one symbol more, for the beginning.
        embedding: Width of the token embedding.
        hidden: Width of each layer.
        layers: Number of layers.
        dropout: Dropout between layers and before the output.
    """

    def __init__(self, n_tokens: int, embedding: int, hidden: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.shape = {"n_tokens": n_tokens, "embedding": embedding, "hidden": hidden, "layers": layers}
        self.embed = nn.Embedding(n_tokens + 1, embedding)
        self.gru = nn.GRU(embedding, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, n_tokens)

    def forward(self, symbols: torch.Tensor, state: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits (n, L, V) and the state (layers, n, hidden) after symbols (n, L)."""
        output, state = self.gru(self.embed(symbols), state)
        return self.out(self.drop(output)), state


@dataclass(frozen=True)
class NeuralMemory:
    """What the network remembers of n strings.

    Attributes:
        state: (layers, n, hidden) state after the tokens so far.
        logits: (n, V) of the next token.
    """

    state: torch.Tensor
    logits: torch.Tensor


@final
class NeuralModel(LanguageModel[NeuralMemory]):
    """A trained network as a language model under the grammar.

    Args:
        grammar: The grammar.
        network: The network; it is put into evaluation mode.
    """

    def __init__(self, grammar: Grammar, network: TokenGRU) -> None:
        self.grammar = grammar
        self.network = network.eval()
        self.name = f"gru-{network.shape['layers']}x{network.shape['hidden']}"

    def begin(self, n: int) -> NeuralMemory:
        """Return the memory of n strings that hold only their head star."""
        symbols = torch.full((n, 1), len(self.grammar.vocabulary), dtype=torch.long)
        with torch.no_grad():
            logits, state = self.network(symbols)
        return NeuralMemory(state, logits[:, -1])

    def probabilities(self, memory: NeuralMemory, state: GrammarState) -> FloatArray:
        """Return the probability of each token, shape (n, V), in float64."""
        result: FloatArray = torch.softmax(memory.logits.double(), dim=1).numpy()
        return result

    def extend(self, memory: NeuralMemory, state: GrammarState, tokens: NDArray[np.integer]) -> NeuralMemory:
        """Return the memory after one more token for each string."""
        symbols = torch.as_tensor(np.asarray(tokens, dtype=np.int64))[:, None]
        with torch.no_grad():
            logits, after = self.network(symbols, memory.state.contiguous())
        return NeuralMemory(after, logits[:, -1])

    def take(self, memory: NeuralMemory, rows: NDArray[np.intp]) -> NeuralMemory:
        """Return the memory of some rows."""
        index = torch.as_tensor(np.asarray(rows, dtype=np.int64))
        return NeuralMemory(memory.state[:, index], memory.logits[index])

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
            InvalidModelFile: The file is no model of this format and version.
        """
        header, arrays = read_arrays(Path(path), FORMAT, VERSION)
        grammar = Grammar(Vocabulary.of(header["tokens"]), header["max_tokens"])
        network = TokenGRU(**header["shape"], dropout=0.0)
        try:
            network.load_state_dict({name: torch.as_tensor(value) for name, value in arrays.items()})
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise InvalidModelFile(f"{path} does not fit its own header ({reason}); train again") from error
        return cls(grammar, network)


def write_arrays(path: Path, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Write arrays and a JSON header in one step, so that an interrupted run leaves the old file or the new one."""
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, header=np.array(json.dumps(header)), **arrays)
    temporary.replace(path)


def read_arrays(path: Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read what `write_arrays` wrote.

    Raises:
        InvalidModelFile: The file is of another kind or version, or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            found = (header["format"], header["version"])
            arrays = {name: file[name] for name in file.files if name != "header"}
    except (KeyError, ValueError, TypeError, EOFError) as error:
        raise InvalidModelFile(f"{path} is no {kind} file ({error}); train again") from error
    if found != (kind, version):
        raise InvalidModelFile(
            f"{path} is {found[0]} version {found[1]}, this release reads {kind} version {version}; train again"
        )
    return header, arrays
