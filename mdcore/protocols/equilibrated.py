"""Equilibration, cooling and sampling: the protocol used for most properties."""

from typing import ClassVar, Self

from mdcore.dynamics.stages import CompressStage, DynamicsStage, MinimiseStage, Stage
from mdcore.protocols.base import Conditions, Protocol
from mdcore.settings.simulation import ProtocolSettings, SimulationSettings
from mdcore.substances import Substance

_SOFT_START_PS = 1.0
_SOFT_START_FS = 1.0


class Equilibrated(Protocol):
    """Soft start, compression, cycles, melt, cooling ramp, sampling.

    Attributes:
        settings: The section `protocol` of a simulation.
    """

    settings: ProtocolSettings = ProtocolSettings()
    name: ClassVar[str] = "equilibrated"
    after: ClassVar[str | None] = None

    @classmethod
    def of(cls, settings: SimulationSettings) -> Self:
        """Return the protocol of the section `protocol`."""
        return cls(settings=settings.protocol)

    def plan(self, substance: Substance, conditions: Conditions) -> tuple[Stage, ...]:
        """Return the stages; see `schedule`."""
        return schedule(self.settings, conditions.hottest_K, conditions.density_g_cm3)


def schedule(settings: ProtocolSettings, melt_temperature_k: float, density_g_cm3: float) -> tuple[Stage, ...]:
    """Return the stages of a simulation: soft start, compression, cycles, melt, cooling ramp, sampling.

    The cycles follow the 21-step scheme of Larsen et al. (2011, doi:10.1021/ma200345v) with temperature ramps instead of jumps: heat at
    constant volume, hold, cool at constant volume, then constant pressure at the peak pressure of the cycle.

    Args:
        settings: Lengths, temperatures, pressures.
        melt_temperature_k: Highest temperature in K.
        density_g_cm3: Density to compress to before the barostat is switched on.

    Returns:
        Stages in order; the last has the role `sampling`.
    """
    hot, cold, pressure = melt_temperature_k, settings.temperature_K, settings.pressure_atm
    stages: list[Stage] = [MinimiseStage()]

    def dynamics(
        name: str, ensemble: str, duration_ps: float, temperature: tuple[float, float], **more: object
    ) -> None:
        stages.append(
            DynamicsStage.model_validate(
                {
                    "name": name,
                    "ensemble": ensemble,
                    "duration_ps": duration_ps,
                    "temperature_K": temperature,
                    "pressure_atm": (pressure, pressure),
                    "timestep_fs": settings.timestep_fs,
                    "friction_per_ps": settings.friction_per_ps,
                    "record_interval_ps": settings.record_interval_ps,
                    **more,
                }
            )
        )

    dynamics(
        "soft start",
        "nvt",
        _SOFT_START_PS,
        (cold, cold),
        timestep_fs=_SOFT_START_FS,
        friction_per_ps=20.0,
        role="compression",
    )
    # Half the time step keeps the constraint solver stable while overlaps from the compression relax.
    stages.append(
        CompressStage(
            density_g_cm3=density_g_cm3,
            duration_ps=settings.compress_ps,
            temperature_K=hot,
            timestep_fs=min(2.0, settings.timestep_fs),
        )
    )
    for number, peak in enumerate(settings.cycle_pressures_atm, start=1):
        part = settings.cycle_ps / 4.0
        dynamics(f"cycle {number} heat", "nvt", part, (cold, hot))
        dynamics(f"cycle {number} hold", "nvt", part, (hot, hot))
        dynamics(f"cycle {number} cool", "nvt", part, (hot, cold))
        dynamics(f"cycle {number} press", "npt", part, (cold, cold), pressure_atm=(peak, peak))
    ensemble = "npt" if settings.cool_at == "pressure" else "nvt"
    if settings.melt_ps:
        dynamics("melt", ensemble, settings.melt_ps, (hot, hot))
    if settings.cool_ps:
        # Only a ramp at constant pressure gives the volume as a function of temperature.
        role = "cooling" if ensemble == "npt" else "equilibration"
        dynamics("cool", ensemble, settings.cool_ps, (hot, cold), role=role)
    if settings.settle_ps:
        dynamics("settle", "npt", settings.settle_ps, (cold, cold))
    dynamics("sample", "npt", settings.sample_ps, (cold, cold), role="sampling", max_extensions=settings.max_extensions)
    return tuple(stages)
