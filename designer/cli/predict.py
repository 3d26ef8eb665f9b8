"""`designer predict`: predictions of a saved surrogate, or of one trained on a store, for a list of repeat units."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from designer.cli.checks import at_least
from designer.cli.learned import learned_from
from designer.cli.locate import shown_address
from designer.cli.options import CampaignName, Json, Predicted, Seed
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.errors import InvalidRequest, MissingFile
from designer.novelty import Novelty, novelty
from designer.text import with_error
from generators import load_corpus, read_list
from generators.cells import TableWriter
from mdcore.chem import InvalidRepeatUnit, RepeatUnit, property_spec
from mdcore.chem.files import replacing_text

if TYPE_CHECKING:
    from surrogates import Prediction, SurrogateSet

MODEL = "model.json"
"""Name of the file written by `designer fit`."""
AT_A_TIME = 5000
"""Repeat units predicted at a time; bounds the memory."""


@dataclass(frozen=True)
class _Row:
    """A valid repeat unit of the list."""

    given: str
    name: str
    unit: RepeatUnit
    novelty: Novelty


def predict_command(
    store: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Folder or model.json of `designer fit`; or a store, folder or YAML file of a campaign.",
        ),
    ],
    structures: Annotated[
        Path, typer.Argument(help="List of repeat units: a table with a column psmiles, or a SMILES file.")
    ],
    properties: Predicted = None,
    campaign: CampaignName = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="CSV file to write; standard output by default.")] = None,
    as_json: Json = False,
) -> int:
    """Predict properties of repeat units with a fitted surrogate."""
    with answer_stream() as stream:
        at_least("--seed", seed, 0)
        wanted = list(dict.fromkeys(property_spec(name).name for name in properties or []))
        if out is not None and (out.is_dir() or not out.parent.is_dir()):
            raise InvalidRequest(f"--out {str(out)!r} cannot be written; give a file in an existing folder")
        path = _model_file(store)
        if path is None and campaign is None and not store.strip():
            raise InvalidRequest("MODEL '' is empty; give the folder of `designer fit`, its model.json, or a store")
        shown = store if path is not None else shown_address(store)
        entries = read_list(structures)
        surrogates, measured = _surrogates(store, path, campaign, wanted, seed)
        names = tuple(wanted or surrogates.properties)
        for name in names:
            if name not in surrogates.properties:
                raise InvalidRequest(
                    f"--property {name!r} is not in {shown!r}; it predicts {', '.join(surrogates.properties)}"
                )
        corpus = load_corpus()
        rows, left_out = [], []
        for entry in entries:
            try:
                unit = RepeatUnit.from_psmiles(entry.smiles, elements=None)
            except InvalidRepeatUnit as error:
                left_out.append({"psmiles": entry.smiles, "reason": str(error)})
            else:
                word = novelty(unit.key in corpus, measured=unit.key in measured)
                rows.append(_Row(entry.smiles, entry.name, unit, word))
        if not rows:
            raise InvalidRequest(
                f"{structures}: no row has a valid repeat unit; the first error: {left_out[0]['reason']}"
            )
        parts = [surrogates.predict([r.unit for r in rows[i : i + AT_A_TIME]]) for i in range(0, len(rows), AT_A_TIME)]
        if out is not None:
            with replacing_text(out, newline="") as file:
                _table(file, rows, names, parts)
        if as_json:
            write_json(stream, _document(shown, rows, names, parts, left_out))
            return 0
        for bad in left_out:
            sys.stderr.write(f"left out: {bad['reason']}\n")
        if out is None:
            _lines(stream, rows, names, parts)
        else:
            dropped = f", {len(left_out)} left out" if left_out else ""
            stream.write(f"{count(len(rows), 'repeat unit')}{dropped}: {out}\n")
    return 0


def _model_file(model: str) -> Path | None:
    """Return the file of saved surrogates for `model`, or None for a store."""
    path = Path(model)
    if path.is_dir() and (path / MODEL).is_file():
        return path / MODEL
    if path.suffix == ".json":
        if not path.is_file():
            raise MissingFile(f"model {model!r} does not exist; `designer fit` writes one")
        return path
    return None


def _surrogates(
    model: str, path: Path | None, campaign: str | None, wanted: Sequence[str], seed: int
) -> "tuple[SurrogateSet, frozenset[str]]":
    """Return the surrogates and the keys of their training data."""
    if path is not None:
        from surrogates import load_surrogates

        if campaign is not None:
            raise InvalidRequest(f"--campaign {campaign!r} applies to stores, and {model!r} is a saved model; omit it")
        surrogates = load_surrogates(path)
        return surrogates, frozenset(unit.key for unit in surrogates.observations.units)
    learned = learned_from(model, campaign)
    names = tuple(wanted) or learned.properties
    if not names:
        raise InvalidRequest(
            f"store {learned.name!r} has no measurement; import data with `designer import`, or run a campaign"
        )
    return learned.surrogates(names, seed), learned.measured(names)


def _values(parts: "Sequence[Prediction]", names: Sequence[str], row: int) -> list[tuple[float, float]]:
    part, i = parts[row // AT_A_TIME], row % AT_A_TIME
    column = {name: j for j, name in enumerate(part.properties)}
    return [(float(part.mean[i, column[name]]), float(part.sd[i, column[name]])) for name in names]


def _table(stream: TextIO, rows: Sequence[_Row], names: Sequence[str], parts: "Sequence[Prediction]") -> None:
    table = TableWriter(stream)
    heads = [column for name in names for column in (name, f"{name}_sd")]
    table.row(["psmiles", "key", "name", "novelty", *heads])
    for i, row in enumerate(rows):
        numbers = [f"{number:.6g}" for pair in _values(parts, names, i) for number in pair]
        table.row([row.given, row.unit.key, row.name, row.novelty, *numbers])


def _document(
    model: str,
    rows: Sequence[_Row],
    names: Sequence[str],
    parts: "Sequence[Prediction]",
    left_out: Sequence[dict[str, str]],
) -> dict[str, object]:
    units = [
        {
            "psmiles": row.given,
            "key": row.unit.key,
            "name": row.name,
            "novelty": row.novelty,
            "predicted": {
                name: {"mean": mean, "sd": sd, "unit": property_spec(name).unit}
                for name, (mean, sd) in zip(names, _values(parts, names, i), strict=True)
            },
        }
        for i, row in enumerate(rows)
    ]
    return {"model": model, "n": len(rows), "units": units, "left_out": list(left_out)}


def _lines(stream: TextIO, rows: Sequence[_Row], names: Sequence[str], parts: "Sequence[Prediction]") -> None:
    for i, row in enumerate(rows):
        told = [
            f"{property_spec(name).symbol} {with_error(mean, sd)}"
            f"{'' if property_spec(name).unit == '1' else ' ' + property_spec(name).unit}"
            for name, (mean, sd) in zip(names, _values(parts, names, i), strict=True)
        ]
        stream.write("\t".join([row.given, row.novelty, *told]) + "\n")
