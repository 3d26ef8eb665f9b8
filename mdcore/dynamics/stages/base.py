"""Base classes of stages: settings, and behaviour on an OpenMM context.

`Stage` is the base of all kinds, `TimedStage` that of those that integrate equations of motion and record observables. A kind is a
pydantic model with a `kind` of its own, registered with `mdcore.dynamics.stages.register_stage`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, field_serializer, field_validator, model_validator
from pydantic_core import to_json

from mdcore.chem.quantities import PerPicosecond, Picoseconds
from mdcore.dynamics.clusters import Clusters
from mdcore.dynamics.observables import OBSERVABLES, STANDARD
from mdcore.dynamics.stages.frame_settings import FrameSettings
from mdcore.settings.base import Settings

Role = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
"""Purpose of the records of a stage; properties select records by role."""
_CONVERGENCE = ("density_g_cm3", "potential_kj_mol", "radius_of_gyration_nm")
"""Observables that the convergence tests use."""


class Engine(Protocol):
    """Interface of the running engine that a stage can use.

    Attributes:
        context: OpenMM Context.
        integrator: OpenMM Integrator that the stage made.
        mass_amu: Mass of the cell in dalton.
        timestep_fs: Present time step: that of the stage, halved once for each blow-up.
        n_steps: Steps of the stage at that time step.
        memory: What the stage keeps from one step to the next, in JSON types. It is stored in checkpoints, so that a resumed stage
            finds it again, and is empty when a stage begins.
    """

    context: Any
    integrator: Any
    timestep_fs: float
    memory: dict[str, Any]

    @property
    def mass_amu(self) -> float:
        """Mass of the cell in dalton."""

    @property
    def n_steps(self) -> int:
        """Steps of the stage at its present time step."""

    def step(self, n_steps: int) -> None:
        """Integrate `n_steps` steps and record the frames that are due; use it in place of the integrator's own `step`."""

    @property
    def clusters(self) -> Clusters:
        """Constraint clusters of the System."""


class Stage(Settings, ABC):
    """A stage of a simulation.

    Attributes:
        kind: Name of the kind.
        name: Name that progress, series and plots show.
    """

    kind: str
    name: str

    digested: ClassVar[tuple[str, ...]] = ("kind",)
    """Fields that always enter the bundle's hash, in order; other fields enter it when they differ from their default. So a kind
    can get new fields without changing the hash, and the random numbers, of stages that do not use them."""

    @classmethod
    @abstractmethod
    def example(cls) -> Self:
        """Return a short stage of the kind, for tests and documentation."""

    @property
    def planned_ps(self) -> float:
        """Simulated time of one pass in ps; 0 for a stage without time."""
        return 0.0

    @property
    def initial_timestep_fs(self) -> float:
        """Time step before any halving."""
        return 1.0

    @property
    def damping_per_ps(self) -> float:
        """Friction in 1/ps of the thermostat in exports, for runs of other programs at the conditions of the stage."""
        return 1.0

    @property
    def chunk_ps(self) -> float:
        """Time in ps between two records."""
        return 0.1

    @property
    def constraint_tolerance(self) -> float:
        """Relative tolerance of constrained lengths."""
        return 1e-5

    @property
    def recorded(self) -> tuple["Recorded", ...]:
        """Observables that the stage records."""
        return ()

    @property
    def recorded_frames(self) -> FrameSettings | None:
        """Frames that the stage records; None for none."""
        return None

    @property
    def records_as(self) -> str | None:
        """Role of the records; None for a stage that records nothing."""
        return None

    @property
    def n_passes(self) -> int:
        """How often the stage runs at most: once, and once more for each extension."""
        return 1

    @property
    def tests_convergence(self) -> bool:
        """Whether the convergence tests of this stage count."""
        return False

    @property
    def uses_true_masses(self) -> bool:
        """Whether atoms have their true masses in place of those of the bundle."""
        return False

    def temperature_at(self, fraction: float) -> float:
        """Return the temperature of the thermostat in K when a fraction of the stage is done."""
        return 300.0

    def pressure_at(self, fraction: float) -> float:
        """Return the pressure setting in atm when a fraction of the stage is done; it is recorded also at constant volume."""
        return 0.0

    @property
    def barostat_kind(self) -> str | None:
        """Return `isotropic`, `anisotropic` or `flexible`, or None where the volume is not at constant pressure."""
        return None

    def integrator(self, timestep_fs: float) -> Any:
        """Return the OpenMM Integrator of the stage; the engine seeds it."""
        import openmm

        return openmm.LangevinMiddleIntegrator(self.temperature_at(0.0), 1.0, timestep_fs * 1e-3)

    def prepare(self, system: Any, seed: Callable[[str], int]) -> None:
        """Add the forces of the stage, such as a barostat, to its own copy of the System.

        Args:
            system: OpenMM System.
            seed: Returns a seed for what is named, different for each stage, extension and restart.
        """

    def begin(self, engine: Engine) -> None:
        """Act before the first step.

        Raises:
            SimulationExploded: The result is not finite.
        """

    def steer(self, engine: Engine, done: int, n_steps: int) -> None:
        """Set the conditions of the next `n_steps` steps, after `done` steps of the stage."""

    def advance(self, engine: Engine, done: int, n_steps: int) -> None:
        """Run the next `n_steps` steps, up to the next record, after `done` steps of the stage."""
        self.steer(engine, done, n_steps)
        engine.step(n_steps)

    def finish(self, rows: Callable[[str], NDArray[np.float64]]) -> None:
        """Check what the stage recorded, after its last step.

        Args:
            rows: Function from the name of an observable to its values in this stage, shape (r, *shape).

        Raises:
            SimulationExploded: The records are unphysical, so that the run fails; the stage is not repeated.
        """

    def digest_json(self) -> bytes:
        """Return the part of the settings that enters the hash of the bundle, as JSON."""
        values = self.model_dump(mode="json")
        fields = type(self).model_fields
        own = {name: values[name] for name in self.digested}
        for name, field in fields.items():
            if name not in own and getattr(self, name) != field.get_default(call_default_factory=True):
                own[name] = values[name]
        return to_json(own)


class Recorded(Settings):
    """An observable that a stage records.

    Attributes:
        observable: Its name.
        every: Record it at every so many records of the stage; None for the observable's own interval.
    """

    observable: str
    every: int | None = Field(default=None, ge=1)


class TimedStage(Stage):
    """A stage that integrates equations of motion and records observables.

    Attributes:
        kind: Name of the kind.
        name: Name that progress, series and plots show.
        role: Purpose of the records; properties select records by role.
        duration_ps: Length of one pass.
        timestep_fs: Integration step.
        friction_per_ps: Langevin friction.
        record_interval_ps: Time between records.
        observables: What is recorded: names, or names with an interval as in `{observable: box_nm, every: 10}`.
        frames: Positions and velocities that are recorded in a file of their own; None for none.
        true_masses: Whether atoms have their true masses in place of those of the bundle, whose hydrogens may be heavier. Where the
            masses differ from those of the stage before, velocities are drawn anew.
        max_extensions: How often the stage is repeated while its convergence tests fail.
        check_convergence: Whether the convergence tests of this stage decide whether the run has converged; None for stages
            that can be extended and those of the role `sampling`.
    """

    role: Role = "equilibration"
    duration_ps: Picoseconds
    timestep_fs: float = Field(gt=0, le=5)
    friction_per_ps: PerPicosecond = 1.0
    record_interval_ps: Picoseconds = 0.5
    observables: tuple[Recorded, ...] = tuple(Recorded(observable=name) for name in STANDARD)
    frames: FrameSettings | None = None
    true_masses: bool = False
    max_extensions: int = Field(default=0, ge=0)
    check_convergence: bool | None = None

    @field_validator("observables", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        """Take a plain name for an observable at its own interval."""
        if not isinstance(given, list | tuple):
            return given
        return tuple({"observable": one} if isinstance(one, str) else one for one in given)

    @field_serializer("observables")
    def _plain(self, observables: tuple[Recorded, ...]) -> list[Any]:
        """Write an observable at its own interval as its name."""
        return [one.observable if one.every is None else one.model_dump() for one in observables]

    @model_validator(mode="after")
    def _recordable(self) -> "TimedStage":
        names = [one.observable for one in self.observables]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"observable {name!r} is listed {names.count(name)} times; list it once")
        if self.true_masses and self.timestep_fs > 2.5:
            raise ValueError(f"timestep_fs {self.timestep_fs:g} is too long for true masses; use at most 2 fs")
        if self.tests_convergence:
            for one in self.observables:
                names = [name for name in names if name != one.observable or self.interval(one) == 1]
            missing = [name for name in _CONVERGENCE if name not in names]
            if missing:
                raise ValueError(
                    f"stage {self.name!r} tests convergence, which needs {', '.join(missing)} at every record; add "
                    "them to observables, or set check_convergence to false and max_extensions to 0"
                )
        return self

    @property
    def tests_convergence(self) -> bool:
        """Whether the convergence tests of this stage count."""
        if self.check_convergence is None:
            return self.max_extensions > 0 or self.role == "sampling"
        return self.check_convergence or self.max_extensions > 0

    @property
    def uses_true_masses(self) -> bool:
        """Whether atoms have their true masses in place of those of the bundle."""
        return self.true_masses

    @property
    def damping_per_ps(self) -> float:
        """Langevin friction in 1/ps."""
        return self.friction_per_ps

    @property
    def chunk_ps(self) -> float:
        """Time in ps between two records."""
        return self.record_interval_ps

    @property
    def recorded(self) -> tuple[Recorded, ...]:
        """Observables that the stage records."""
        return self.observables

    @property
    def recorded_frames(self) -> FrameSettings | None:
        """Frames that the stage records; None for none."""
        return self.frames

    @property
    def records_as(self) -> str | None:
        """Role of the records."""
        return self.role

    @property
    def n_passes(self) -> int:
        """How often the stage runs at most: once, and once more for each extension."""
        return 1 + self.max_extensions

    @staticmethod
    def interval(recorded: Recorded) -> int:
        """Return at which multiple of the record interval an observable is recorded.

        Raises:
            UnknownObservable: Neither the program nor a plug-in has it.
        """
        return recorded.every or OBSERVABLES.look_up(recorded.observable).every

    @property
    def planned_ps(self) -> float:
        """Simulated time of one pass in ps."""
        return self.duration_ps

    @property
    def initial_timestep_fs(self) -> float:
        """Time step before any halving."""
        return self.timestep_fs

    @abstractmethod
    def temperature_at(self, fraction: float) -> float:
        """Return the temperature of the thermostat in K when a fraction of the stage is done."""

    def steer(self, engine: Engine, done: int, n_steps: int) -> None:
        """Set the temperature of the integrator to its value in the middle of the next `n_steps` steps."""
        engine.integrator.setTemperature(self.temperature_at((done + 0.5 * n_steps) / engine.n_steps))

    def integrator(self, timestep_fs: float) -> Any:
        """Return a Langevin integrator (LFMiddle, Zhang et al. 2019, doi:10.1021/acs.jpca.9b02771); the engine seeds it."""
        import openmm

        return openmm.LangevinMiddleIntegrator(self.temperature_at(0.0), self.friction_per_ps, timestep_fs * 1e-3)
