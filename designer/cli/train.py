"""`designer train`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml
from pydantic import ValidationError

from designer.cli.corpus import corpus_settings
from designer.cli.options import Json, Known, OwnMonomers, PerClass, PerRule, Polymers, Reactions
from designer.cli.output import answer_stream, write_json
from designer.config.messages import one_line
from designer.config.plain_yaml import plain_value
from designer.errors import InvalidRequest
from designer.text import told_in_quarters
from generators import CorpusSettings, load_corpus, load_model, read_list
from generators.language.training_settings import FINE_TUNING, NeuralSettings
from mdcore.chem import InvalidRepeatUnit, RepeatUnit

if TYPE_CHECKING:
    from generators import NeuralModel, TrainingProgress

INTERRUPTED = 130


def train_command(
    out: Annotated[Path, typer.Option(help="File of the model, .npz.")],
    polymers: Polymers = None,
    monomers: OwnMonomers = None,
    known: Known = True,
    reactions: Reactions = True,
    max_per_rule: PerRule = 3000,
    max_per_class: PerClass = None,
    start: Annotated[Path | None, typer.Option(help="Model to fine-tune on --polymers.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override of a setting, such as epochs=10 or hidden=128; may be repeated."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model in --out.")] = False,
    as_json: Json = False,
) -> int:
    """Train or fine-tune a neural language model.

    After an interruption, the same command resumes the training.
    """
    corpus = corpus_settings(polymers, monomers, known, reactions, max_per_rule, max_per_class)
    with answer_stream() as stream:
        settings = neural_settings(overrides or [], fine_tuning=start is not None)
        checkpoint = out.with_name(f"{out.name}.training")
        if out.suffix != ".npz":
            raise InvalidRequest(f"--out {str(out)!r} must end in .npz")
        if out.exists() and not overwrite and not checkpoint.exists():
            raise InvalidRequest(f"{out} exists; choose another --out, or replace it with --overwrite")
        if not out.parent.is_dir():
            raise InvalidRequest(f"folder {out.parent} of --out does not exist; create it first")
        model = _start(start)
        if model is not None:
            settings = settings.model_copy(update={k: v for k, v in model.network.shape.items() if k != "n_tokens"})
        units, left_out = _units(corpus, start)
        from generators import train_neural

        shown = _Progress()
        try:
            trained = train_neural(units, settings, start=model, checkpoint=checkpoint, progress=shown)
        except KeyboardInterrupt:
            if checkpoint.exists():
                _tell(f"interrupted after {shown.passes} passes, saved in {checkpoint}; resume with the same command")
            else:
                _tell("interrupted before the end of the first pass; nothing is saved")
            return INTERRUPTED
        trained.save(out)
        checkpoint.unlink(missing_ok=True)
        early = shown.passes < settings.epochs
        if as_json:
            write_json(
                stream,
                {
                    "model": str(out),
                    "name": trained.name,
                    "units": len(units),
                    "left_out": left_out,
                    "passes": shown.passes,
                    "stopped": "early" if early else "all passes done",
                    "train_bits": shown.train_bits,
                    "validation_bits": shown.best_bits,
                    "settings": settings.model_dump(mode="json"),
                },
            )
            return 0
        why = f"no improvement for {settings.patience} passes" if early else "all passes done"
        stream.write(
            f"{trained.name} in {out}: {shown.best_bits:.2f} bits per repeat unit on held-out ones, {len(units)} used for training,  "
            f"{shown.passes} passes ({why})\n"
        )
    return 0


def neural_settings(overrides: Sequence[str], *, fine_tuning: bool) -> NeuralSettings:
    """Parse overrides such as `hidden=128`.

    Raises:
        InvalidRequest: A text is not an assignment, or the setting is unknown or invalid.
    """
    document: dict[str, Any] = dict(FINE_TUNING) if fine_tuning else {}
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidRequest(f"--set {text!r} is not an assignment; write it as hidden=128")
        try:
            document[name] = plain_value(value)
        except yaml.YAMLError as error:
            raise InvalidRequest(f"--set {text!r} has an invalid value; write a number") from error
    try:
        return NeuralSettings.model_validate(document)
    except ValidationError as error:
        raise InvalidRequest(f"training settings: {one_line(error, NeuralSettings)}") from error


def _start(path: Path | None) -> "NeuralModel | None":
    if path is None:
        return None
    # An invalid file is rejected before torch is loaded.
    model = load_model(path)
    from generators import NeuralModel

    if not isinstance(model, NeuralModel):
        raise InvalidRequest(f"--start {path} is {model.name}; give a model made by `designer train`")
    return model


def _units(corpus: CorpusSettings, start: Path | None) -> tuple[list[str], int]:
    """Return the training data, and the number of unusable lines of the user's list."""
    if start is None:
        loaded = load_corpus(corpus, progress=told_in_quarters("building the corpus", _tell))
        for reason in loaded.skipped:
            _tell(f"left out: {reason}")
        return list(loaded.units), len(loaded.skipped)
    if corpus.polymers is None:
        raise InvalidRequest("--start needs a list of repeat units; give it with --polymers")
    entries = read_list(corpus.polymers)
    keys: dict[str, None] = {}
    bad = 0
    for entry in entries:
        try:
            keys[RepeatUnit.from_psmiles(entry.smiles).key] = None
        except InvalidRepeatUnit as error:
            bad += 1
            _tell(f"left out: {error}")
    return list(keys), bad


class _Progress:
    """Prints a line for each pass, and keeps the results."""

    def __init__(self) -> None:
        self.passes = 0
        self.train_bits = float("nan")
        self.best_bits = float("inf")
        self._quarter = 0

    def __call__(self, progress: "TrainingProgress") -> None:
        self.passes = progress.epoch
        if progress.finished:
            self._quarter = 0
            self.train_bits = progress.train_bits
            self.best_bits = min(self.best_bits, progress.best_bits)
            _tell(
                f"pass {progress.epoch} of at most {progress.epochs}: {progress.train_bits:.2f} bits per repeat unit, "
                f"{progress.validation_bits:.2f} on held-out ones"
            )
        elif (quarter := int(4 * progress.fraction)) > self._quarter and quarter < 4:
            self._quarter = quarter
            _tell(f"pass {progress.epoch + 1}: {25 * quarter} %, {progress.train_bits:.2f} bits per repeat unit")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
