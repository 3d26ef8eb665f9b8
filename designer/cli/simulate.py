"""`designer simulate`."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic import ValidationError

from designer.cli import completion
from designer.cli.checks import at_least
from designer.cli.options import Json, Seed
from designer.cli.output import answer_stream, write_json
from designer.cli.overrides import assign
from designer.cli.substance import read_substance
from designer.config.messages import one_line
from designer.cost import cost_line
from designer.errors import CampaignFailed, InvalidRequest
from designer.text import duration, grouped_reasons, with_error
from mdcore.chem import Failure, Measurement, property_spec
from mdcore.chem.naming import at_density, measured_label, measurement_names
from mdcore.measure import (
    Progress,
    SimulationResult,
    Substance,
    export_cell,
    other_simulation,
    plan_simulation,
    simulate,
    write_outputs,
)
from mdcore.measure.cost import finished_runs
from mdcore.optics import OpticsSettings
from mdcore.properties import MEASURED
from mdcore.properties.sections import without_default_sections
from mdcore.settings import SimulationSettings
from mdcore.settings.export import ENGINES, Engine


def simulate_command(
    structures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STRUCTURE...",
            help="Repeat unit with two stars, for example '*CC(*)c1ccccc1'; several for a copolymer; a molecule for a liquid.",
        ),
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            help="Named set of simulation settings: quick, standard, accurate.", autocompletion=completion.presets
        ),
    ] = "quick",
    properties: Annotated[
        str | None,
        typer.Option(
            help="Properties to measure, separated by commas; by default density, and for polymers slowly_cooled_density.",
            autocompletion=completion.property_list,
        ),
    ] = None,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results, in which the simulation resumes; temporary by default.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override of a setting, such as protocol.temperature_K=350; may be repeated."),
    ] = None,
    optics: Annotated[
        str, typer.Option(help="Molar refractions: additive, dft, or auto for the one with the smaller stated error.")
    ] = "auto",
    optics_density: Annotated[
        str,
        typer.Option(
            help="Density for refractive index and Abbe number: slowly_cooled (corrected for the cooling rate) or simulated."
        ),
    ] = "slowly_cooled",
    sequence: Annotated[str | None, typer.Option(help="Sequence of a copolymer: alternating, random or block.")] = None,
    fractions: Annotated[
        str | None,
        typer.Option(
            help="Mole fractions of the units of a random or block copolymer, such as 0.7,0.3; equal by default."
        ),
    ] = None,
    trajectory_ps: Annotated[
        float | None,
        typer.Option("--trajectory", help="Interval in ps between frames of a DCD trajectory; needs --out."),
    ] = None,
    exports: Annotated[
        list[str] | None,
        typer.Option(
            "--export",
            help="Write the final cell for another engine into OUT/export: gromacs, lammps or openmm; may be repeated; needs --out.",
            autocompletion=completion.engines,
        ),
    ] = None,
    substance_file: Annotated[
        Path | None,
        typer.Option(
            "--substance", help="YAML file that describes the substance: its kind and fields; in place of structures."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Simulate one polymer, copolymer, liquid or other substance."""
    with answer_stream() as stream:
        engines = _engines(exports or [], out)
        substance = read_substance(structures or [], sequence, fractions, substance_file)
        if properties is None:
            properties = "density,slowly_cooled_density" if substance.is_glass else "density"
        names = tuple(property_spec(name.strip()).name for name in properties.split(",") if name.strip())
        if not names:
            raise InvalidRequest(f"--properties {properties!r} is empty; give at least one, for example density")
        if foreign := [name for name in names if name not in MEASURED]:
            raise InvalidRequest(
                f"property {foreign[0]!r} cannot be measured by simulation; choose from {', '.join(MEASURED)}"
            )
        at_least("--seed", seed, 0)
        settings = _settings(preset, overrides or [])
        if trajectory_ps is not None:
            settings = _with_trajectory(settings, trajectory_ps, out)
        tier = _optics(optics, optics_density)
        plan = plan_simulation(substance, settings, names, tier)  # refuses before a folder is made
        if out is not None and (difference := other_simulation(out, substance, settings, seed)):
            raise InvalidRequest(
                f"folder {str(out)!r} contains another simulation ({difference}); choose another --out"
            )
        with _folder(out) as folder:
            if told := cost_line(plan, settings, finished_runs(folder, plan)):
                sys.stderr.write(f"{told}\n")
            with _progress() as progress:
                result = simulate(
                    substance, settings, seed=seed, out=folder, properties=names, progress=progress, optics=tier
                )
        if isinstance(result, Failure):
            raise CampaignFailed(f"simulation of {substance.label} failed ({result.kind}): {result.message}")
        exported: tuple[Path, ...] = ()
        if out is not None:
            written = write_outputs(out)
            exported = export_cell(out, engines) if engines else ()
        if as_json:
            document = _document(substance, preset, seed, result)
            write_json(stream, document | {"exported": [str(path) for path in exported]} if engines else document)
            return 0
        stream.write(f"{substance.label} ({settings.fidelity}, seed {seed})\n")
        for measurement in result.measurements:
            stream.write(f"  {_line(measurement)}\n")
        for reason, missing in grouped_reasons(result.not_determined).items():
            labels = ", ".join(property_spec(name).label for name in missing)
            stream.write(f"  {labels}: not determined, {reason}\n")
        if out is not None:
            files = (
                ": series.h5, plots, parameters.csv, final.pdb, final.cif and final.html (3-D view of the cell)"
                if written
                else ""
            )
            files += ", and in runs those of further runs" if (out / "runs").is_dir() else ""
            stream.write(f"Results in {out}{files}\n")
        for place in dict.fromkeys(path.parent for path in exported):
            files = ", ".join(path.name for path in exported if path.parent == place)
            stream.write(f"Exported to {place}: {files}\n")
    return 0


def _line(measurement: Measurement) -> str:
    """Return a measurement with its name and, for an optical property, its density."""
    unit = "" if measurement.unit == "1" else f" {measurement.unit}"
    density = at_density(measurement)
    at = "" if density is None else f", at the {density.label}, {density.text}"
    return f"{measured_label(measurement)}: {with_error(measurement.value, measurement.stderr)}{unit}{at}"


def _document(substance: Substance, preset: str, seed: int, result: SimulationResult) -> dict[str, Any]:
    return {
        **substance.answer(),
        "preset": preset,
        "seed": seed,
        "properties": {
            m.property: {"value": m.value, "stderr": m.stderr, "unit": m.unit, **measurement_names(m)}
            for m in result.measurements
        },
        "not_determined": dict(result.not_determined),
        "diagnostics": result.diagnostics,
        "provenance": result.provenance,
    }


def _settings(preset: str, overrides: Sequence[str]) -> SimulationSettings:
    """Build the settings from a preset and `section.key=value` texts."""
    document: dict[str, Any] = {"preset": preset}
    assign(document, overrides, "protocol.temperature_K=350")
    try:
        return without_default_sections(SimulationSettings.model_validate(document))
    except ValidationError as error:
        raise InvalidRequest(f"simulation settings: {one_line(error, SimulationSettings)}") from error


def _with_trajectory(settings: SimulationSettings, interval_ps: float, out: Path | None) -> SimulationSettings:
    """Add a trajectory to the settings, which needs a permanent folder."""
    if out is None:
        raise InvalidRequest("--trajectory needs --out")
    if interval_ps <= 0:
        raise InvalidRequest(f"--trajectory must be above 0 ps, got {interval_ps}")
    execution = settings.execution.model_copy(update={"trajectory_interval_ps": interval_ps})
    return settings.model_copy(update={"execution": execution})


def _engines(names: Sequence[str], out: Path | None) -> tuple[Engine, ...]:
    """Check the engines to export to, which needs a permanent folder."""
    for name in names:
        if name not in ENGINES:
            raise InvalidRequest(f"--export {name!r} is unknown; use one of {', '.join(ENGINES)}")
    if names and out is None:
        raise InvalidRequest(f"--export {names[0]} needs --out; the files are written to its subfolder export")
    return tuple(engine for engine in get_args(Engine) if engine in names)


def _optics(kind: str, density: str) -> OpticsSettings:
    """Return the settings of the molar refractions and of their density."""
    if density not in ("slowly_cooled", "simulated"):
        raise InvalidRequest(f"--optics-density {density!r} is unknown; use slowly_cooled or simulated")
    try:
        return OpticsSettings.model_validate({"kind": kind, "density": density})
    except ValidationError as error:
        raise InvalidRequest(f"--optics {kind!r} is unknown; use auto, additive or dft") from error


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="designer-simulate-") as name:
        yield Path(name)


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Show progress on standard error: a bar on a terminal, otherwise a line for each stage."""
    if not sys.stderr.isatty():
        stages: set[str] = set()

        def tell(progress: Progress) -> None:
            if progress.stage not in stages:
                stages.add(progress.stage)
                sys.stderr.write(f"{progress.stage} {100 * progress.fraction:.0f} %\n")

        yield tell
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    from designer.console import VisibleConsole

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} % {task.fields[pace]}"),
    )
    with Bar(*columns, console=VisibleConsole(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("starting", total=1.0, pace="")

        def draw(progress: Progress) -> None:
            speed = f"{progress.ns_per_day:.0f} ns/day" if progress.ns_per_day is not None else ""
            left = f"{duration(progress.remaining_s)} left" if progress.remaining_s is not None else ""
            pace = ", ".join(part for part in (speed, left) if part)
            bar.update(task, completed=progress.fraction, description=progress.stage, pace=pace)

        yield draw
