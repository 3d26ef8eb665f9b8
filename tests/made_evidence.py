"""Evidence of runs that were never made: series by role, given as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mdcore.dynamics import DynamicsStage, Stage
from mdcore.optics import OpticsSettings
from mdcore.properties.evidence import Evidence
from mdcore.settings import SimulationSettings
from mdcore.substances import Substance


@dataclass(frozen=True)
class MadeTargets:
    temperature_K: Any
    pressure_atm: Any = 1.0


@dataclass(frozen=True)
class MadeRecords:
    """Rows of one role."""

    arrays: Mapping[str, Any]

    def array(self, observable: str) -> Any:
        return np.asarray(self.arrays[observable])

    @property
    def targets(self) -> MadeTargets:
        return MadeTargets(self.array("temperature_target_K"))


@dataclass(frozen=True)
class MadeRun:
    """A run by the arrays of its roles."""

    by_role: Mapping[str, Mapping[str, Any]]
    stages: tuple[Stage, ...] = field(default_factory=tuple)
    bundle: Any = None

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(self.by_role)

    def role(self, name: str) -> MadeRecords:
        return MadeRecords(self.by_role[name])


def cooled(rate_k_per_ps: float, start_k: float, end_k: float = 300.0) -> DynamicsStage:
    """Return a stage that cools."""
    return DynamicsStage(
        name="cool", ensemble="nvt", duration_ps=(start_k - end_k) / rate_k_per_ps, temperature_K=(start_k, end_k),
        timestep_fs=2.0,
    )  # fmt: skip


def made_evidence(
    substance: Substance,
    sampling: Mapping[str, Any],
    *,
    stages: tuple[Stage, ...] = (),
    settings: SimulationSettings | None = None,
    optics: OpticsSettings | None = None,
    **roles: Mapping[str, Any],
) -> Evidence:
    """Return the evidence of one equilibrated run."""
    run: Any = MadeRun({"sampling": sampling, **roles}, stages)
    return Evidence(
        substance, settings or SimulationSettings(), optics or OpticsSettings(kind="additive"), {"equilibrated": run}
    )
