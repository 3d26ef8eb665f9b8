"""Equilibration, cooling and sampling: the protocol used for most properties."""

from dataclasses import dataclass
from typing import ClassVar, Self

from mdcore.dynamics.stages import CompressStage, DynamicsStage, MinimiseStage, Stage
from mdcore.protocols.base import Conditions, Protocol
from mdcore.settings.simulation import ProtocolSettings, SimulationSettings
from mdcore.substances import Substance

_SOFT_START_PS = 1.0
_SOFT_START_FS = 1.0
SLOW_FROM_K, SLOW_TO_K = 130.0, 20.0
"""Slow cooling begins and ends so far above and below the glass transition. At 10 K/ns the glass forms 83 K above the transition of
10 K/min by the equation of Williams, Landel and Ferry; the estimate of the transition has an error of 50 K."""


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
        return schedule(self.settings, conditions.hottest_K, conditions.density_g_cm3, conditions.glass_transition_K)


@dataclass(frozen=True)
class Ramp:
    """One part of the cooling ramp.

    Attributes:
        name: Name of its stage.
        start_K: Initial temperature.
        end_K: Final temperature.
        duration_ps: Length.
    """

    name: str
    start_K: float
    end_K: float
    duration_ps: float


def cooling_ramps(settings: ProtocolSettings, hot_k: float, glass_transition_k: float | None) -> tuple[Ramp, ...]:
    """Return the parts of the cooling ramp: one, or with `slow_cool_ps` up to three, slow where the glass forms.

    The time that relaxation takes grows fastest around the glass transition; elsewhere slow cooling has no effect on the glass.

    Args:
        settings: Lengths and final temperature.
        hot_k: Initial temperature in K.
        glass_transition_k: Known or estimated glass transition in K; None if no glass forms.
    """
    cold = settings.temperature_K
    whole = (Ramp("cool", hot_k, cold, settings.cool_ps),)
    if not settings.slow_cool_ps or glass_transition_k is None or hot_k <= cold:
        return whole
    top = min(hot_k, glass_transition_k + SLOW_FROM_K)
    bottom = max(cold, glass_transition_k - SLOW_TO_K)
    if top <= bottom:
        return whole
    fast = (hot_k - top) + (bottom - cold)
    ramps = (
        Ramp("cool melt", hot_k, top, settings.cool_ps * (hot_k - top) / fast if fast else 0.0),
        Ramp("cool", top, bottom, settings.slow_cool_ps * (top - bottom) / (SLOW_FROM_K + SLOW_TO_K)),
        Ramp("cool glass", bottom, cold, settings.cool_ps * (bottom - cold) / fast if fast else 0.0),
    )
    return tuple(ramp for ramp in ramps if ramp.start_K > ramp.end_K)


def schedule(
    settings: ProtocolSettings,
    melt_temperature_k: float,
    density_g_cm3: float,
    glass_transition_k: float | None = None,
) -> tuple[Stage, ...]:
    """Return the stages of a simulation: soft start, compression, cycles, melt, cooling ramp, sampling.

    The cycles follow the 21-step scheme of Larsen et al. (2011, doi:10.1021/ma200345v) with temperature ramps instead of jumps: heat at
    constant volume, hold, cool at constant volume, then constant pressure at the peak pressure of the cycle.

    Args:
        settings: Lengths, temperatures, pressures.
        melt_temperature_k: Highest temperature in K.
        density_g_cm3: Density to compress to before the barostat is switched on.
        glass_transition_k: Known or estimated glass transition in K, used by `slow_cool_ps`.

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
        for ramp in cooling_ramps(settings, hot, glass_transition_k):
            dynamics(ramp.name, ensemble, ramp.duration_ps, (ramp.start_K, ramp.end_K), role=role)
    if settings.settle_ps:
        dynamics("settle", "npt", settings.settle_ps, (cold, cold))
    dynamics("sample", "npt", settings.sample_ps, (cold, cold), role="sampling", max_extensions=settings.max_extensions)
    return tuple(stages)
