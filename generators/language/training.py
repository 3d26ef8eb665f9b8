"""Training and fine-tuning of the neural language model."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from generators.backbone import backbone_cuts
from generators.errors import InexpressibleUnit, InvalidModelFile, NothingToLearn
from generators.language.context import walk
from generators.language.grammar import Grammar
from generators.language.model import encode_all
from generators.language.neural import PATH_SYMBOLS, NeuralModel, TokenGRU, inputs, read_arrays, write_arrays
from generators.language.notation import encode, pad
from generators.language.training_settings import NeuralSettings
from mdcore.chem import RepeatUnit

CHECKPOINT_FORMAT = "polymer-designer GRU training"
CHECKPOINT_VERSION = 3
_CHUNK = 2048
_IMPOSSIBLE = -1e9
_DIGESTED = (
    "embedding", "hidden", "layers", "dropout", "batch", "learning_rate", "validation", "respelled", "seed",
)  # fmt: skip
"""Settings in the digest of version 0.1, in its order."""


@dataclass(frozen=True)
class TrainingProgress:
    """Progress of a training.

    Attributes:
        epoch: Number of finished epochs.
        epochs: Maximum number of epochs.
        fraction: Fraction of the current epoch, 0 to 1.
        train_bits: Mean bits per string of the current or last epoch.
        validation_bits: Bits per string on the validation set after the last epoch, NaN before the first.
        best_bits: Lowest validation bits so far, infinite before the first epoch.
        finished: Whether an epoch has just ended.
    """

    epoch: int
    epochs: int
    fraction: float
    train_bits: float
    validation_bits: float
    best_bits: float = math.inf
    finished: bool = False


def train_neural(
    units: Sequence[RepeatUnit | str],
    settings: NeuralSettings | None = None,
    *,
    start: NeuralModel | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[TrainingProgress], None] | None = None,
) -> NeuralModel:
    """Train or fine-tune a network on repeat units and return the model with the lowest validation loss.

    Args:
        units: Training set; units that the grammar cannot express are skipped.
        settings: Settings of network and training.
        start: Model to fine-tune; its network and grammar are used instead of those of the settings.
        checkpoint: File to write after each epoch; if it exists, training is resumed from it. Units, settings (except `epochs` and
            `patience`) and start must be the same.
        progress: Callback, called about 20 times per epoch.

    Raises:
        NothingToLearn: The grammar can express fewer than two units.
        InvalidModelFile: The checkpoint is damaged, or from another version or training.
    """
    settings = settings if settings is not None else NeuralSettings()
    grammar = start.grammar if start is not None else Grammar()
    known = [(unit, row) for unit, row in zip(units, encode_all(units, grammar), strict=True) if row is not None]
    if len(known) < 2:
        raise NothingToLearn(
            f"training requires at least 2 repeat units that the grammar can express, got {len(known)}"
        )
    rng = np.random.default_rng(settings.seed)
    order = rng.permutation(len(known))
    held = max(1, int(settings.validation * len(known)))
    validation = [known[i][1] for i in order[:held]]
    train = [known[i] for i in order[held:]]
    torch.manual_seed(settings.seed)
    if start is not None:
        network = TokenGRU(**start.network.shape, dropout=settings.dropout)
        network.load_state_dict(start.network.state_dict())
    else:
        network = TokenGRU(
            len(grammar.vocabulary), settings.embedding, settings.hidden, settings.layers, settings.dropout
        )
    run = _Training(network, grammar, settings, checkpoint)
    run.digests = _digests(settings, [str(row) for _, row in known], start)
    run.resume()
    while run.epoch < settings.epochs and run.since_best < settings.patience:
        run.one_epoch(train, validation, progress)
    network.load_state_dict(run.best)
    return NeuralModel(grammar, network)


class _Training:
    """Mutable state of a training."""

    def __init__(self, network: TokenGRU, grammar: Grammar, settings: NeuralSettings, checkpoint: Path | None) -> None:
        self.network = network
        self.grammar = grammar
        self.settings = settings
        self.checkpoint = checkpoint
        self.optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
        self.digests: tuple[str, ...] = ("",)
        self.epoch = 0
        self.since_best = 0
        self.best_bits = math.inf
        self.last_bits = math.nan
        self.best = _copy(network)

    def one_epoch(
        self,
        train: Sequence[tuple[RepeatUnit | str, list[int]]],
        validation: Sequence[list[int]],
        progress: Callable[[TrainingProgress], None] | None,
    ) -> None:
        """Train for one epoch; random numbers depend only on the seed and the number of the epoch."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, self.epoch])
        torch.manual_seed(int(rng.integers(2**31)))
        n_steps = -(-len(train) // settings.batch)
        report = max(1, n_steps // 20)
        bits, seen = 0.0, 0
        self.network.train()
        for number, batch in enumerate(self._batches(train, rng)):
            loss = string_nats(self.network, batch).mean()
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()
            bits += float(loss.detach()) / math.log(2) * len(batch.targets)
            seen += len(batch.targets)
            if progress is not None and number % report == 0:
                fraction = min(1.0, seen / len(train))
                progress(
                    TrainingProgress(self.epoch, settings.epochs, fraction, bits / seen, self.last_bits, self.best_bits)
                )
        self.epoch += 1
        self._judge(validation)
        self._save()
        if progress is not None:
            progress(
                TrainingProgress(
                    self.epoch, settings.epochs, 0.0, bits / max(1, seen), self.last_bits, self.best_bits, finished=True
                )
            )

    def _batches(
        self, train: Sequence[tuple[RepeatUnit | str, list[int]]], rng: np.random.Generator
    ) -> Iterator["Batch"]:
        """Yield the strings in random batches of similar length; at most `_CHUNK` of them are in memory as arrays."""
        order = rng.permutation(len(train))
        for first in range(0, len(order), _CHUNK):
            rows = [self._spelled(train[i][0], train[i][1], rng) for i in order[first : first + _CHUNK]]
            by_length = sorted(range(len(rows)), key=lambda i: len(rows[i]))
            starts = list(range(0, len(rows), self.settings.batch))
            whole = Batch.of([rows[i] for i in by_length], self.grammar)
            for start in rng.permutation(starts):
                yield whole.part(int(start), int(start) + self.settings.batch)

    def _spelled(self, unit: RepeatUnit | str, row: list[int], rng: np.random.Generator) -> list[int]:
        if rng.random() >= self.settings.respelled:
            return row
        if rng.random() < 0.5:
            texts = backbone_cuts(unit.key if isinstance(unit, RepeatUnit) else unit)
            try:
                other = encode(
                    texts[int(rng.integers(len(texts)))], self.grammar.vocabulary, reverse=bool(rng.integers(2))
                )
            except InexpressibleUnit:
                return row
        else:
            other = encode(unit, self.grammar.vocabulary, rng)
        return other if len(other) <= self.grammar.max_tokens else row

    def _judge(self, validation: Sequence[list[int]]) -> None:
        self.network.eval()
        with torch.no_grad():
            parts = [
                string_nats(self.network, Batch.of(validation[i : i + 256], self.grammar))
                for i in range(0, len(validation), 256)
            ]
        self.last_bits = float(torch.cat(parts).mean()) / math.log(2)
        if self.last_bits < self.best_bits:
            self.best_bits, self.since_best, self.best = self.last_bits, 0, _copy(self.network)
        else:
            self.since_best += 1
            for group in self.optimiser.param_groups:
                group["lr"] *= 0.5

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        arrays: dict[str, Any] = {f"now/{k}": v.numpy() for k, v in _copy(self.network).items()}
        arrays |= {f"best/{k}": v.numpy() for k, v in self.best.items()}
        for number, state in self.optimiser.state_dict()["state"].items():
            arrays |= {f"adam/{number}/{k}": np.asarray(v) for k, v in state.items()}
        header = {
            "format": CHECKPOINT_FORMAT,
            "version": CHECKPOINT_VERSION,
            "shape": self.network.shape,
            "digest": self.digests[0],
            "epoch": self.epoch,
            "since_best": self.since_best,
            "best_bits": self.best_bits,
            "learning_rate": self.optimiser.param_groups[0]["lr"],
        }
        write_arrays(self.checkpoint, header, arrays)

    def resume(self) -> None:
        """Resume from the checkpoint if it exists."""
        if self.checkpoint is None or not self.checkpoint.exists():
            return
        header, arrays = read_arrays(self.checkpoint, CHECKPOINT_FORMAT, CHECKPOINT_VERSION)
        if header["shape"] != self.network.shape or header["digest"] not in self.digests:
            raise InvalidModelFile(
                f"checkpoint {self.checkpoint} belongs to a training with other units, settings or start model; use "
                "the same settings or remove it"
            )
        self.epoch, self.since_best, self.best_bits = header["epoch"], header["since_best"], header["best_bits"]
        self.network.load_state_dict(_tensors(arrays, "now/"))
        self.best = _tensors(arrays, "best/")
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in _tensors(arrays, "adam/").items():
            number, key = name.split("/")
            state.setdefault(int(number), {})[key] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        for group in self.optimiser.param_groups:
            group["lr"] = header["learning_rate"]


@dataclass(frozen=True)
class Batch:
    """Strings as inputs and targets of the network.

    Attributes:
        seen: (n, L, C) inputs before each token.
        targets: (n, L) the tokens, -1 after the closing star.
        allowed: (n, L, V) tokens that the grammar allowed.
    """

    seen: torch.Tensor
    targets: torch.Tensor
    allowed: torch.Tensor

    @classmethod
    def of(cls, rows: Sequence[list[int]], grammar: Grammar) -> "Batch":
        """Make a batch of strings that the grammar accepts."""
        tokens = pad(rows)
        seen = walk(tokens, grammar, PATH_SYMBOLS, masks=True)
        last = np.full(tokens.shape, len(grammar.vocabulary), dtype=np.int64)
        last[:, 1:] = np.maximum(tokens[:, :-1], 0)
        return cls(
            inputs(last, seen.structures, seen.contexts),
            torch.as_tensor(tokens.astype(np.int64)),
            torch.as_tensor(seen.allowed),
        )

    def part(self, first: int, end: int) -> "Batch":
        """Return a range of strings, padded to the longest of them."""
        targets = self.targets[first:end]
        length = int((targets >= 0).sum(dim=1).max())
        return Batch(self.seen[first:end, :length], targets[:, :length], self.allowed[first:end, :length])


def string_nats(network: TokenGRU, batch: Batch) -> torch.Tensor:
    """Return the negative log probability of each string under the network and the grammar's mask, shape (n,)."""
    logits, _ = network(batch.seen)
    written = batch.targets >= 0
    allowed = batch.allowed | ~written[..., None]
    log_probs = torch.log_softmax(logits.masked_fill(~allowed, _IMPOSSIBLE), dim=2)
    picked = log_probs.gather(2, batch.targets.clamp(min=0)[..., None])[..., 0]
    return -(picked * written).sum(dim=1)


def _digests(settings: NeuralSettings, units: Sequence[str], start: NeuralModel | None) -> tuple[str, ...]:
    """Return the digests that identify a training: one of the settings without defaults, and the one that version 0.1 wrote.

    Without defaults, a setting that a later version adds does not invalidate checkpoints.
    """
    free = {"epochs", "patience"}
    asked = settings.model_dump(exclude=free, exclude_defaults=True)
    found = []
    for stated in (asked, {name: getattr(settings, name) for name in _DIGESTED}):
        digest = hashlib.sha256(json.dumps([stated, units]).encode())
        if start is not None:
            for name, value in sorted(start.network.state_dict().items()):
                digest.update(name.encode() + value.numpy().tobytes())
        found.append(digest.hexdigest())
    return tuple(found)


def _copy(network: TokenGRU) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _tensors(arrays: dict[str, Any], prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) :]: torch.as_tensor(value) for name, value in arrays.items() if name.startswith(prefix)}
