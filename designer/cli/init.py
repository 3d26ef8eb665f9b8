"""`designer init`."""

import os
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from designer.cli import completion
from designer.cli.options import Force, Json
from designer.cli.output import answer_stream, write_json
from designer.config.starter import Aim, Answers, starter_text
from designer.errors import InvalidRequest
from mdcore.chem.files import write_whole
from mdcore.chem.numbers import parse_number

_AIM = re.compile(r"^\s*(?:(?P<direction>\w+)\s*:)?\s*(?P<name>\w+)\s*(?:=\s*(?P<value>[^\s=]+))?\s*$")
_DIRECTIONS = {"max": "maximise", "maximise": "maximise", "maximize": "maximise", "min": "minimise"}
_DIRECTIONS |= {"minimise": "minimise", "minimize": "minimise", "target": "target"}
FORM = "write it as maximise:refractive_index, minimise:density or target:density=1.1"


def init_command(
    config: Annotated[Path, typer.Argument(help="YAML file to write.")] = Path("campaign.yaml"),
    name: Annotated[str | None, typer.Option(help="Name of the campaign; by default that of the file.")] = None,
    aims: Annotated[
        list[str] | None,
        typer.Option(
            "--objective",
            help="Objective, such as maximise:refractive_index, minimise:density or target:density=1.1; may be repeated.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Simulation settings: quick, standard, accurate.", autocompletion=completion.presets),
    ] = None,
    evaluations: Annotated[int | None, typer.Option(min=1, help="Number of polymers to evaluate.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Number of parallel simulations.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads of each simulation.")] = None,
    force: Force = False,
    as_json: Json = False,
) -> int:
    """Write a commented campaign file from a few answers.

    On a terminal, it asks for missing options.
    """
    with answer_stream() as stream:
        if config.exists() and not force:
            raise InvalidRequest(f"{str(config)!r} exists; choose another name, or replace it with --force")
        if not config.parent.is_dir():
            raise InvalidRequest(f"folder {str(config.parent)!r} does not exist; create it first")
        ask = _Asker(sys.stdin.isatty() and not as_json)
        default = re.sub(r"[^A-Za-z0-9._-]+", "-", config.stem).strip("-._") or "campaign"
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
        given = aims or ask("Objectives, separated by commas", "maximise:refractive_index").split(",")
        slots = workers or int(ask.number("Number of parallel simulations", max(cores // 2, 1)))
        answers = Answers(
            name=name or ask("Name of the campaign", default),
            aims=tuple(parse_aim(text) for text in given),
            preset=preset or ask("Preset of the simulations: quick, standard or accurate", "quick"),
            evaluations=evaluations or int(ask.number("Polymers to evaluate", 50)),
            workers=slots,
            threads=threads or int(ask.number("CPU threads of each", max(cores // slots, 1))),
        )
        text = starter_text(answers)
        write_whole(config, text)
        if as_json:
            write_json(stream, {"config": str(config), "campaign": answers.name})
        else:
            stream.write(f"Wrote {config}. Next: designer run {config}\n")
    return 0


def parse_aim(text: str) -> Aim:
    """Parse an objective such as `minimise:density` or `target:density=1.1`.

    Raises:
        InvalidRequest: It is not an objective.
    """
    match = _AIM.match(text)
    direction = _DIRECTIONS.get((match["direction"] or "maximise").lower()) if match else None
    if match is None or direction is None:
        raise InvalidRequest(f"objective {text.strip()!r} cannot be read; {FORM}")
    if (direction == "target") != (match["value"] is not None):
        raise InvalidRequest(
            f"objective {text.strip()!r}: a value is required for target and not allowed otherwise; {FORM}"
        )
    try:
        value = None if match["value"] is None else parse_number(match["value"])
    except ValueError:
        raise InvalidRequest(f"objective {text.strip()!r}: {match['value']!r} is not a number; {FORM}") from None
    return Aim(match["name"], direction, value)


class _Asker:
    """Asks on a terminal, and returns the default elsewhere."""

    def __init__(self, interactive: bool) -> None:
        self._interactive = interactive

    def __call__(self, question: str, default: str) -> str:
        if not self._interactive:
            return default
        sys.stderr.write(f"{question} [{default}]: ")
        sys.stderr.flush()
        return sys.stdin.readline().strip() or default

    def number(self, question: str, default: int) -> int:
        """Ask for a positive integer until one is given."""
        while True:
            text = self(question, str(default))
            if text.isdecimal() and int(text) > 0:
                return int(text)
            sys.stderr.write(f"{text!r} is not a positive integer; try again\n")
