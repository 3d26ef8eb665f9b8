"""Steady heat flow through an elongated cell, for the thermal conductivity."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from mdcore.chem.quantities import Picoseconds
from mdcore.dynamics.slabs import AXES, Axis
from mdcore.dynamics.stages import FrameSettings, HeatExchangeStage, Stage
from mdcore.protocols.base import Conditions
from mdcore.protocols.elongated import Elongated
from mdcore.settings.simulation import CellSettings
from mdcore.substances import Substance

_NEEDED_TAUS = 10.0
"""Relaxation times that a flow needs: the power is corrected after two, three more are discarded, and the fit needs as many again."""
_LEAST_RECORDS = 40
"""Records of a flow, half of which are discarded before it is steady; the estimate needs 20."""


class _HeatFlow(Elongated):
    """Thermostat, then a heat flow at constant energy; see `mdcore.dynamics.stages.heat_exchange`.

    Attributes:
        axes: Axes along which the conductivity is measured, each in a run of its own; None measures along x, which is
            enough for an isotropic cell.
        duration_ps: Length of the heat flow.
        gradient_K_nm: Temperature gradient that is aimed at.
        largest_deviation: Limit of the deviation of the end temperatures from the mean, relative to it.
        conductivity_guess_W_m_K: Conductivity from which the first power is computed.
        adjust_power: Whether the power is corrected once, after two relaxation times.
        exchange_interval_ps: Time between two exchanges.
        record_interval_ps: Time between records.
        frame_interval_ps: Time between frames of positions and velocities, from which the heat flow is decomposed by interactions; None
            records none. A frame takes 24 bytes per atom on disk.
    """

    section: ClassVar[str] = "heat_flow"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {
            "settle_ps": 10.0,
            "duration_ps": 300.0,
            "n_slabs": 12,
            "exchange_interval_ps": 0.04,
            "record_interval_ps": 0.2,
        },
        "accurate": {"replicas": 2, "duration_ps": 3000.0},
    }

    axes: tuple[Axis, ...] | None = None
    duration_ps: Picoseconds = 1500.0
    gradient_K_nm: float = Field(default=20.0, gt=0, le=1000)
    largest_deviation: float = Field(default=0.15, gt=0, le=0.5)
    conductivity_guess_W_m_K: float = Field(default=0.2, gt=0, le=1e4)
    adjust_power: bool = True
    exchange_interval_ps: Picoseconds = 0.2
    record_interval_ps: Picoseconds = 0.4
    frame_interval_ps: Picoseconds | None = None

    @field_validator("axes")
    @classmethod
    def _different(cls, given: tuple[Axis, ...] | None) -> tuple[Axis, ...] | None:
        if given is not None and (not given or len(set(given)) < len(given)):
            raise ValueError(f"axes {list(given)} must be one to three different ones of x, y, z")
        return given

    @model_validator(mode="after")
    def _recorded(self) -> Self:
        for name, least in (("record_interval_ps", _LEAST_RECORDS), ("frame_interval_ps", 2)):
            interval = getattr(self, name)
            if interval is not None and self.duration_ps < least * interval * (1.0 - 1e-9):
                raise ValueError(
                    f"duration_ps {self.duration_ps:g} must be at least {least} times {name} {interval:g}; lengthen it or shorten {name}"
                )
        return self

    def plan(self, substance: Substance, conditions: Conditions) -> tuple[Stage, ...]:
        """Return the stages; the flow has the role `heat_flow`."""
        flow = HeatExchangeStage(
            name=f"heat flow along {self.axis}",
            duration_ps=self.duration_ps,
            temperature_K=conditions.temperature_K,
            timestep_fs=self.timestep_fs,
            axis=self.axis,
            n_slabs=self.n_slabs,
            gradient_K_nm=self.gradient_K_nm,
            largest_deviation=self.largest_deviation,
            conductivity_guess_W_m_K=self.conductivity_guess_W_m_K,
            adjust_power=self.adjust_power,
            exchange_interval_ps=self.exchange_interval_ps,
            record_interval_ps=self.record_interval_ps,
            frames=None if self.frame_interval_ps is None else FrameSettings(interval_ps=self.frame_interval_ps),
        )
        return (self.thermostat("settle", conditions, self.settle_ps), flow)

    def too_brief(self, cell: CellSettings) -> str | None:
        """Return in one line why the flow is too short for the length of the cell, or None."""
        needed = _NEEDED_TAUS * self.relaxation_ps(cell)
        if self.duration_ps >= needed:
            return None
        return (
            f"a heat flow of {self.duration_ps:g} ps is too short for a cell of about {self.length_nm(cell):.1f} nm, which needs "
            f"{needed:.0f} ps to become steady and be measured; raise protocols.{self.section}.duration_ps or lower its replicas"
        )


class HeatFlow(_HeatFlow):
    """Heat flow along x."""

    name: ClassVar[str] = "heat_flow"


class HeatFlowY(_HeatFlow):
    """Heat flow along y, where `axes` of `heat_flow` names it; settings of `heat_flow` hold where none is given here."""

    name: ClassVar[str] = "heat_flow_y"
    axis: ClassVar[Axis] = "y"


class HeatFlowZ(_HeatFlow):
    """Heat flow along z, where `axes` of `heat_flow` names it; settings of `heat_flow` hold where none is given here."""

    name: ClassVar[str] = "heat_flow_z"
    axis: ClassVar[Axis] = "z"


FLOWS: Mapping[Axis, type[_HeatFlow]] = dict(zip(AXES, (HeatFlow, HeatFlowY, HeatFlowZ), strict=True))
"""Heat flows by axis."""
