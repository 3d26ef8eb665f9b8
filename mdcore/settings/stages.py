"""Stages of a simulation, resolved to numbers: what a GPU node runs without knowing any chemistry."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mdcore.settings.base import Settings

Role = Literal["compression", "equilibration", "cooling", "sampling"]


class MinimiseStage(Settings):
    """Energy minimisation.

    Attributes:
        name: Name that progress, series and plots show.
        tolerance_kj_mol_nm: Root-mean-square force at which the minimiser stops.
        max_iterations: Limit of iterations; 0 for none.
    """

    kind: Literal["minimise"] = "minimise"
    name: str = "minimise"
    tolerance_kj_mol_nm: float = Field(default=50.0, gt=0)
    max_iterations: int = Field(default=2000, ge=0)


class CompressStage(Settings):
    """Deterministic compression: the cell and all atoms are scaled in small steps while Langevin dynamics runs.

    Attributes:
        name: Name that progress, series and plots show.
        density_g_cm3: Density to reach; a cell that is already denser stays as it is.
        duration_ps: Time over which the density grows, its logarithm linear in time.
        temperature_K: Temperature of the dynamics.
        timestep_fs: Integration step.
        friction_per_ps: Langevin friction.
    """

    kind: Literal["compress"] = "compress"
    name: str = "compress"
    density_g_cm3: float = Field(gt=0)
    duration_ps: float = Field(gt=0)
    temperature_K: float = Field(gt=0)
    timestep_fs: float = Field(gt=0, le=5)
    friction_per_ps: float = Field(default=5.0, gt=0)


class DynamicsStage(Settings):
    """Langevin dynamics at constant volume or pressure, temperature and pressure ramped linearly.

    Attributes:
        name: Name that progress, series and plots show.
        ensemble: `nvt`, or `npt` with an isotropic Monte Carlo barostat.
        role: What the series is used for.
        duration_ps: Length.
        temperature_K: Temperature at the start and at the end.
        pressure_atm: Pressure at the start and at the end; ignored at constant volume.
        timestep_fs: Integration step.
        friction_per_ps: Langevin friction.
        barostat_interval: Steps between volume moves.
        record_interval_ps: Time between rows of the series.
        max_extensions: How often the stage may be run once more when its convergence tests fail.
    """

    kind: Literal["dynamics"] = "dynamics"
    name: str
    ensemble: Literal["nvt", "npt"]
    role: Role = "equilibration"
    duration_ps: float = Field(gt=0)
    temperature_K: tuple[float, float]
    pressure_atm: tuple[float, float] = (1.0, 1.0)
    timestep_fs: float = Field(gt=0, le=5)
    friction_per_ps: float = Field(default=1.0, gt=0)
    barostat_interval: int = Field(default=25, ge=1)
    record_interval_ps: float = Field(default=0.5, gt=0)
    max_extensions: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _physical(self) -> "DynamicsStage":
        if min(self.temperature_K) <= 0:
            raise ValueError(f"temperature_K {self.temperature_K} must be above 0 K at both ends")
        if min(self.pressure_atm) < 0:
            raise ValueError(f"pressure_atm {self.pressure_atm} must not be negative")
        return self


Stage = Annotated[MinimiseStage | CompressStage | DynamicsStage, Field(discriminator="kind")]
