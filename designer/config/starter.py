"""A commented campaign file generated from a few answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from designer.config.loading import config_from_mapping
from mdcore.chem import property_spec

ELEMENTS = ("H", "C", "N", "O", "F", "S")


@dataclass(frozen=True)
class Aim:
    """One objective.

    Attributes:
        property: Registry name.
        direction: `maximise`, `minimise` or `target`.
        value: Target value.
    """

    property: str
    direction: str = "maximise"
    value: float | None = None


@dataclass(frozen=True)
class Answers:
    """The answers that a campaign file is made from.

    Attributes:
        name: Name of the campaign.
        aims: Its objectives.
        preset: Named set of simulation settings.
        evaluations: Evaluations to stop after.
        workers: Number of parallel simulations.
        threads: CPU threads of each.
        seed: Seed of every random draw.
    """

    name: str
    aims: Sequence[Aim]
    preset: str = "quick"
    evaluations: int = 50
    workers: int = 1
    threads: int = 1
    seed: int = 1


def starter_text(answers: Answers) -> str:
    """Return the commented YAML text of a valid campaign.

    Raises:
        InvalidConfig: An answer breaks a rule of the configuration; the message names it.
    """
    text = _written(answers)
    import yaml

    config_from_mapping(yaml.safe_load(text), source="answers")
    return text


def _written(answers: Answers) -> str:
    objectives = "".join(_objective(aim) for aim in answers.aims)
    first = min(max(answers.evaluations // 5, 4), 20)
    return f"""\
# A campaign of polymer-designer. Check it with `designer validate`, start and resume it with `designer run`.
# Every key with its default: docs/configuration.md; for editors: designer schema.
name: {_quoted(answers.name)}    # folder under runs/, and name in the store
seed: {answers.seed}    # fixes every random draw

objectives:    # with several objectives, the Pareto front is optimised
{objectives}
# limits:    # allowed ranges of properties
#   - property: density
#     high: 1.3

constraints:    # on every proposed repeat unit
  sa_score: 4.5    # synthetic accessibility: 1 is easy to make, 10 is hard
  elements: [{", ".join(ELEMENTS)}]
  max_heavy_atoms: 24    # of one repeat unit

novelty: required    # proposals must not be in the corpus of known and enumerated polymers; or: allowed

generator:
  kind: ngram_smc    # language model under sequential Monte Carlo
  pool: 200    # candidates among which the acquisition chooses

simulation:
  preset: {answers.preset}    # quick is for demonstration, standard and accurate for results; see docs/user_guide.md
  properties: [density]    # measured beside the objectives

initial:
  kind: prior    # first polymers, drawn from the language model
  evaluations: {first}

cluster:
  kind: local
  workers: {answers.workers}    # parallel simulations: one for each GPU, or cores divided by threads
  threads_per_worker: {answers.threads}

stop:
  evaluations: {answers.evaluations}    # including failed ones
  # wall_time_h: 48    # or a running time in hours
"""


def _objective(aim: Aim) -> str:
    spec = property_spec(aim.property)
    unit = "" if spec.unit == "1" else f" in {spec.unit}"
    lines = [
        f"  - property: {spec.name}    # {spec.label[0].lower()}{spec.label[1:]}{unit}",
        f"    direction: {aim.direction}",
    ]
    if aim.value is not None:
        lines.append(f"    value: {aim.value!r}")
    return "".join(f"{line}\n" for line in lines)


def _quoted(name: str) -> str:
    """Return a name quoted where YAML would not read it as text, such as `2026`, `on` or `1e3`."""
    import yaml

    return yaml.safe_dump(name, default_style=None).removesuffix("\n").removesuffix("\n...").strip()
