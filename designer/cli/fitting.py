"""`designer fit`: train, cross-validate and save surrogates of a table."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

import numpy as np
import typer
from pydantic import ValidationError

from designer.cli import completion
from designer.cli.checks import at_least
from designer.cli.options import Columns, DataFile, Json, Seed, Sentinels, Smiles
from designer.cli.output import answer_stream, write_json
from designer.cli.overrides import assign
from designer.cli.tables import count
from designer.config.messages import one_line
from designer.data import DataTable, parse_columns, read_table
from designer.data.table import SENTINELS
from designer.errors import InvalidRequest
from generators.cells import TableWriter
from mdcore.chem import property_spec
from mdcore.chem.files import replacing_text
from mdcore.drawing import save
from surrogates import Observations, SurrogateSettings, fit_surrogates, save_surrogates

if TYPE_CHECKING:
    from surrogates.validation import CrossValidation

KINDS: dict[str, tuple[Literal["key", "cluster"], ...]] = {
    "key": ("key",),
    "cluster": ("cluster",),
    "both": ("key", "cluster"),
}

HELD_OUT = {"key": "whole polymers", "cluster": "whole clusters", "leave-one-out": "one value each"}
"""Held-out units of a validation, for the table."""

FEWEST = 10
"""Minimum number of polymers of a cross-validation."""


def fit_command(
    data: DataFile,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            help="Property to predict; may be repeated; all properties of the file by default.",
            autocompletion=completion.property_name,
        ),
    ] = None,
    columns: Columns = None,
    smiles: Smiles = None,
    sentinels: Sentinels = None,
    groups: Annotated[
        str, typer.Option(help="Grouping of the folds: key (whole polymers), cluster (of similar units), or both.")
    ] = "both",
    folds: Annotated[int, typer.Option(help="Number of folds of the cross-validation.")] = 5,
    features: Annotated[
        str, typer.Option(help="Features: both, fingerprints, descriptors, force-field or all.")
    ] = "both",
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Override of a setting of the surrogates, such as residual=noise or learner=NAME; may be repeated.",
        ),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for model, predictions and plots; fits/NAME by default.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Train, cross-validate and calibrate surrogates."""
    from surrogates.models.learner import check_saves, learner_of
    from surrogates.validation import cross_validate, leave_one_out

    with answer_stream() as stream:
        at_least("--folds", folds, 2)
        at_least("--seed", seed, 0)
        settings = _settings(features, overrides or [])
        check_saves(learner_of(settings))
        if groups not in KINDS:
            raise InvalidRequest(f"--groups {groups!r} is unknown; use {', '.join(KINDS)}")
        folder = out or Path("fits") / data.stem
        if folder.exists() and not folder.is_dir():
            raise InvalidRequest(f"--out {str(folder)!r} is a file; give a folder")
        maps = parse_columns(columns or [])
        wanted = [property_spec(name).name for name in properties or []]
        table = read_table(data, maps, smiles, sentinels or SENTINELS)
        wanted = wanted or list(table.properties)
        observations = observations_from(table, wanted)
        for name in wanted:
            _check(observations, name, table, folds)
        _keep_other_models(folder, wanted)
        folder.mkdir(parents=True, exist_ok=True)
        surrogates = fit_surrogates(observations, wanted, settings, seed)
        validations = []
        for name in wanted:
            for kind in KINDS[groups]:
                validation = cross_validate(observations, name, settings, kind, folds, seed)
                validations.append(validation)
                _keep(validation, observations, folder)
            if surrogates.model(name).leaves_one_out:
                validations.append(leave_one_out(surrogates, name))
        model = folder / "model.json"
        save_surrogates(surrogates, model)
        document = _document(table, observations, validations, folds, model)
        with replacing_text(folder / "fit.json") as kept:
            write_json(kept, document)
        if as_json:
            write_json(stream, document)
        else:
            _print(stream, table, validations, folder)
    return 0


def observations_from(table: DataTable, properties: Sequence[str]) -> Observations:
    """Return the values and failures of some properties of a table as observations.

    Raises:
        InvalidRequest: A property has no column.
    """
    for name in properties:
        if name not in table.properties:
            note = next((f" ({note})" for note in table.notes if f"of {name};" in note), "")
            raise InvalidRequest(
                f"{table.path} has no column of {name!r}{note}; map one with --column 'COLUMN={name}:unit'"
            )
    measured = [row for row in table.rows if any(name in row.values for name in properties)]
    failed = [row for row in table.rows if any(name in row.failed for name in properties)]
    missing = [float("nan")] * len(failed)
    return Observations(
        tuple(row.unit for row in (*measured, *failed)),
        {n: np.array([*(row.values.get(n, np.nan) for row in measured), *missing]) for n in properties},
        {n: np.array([*(row.stderrs.get(n, np.nan) for row in measured), *missing]) for n in properties},
        np.array([False] * len(measured) + [True] * len(failed), dtype=bool),
    )


def _settings(features: str, overrides: Sequence[str]) -> SurrogateSettings:
    choices = SurrogateSettings.model_json_schema()["properties"]["features"]["enum"]
    if features not in choices:
        raise InvalidRequest(f"--features {features!r} is unknown; use one of {', '.join(choices)}")
    document: dict[str, Any] = {"features": features}
    assign(document, overrides, "residual=noise")
    try:
        settings = SurrogateSettings.model_validate(document)
    except ValidationError as error:
        raise InvalidRequest(f"surrogate settings: {one_line(error, SurrogateSettings)}") from error
    if settings.fidelity is not None:
        raise InvalidRequest(
            f"--set fidelity={settings.fidelity} does not apply, because a table has one fidelity; omit it"
        )
    return settings


def _keep_other_models(folder: Path, wanted: Sequence[str]) -> None:
    """Check that no model of other properties would be replaced.

    Raises:
        InvalidRequest: The folder contains one.
    """
    try:
        known = json.loads((folder / "model.json").read_text(encoding="utf-8"))["properties"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if lost := [str(name) for name in known if name not in wanted]:
        raise InvalidRequest(
            f"folder {str(folder)!r} contains a model of {', '.join(lost)}, which would be replaced; choose another folder with --out, or "
            "fit all properties together"
        )


def _check(observations: Observations, name: str, table: DataTable, folds: int) -> None:
    rows = np.flatnonzero(observations.measured(name))
    polymers = len({observations.units[i].key for i in rows})
    fewest = max(FEWEST, folds)
    if polymers < fewest:
        raise InvalidRequest(
            f"{table.path} has {name} of {count(polymers, 'polymer')}, and a cross-validation needs at least {fewest}"
        )


def _keep(validation: "CrossValidation", observations: Observations, folder: Path) -> None:
    """Write held-out predictions and plots."""
    from surrogates.validation import calibration_figure, parity_figure

    stem = f"{validation.property}_{validation.groups}"
    with replacing_text(folder / f"predictions_{stem}.csv", newline="") as stream:
        predictions = TableWriter(stream)
        predictions.row(["psmiles", "key", "measured", "predicted", "sd"])
        rows = zip(validation.rows, validation.measured, validation.mean, validation.sd, strict=True)
        for row, measured, mean, sd in rows:
            unit = observations.units[row]
            predictions.row([unit.psmiles, unit.key, f"{measured:.8g}", f"{mean:.8g}", f"{sd:.8g}"])
    save(parity_figure(validation), folder / f"parity_{stem}.png")
    save(calibration_figure(validation), folder / f"calibration_{stem}.png")


def _document(
    table: DataTable, observations: Observations, validations: "Sequence[CrossValidation]", folds: int, model: Path
) -> dict[str, object]:
    from surrogates.validation import LEVELS

    found: dict[str, dict[str, object]] = {}
    for validation in validations:
        metrics = asdict(validation.metrics)
        coverage = metrics.pop("coverage")
        metrics["coverage"] = {f"{nominal:g}": share for nominal, share in zip(LEVELS, coverage, strict=True)}
        unit = property_spec(validation.property).unit
        found.setdefault(validation.property, {"unit": unit})[_label(validation)] = metrics
    return {
        "data": str(table.path),
        "rows": len(table.rows) + len(table.bad),
        "polymers": len({unit.key for unit in observations.units}),
        "failures": int(observations.failed.sum()),
        "folds": folds,
        "properties": found,
        "model": str(model),
        "columns_left_out": table.notes,
        "unusual": table.unusual,
        "left_out": [row.document() for row in table.bad],
        "cells_left_out": [cell.document() for cell in table.bad_cells],
    }


def _label(validation: "CrossValidation") -> str:
    return "leave_one_out" if validation.groups == "leave-one-out" else f"by_{validation.groups}"


def _print(stream: TextIO, table: DataTable, validations: "Sequence[CrossValidation]", folder: Path) -> None:
    from rich.table import Table

    from designer.console import VisibleConsole

    for doubt in table.unusual:
        stream.write(f"{doubt}\n")
    for row in table.told:
        stream.write(f"{row}\n")
    shown = Table(title="Held-out predictions", title_justify="left", title_style="bold")
    shown.add_column("property")
    shown.add_column("held out")
    for heading in ("n", "R²", "MAE", "NLL", "CRPS", "in 50 %", "in 80 %", "in 95 %"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for validation in validations:
        m, spec = validation.metrics, property_spec(validation.property)
        unit = "" if spec.unit == "1" else f" {spec.unit}"
        shares = [f"{100 * share:.0f} %" for share in m.coverage]
        shown.add_row(
            spec.label, HELD_OUT[validation.groups], f"{m.n}", f"{m.r2:.3f}", f"{m.mae:.3g}{unit}", f"{m.nll:.3f}", f"{m.crps:.3g}{unit}",
            *shares,
        )  # fmt: skip
    VisibleConsole(file=stream, width=None if stream.isatty() else 140).print(shown)
    stream.write(f"\nModel, predictions and plots: {folder}\n")
