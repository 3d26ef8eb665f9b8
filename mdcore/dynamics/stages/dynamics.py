"""Langevin dynamics at constant volume or constant pressure."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mdcore.chem.constants import BAR_PER_ATM
from mdcore.dynamics.stages.barostats import BAROSTATS, BarostatKind
from mdcore.dynamics.stages.base import Engine, TimedStage


class DynamicsStage(TimedStage):
    """Langevin dynamics at constant volume or pressure, temperature and pressure ramped linearly.

    Attributes:
        kind: `dynamics`.
        name: Name that progress, series and plots show.
        ensemble: `nvt`, or `npt` with a Monte Carlo barostat.
        role: What the records are used for.
        duration_ps: Length of one pass.
        temperature_K: Temperature at the start and at the end.
        pressure_atm: Pressure at the start and at the end; ignored at constant volume.
        timestep_fs: Integration step.
        friction_per_ps: Langevin friction.
        barostat: What the barostat changes: `isotropic` the volume at constant shape, `anisotropic` each edge on its own,
            `flexible` edges and angles.
        barostat_interval: Steps between moves of the barostat.
        record_interval_ps: Time between records.
        observables: What is recorded; see `TimedStage`.
        max_extensions: How often the stage is repeated while its convergence tests fail.
        check_convergence: See `TimedStage`.
    """

    kind: Literal["dynamics"] = "dynamics"
    ensemble: Literal["nvt", "npt"]
    temperature_K: tuple[float, float]
    pressure_atm: tuple[float, float] = (1.0, 1.0)
    barostat: BarostatKind = "isotropic"
    barostat_interval: int = Field(default=25, ge=1)

    digested: ClassVar[tuple[str, ...]] = (
        "kind", "name", "ensemble", "role", "duration_ps", "temperature_K", "pressure_atm", "timestep_fs", "friction_per_ps",
        "barostat_interval", "record_interval_ps", "max_extensions",
    )  # fmt: skip

    @model_validator(mode="after")
    def _physical(self) -> "DynamicsStage":
        if min(self.temperature_K) <= 0:
            raise ValueError(f"temperature_K {self.temperature_K} must be above 0 K at both ends")
        if min(self.pressure_atm) < 0:
            raise ValueError(f"pressure_atm {self.pressure_atm} must not be negative")
        if self.ensemble == "nvt" and self.barostat != "isotropic":
            raise ValueError(f"barostat {self.barostat!r} needs constant pressure; set ensemble to npt or leave it out")
        return self

    @classmethod
    def example(cls) -> Self:
        """Return a short ramp at constant pressure."""
        return cls(
            name="example",
            ensemble="npt",
            duration_ps=0.4,
            temperature_K=(300.0, 350.0),
            pressure_atm=(100.0, 200.0),
            timestep_fs=2.0,
            barostat_interval=5,
            record_interval_ps=0.02,
        )

    def temperature_at(self, fraction: float) -> float:
        """Return the temperature of the thermostat in K when a fraction of the stage is done."""
        return _between(self.temperature_K, fraction)

    def pressure_at(self, fraction: float) -> float:
        """Return the pressure setting in atm when a fraction of the stage is done."""
        return _between(self.pressure_atm, fraction)

    @property
    def barostat_kind(self) -> str | None:
        """Kind of the barostat, None at constant volume."""
        return self.barostat if self.ensemble == "npt" else None

    def prepare(self, system: Any, seed: Callable[[str], int]) -> None:
        """Add the barostat."""
        if self.ensemble == "npt":
            force = BAROSTATS[self.barostat].make(
                self.pressure_atm[0] * BAR_PER_ATM, self.temperature_at(0.0), self.barostat_interval
            )
            force.setRandomNumberSeed(seed("barostat"))
            system.addForce(force)

    def steer(self, engine: Engine, done: int, n_steps: int) -> None:
        """Set thermostat and barostat to their values in the middle of the steps."""
        super().steer(engine, done, n_steps)
        if self.ensemble == "npt":
            fraction = (done + 0.5 * n_steps) / engine.n_steps
            BAROSTATS[self.barostat].set(engine.context, self.pressure_at(fraction), self.temperature_at(fraction))


def _between(ends: tuple[float, float], fraction: float) -> float:
    start, end = ends
    return start + (end - start) * min(max(fraction, 0.0), 1.0)
