"""Plan of a simulation: the union of the needs of the requested properties, as ordered tasks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from pydantic import ValidationError

from mdcore.calculations import CALCULATIONS, Calculation
from mdcore.chem.errors import PlanError
from mdcore.dynamics.stages import Stage
from mdcore.properties import EQUILIBRATED, Property, Request, measured_property
from mdcore.protocols import PROTOCOLS, Conditions, Protocol
from mdcore.settings.simulation import HEAVY_HYDROGEN_AMU, LONGEST_LIGHT_STEP_FS, SimulationSettings

Kind = Literal["build", "run", "calculate", "analyse"]
Resource = Literal["cpu", "gpu"]

BUILD, ANALYSE = "build", "analyse"
BUILD_COST = 0.05
"""Fraction of a progress bar for building the cell."""


@dataclass(frozen=True)
class Task:
    """One step of a plan.

    Attributes:
        name: `build`, `analyse`, or the name of a protocol or calculation.
        kind: Kind of task.
        resource: Kind of machine that it needs.
        folder: Folder of its result and checkpoints, relative to the folder of the simulation.
        after: Names of the tasks whose results it needs.
        cost: Estimated fraction of the simulation's time, from 0 to 1; 0 if the substance is not known.
        simulated_ps: Length of the dynamics in ps; 0 for other tasks and if the substance is not known.
        n_steps: Number of integration steps, likewise.
        relative_size: Number of atoms relative to the built cell.
    """

    name: str
    kind: Kind
    resource: Resource
    folder: PurePosixPath
    after: tuple[str, ...]
    cost: float = 0.0
    simulated_ps: float = 0.0
    n_steps: float = 0.0
    relative_size: float = 1.0


@dataclass(frozen=True)
class Plan:
    """Tasks of one simulation in order of execution.

    Attributes:
        properties: Names of the requested properties.
        protocols: Protocols of the runs, each listed after the one that it starts from.
        calculations: Calculations beside the dynamics.
        tasks: All tasks.
    """

    properties: tuple[str, ...]
    protocols: tuple[Protocol, ...]
    calculations: tuple[Calculation, ...]
    tasks: tuple[Task, ...]

    def task(self, name: str) -> Task:
        """Return a task by its name."""
        return next(task for task in self.tasks if task.name == name)

    def phases(self) -> tuple[tuple[Task, ...], ...]:
        """Group the tasks into consecutive phases that each need one kind of machine."""
        phases: list[list[Task]] = []
        place: dict[str, int] = {}
        for task in self.tasks:
            first = max((place[name] for name in task.after), default=0)
            index = next((i for i in range(first, len(phases)) if phases[i][0].resource == task.resource), len(phases))
            if index == len(phases):
                phases.append([])
            phases[index].append(task)
            place[task.name] = index
        return tuple(tuple(phase) for phase in phases)


def make_plan(request: Request, properties: Sequence[str]) -> Plan:
    """Combine the needs of properties into a plan.

    Args:
        request: Settings, and the substance if known.
        properties: Registry names.

    Raises:
        UnknownProperty: A property is not in the registry.
        ValueError: A property is not measured by simulation.
        PlanError: A property cannot be measured with these settings, or the settings of a protocol or calculation are invalid.
    """
    wanted = _closure(properties)
    for one in wanted:
        if reason := one.refuses(request):
            raise PlanError(reason)
    protocols = _protocols([run for one in wanted for run in one.needs.all_runs(request.settings)], request.settings)
    names = dict.fromkeys(name for one in wanted for name in one.needs.calculations)
    _check_sections(request)
    calculations = tuple(_calculation(name, request) for name in names)
    return Plan(tuple(properties), protocols, calculations, tuple(_tasks(request, protocols, calculations)))


def _closure(properties: Sequence[str]) -> list[Property]:
    """Return the properties and their dependencies, each once, dependencies first."""
    found: dict[str, Property] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise PlanError(f"properties depend on each other: {' -> '.join((*above, name))}; correct their needs")
        if name in found:
            return
        one = measured_property(name)
        for other in one.needs.properties:
            visit(other, (*above, name))
        found[name] = one

    for name in properties:
        visit(name, ())
    return list(found.values())


def _protocols(names: Sequence[str], settings: SimulationSettings) -> tuple[Protocol, ...]:
    """Return the protocols and their predecessors, each once, predecessors first."""
    found: dict[str, Protocol] = {}

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise PlanError(f"protocols start from each other: {' -> '.join((*above, name))}; correct `after`")
        if name in found:
            return
        kind = PROTOCOLS.look_up(name)
        if kind.after is not None:
            visit(kind.after, (*above, name))
        try:
            found[name] = kind.of(settings)
        except ValidationError as error:
            raise PlanError(f"simulation.protocols.{name}{_first(error)}") from error
        _check_step(found[name], settings)

    for name in names:
        visit(name, ())
    return tuple(found.values())


def _check_step(protocol: Protocol, settings: SimulationSettings) -> None:
    """Refuse a time step that needs heavier hydrogens than the bundle has; the section `protocol` was checked with the settings."""
    step, mass = getattr(protocol, "timestep_fs", None), settings.force_field.hydrogen_mass_amu
    if isinstance(step, float) and step > LONGEST_LIGHT_STEP_FS and (mass or 1.0) < HEAVY_HYDROGEN_AMU:
        raise PlanError(
            f"simulation.protocols.{protocol.name}.timestep_fs {step:g} requires force_field.hydrogen_mass_amu of at least "
            f"{HEAVY_HYDROGEN_AMU:g}; raise the mass or use at most 2 fs"
        )


def _calculation(name: str, request: Request) -> Calculation:
    try:
        return CALCULATIONS.look_up(name).of(request.settings, request.optics)
    except ValidationError as error:
        raise PlanError(f"simulation.calculations.{name}{_first(error)}") from error


def _check_sections(request: Request) -> None:
    """Check every section of a protocol or calculation, used by the properties or not."""
    for name in request.settings.protocols:
        if name == EQUILIBRATED:
            raise PlanError("simulation.protocols.equilibrated has its own section; write simulation.protocol")
        _protocols([name], request.settings)
    for name in request.settings.calculations:
        _calculation(name, request)


def _first(error: ValidationError) -> str:
    """Return the place below a section and the problem: `.step_K 80.0: ...`, or `: ...` where several settings contradict each other."""
    first = error.errors()[0]
    said = str(first["msg"]).removeprefix("Value error, ")
    if not first["loc"]:
        return f": {said}"
    return f".{'.'.join(str(part) for part in first['loc'])} {first['input']!r}: {said}"


def _tasks(request: Request, protocols: Sequence[Protocol], calculations: Sequence[Calculation]) -> Iterator[Task]:
    stages = {one.name: _stages(one, request) for one in protocols}
    steps = {
        name: sum(1000.0 * one.planned_ps / one.initial_timestep_fs for one in own) for name, own in stages.items()
    }
    work = {one.name: steps[one.name] * one.relative_size for one in protocols}
    total = sum(work.values())
    if protocols:
        yield Task(BUILD, "build", "cpu", PurePosixPath("bundle"), (), BUILD_COST if total else 0.0)
    for one in protocols:
        yield Task(
            name=one.name,
            kind="run",
            resource="gpu",
            folder=run_folder(one.name),
            after=(one.after if one.after is not None else BUILD,),
            cost=(1.0 - BUILD_COST) * work[one.name] / total if total else 0.0,
            simulated_ps=sum(stage.planned_ps for stage in stages[one.name]),
            n_steps=steps[one.name],
            relative_size=one.relative_size,
        )
    last = protocols[-1].name if protocols else None
    for calculation in calculations:
        # Geometries may be taken from the final cell.
        after = (last,) if last is not None else ()
        yield Task(calculation.name, "calculate", "cpu", PurePosixPath(calculation.folder), after)
    yield Task(
        ANALYSE,
        "analyse",
        "cpu",
        PurePosixPath(),
        (*(one.name for one in protocols), *(one.name for one in calculations)),
    )


def _stages(protocol: Protocol, request: Request) -> tuple[Stage, ...]:
    if request.substance is None:
        return ()
    return protocol.plan(request.substance, Conditions.of(request.substance, request.settings))


def run_folder(protocol: str) -> PurePosixPath:
    """Return the folder of a run, relative to the folder of the simulation."""
    return PurePosixPath("run") if protocol == EQUILIBRATED else PurePosixPath("runs") / protocol / "run"


def bundle_folder(protocol: str) -> PurePosixPath:
    """Return the folder of a run's bundle, relative to the folder of the simulation."""
    return PurePosixPath("bundle") if protocol == EQUILIBRATED else PurePosixPath("runs") / protocol / "bundle"
