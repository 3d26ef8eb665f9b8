"""Cooling in stairs at constant pressure, from the melt into the glass."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from mdcore.chem.quantities import PerPicosecond, Picoseconds
from mdcore.dynamics.stages import DynamicsStage, Stage
from mdcore.protocols.base import Conditions, Protocol
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance

STAIR = "stair"
"""Role of the stairs."""
HOTTEST_K, COLDEST_K = 1000.0, 150.0
"""Limits in K of a range that is chosen from the expected transition."""
LIMIT_K = 2000.0
"""Highest temperature in K that can be set for the first stair."""
EXCESS_K = 80.0
"""Mean excess in K of simulated over measured transitions, 79 K for 315 polymers with OPLS3e (Afzal et al. 2021,
doi:10.1021/acsapm.0c00524). It only enters the check of the range."""
_ABOVE_K, _BELOW_K = 200.0, 150.0
_WIDE_K = (700.0, 150.0)


class CoolingScan(Protocol):
    """Heat to the melt, then cool in stairs; each stair is a stage at one temperature.

    The range is from 200 K above to 150 K below the transition that is expected at laboratory cooling rates, and includes the temperature
    of the measurement. The expected transition is `expected_K` or the substance's estimate; without either, the range is 700 to 150 K.
    Melts are not heated further than needed: short chains at atmospheric pressure are so compressible there that the volume of a small
    cell cannot be averaged within a stair.

    Attributes:
        hottest_K: First stair; None means 200 K above the expected transition, or the temperature of the measurement if hotter; at
            most 1000 K.
        coldest_K: Limit of the last stair; None means 150 K below the expected transition, or the temperature of the measurement if
            colder; at least 150 K.
        step_K: Difference between two stairs.
        hold_ps: Time at each stair, the second half of which is averaged; by preset 25, 500 or 2000 ps.
        heat_ps: Time of the heating to the first stair; by preset 20, 200 or 500 ps.
        melt_ps: Time in the melt before the first stair; by preset 20, 1000 or 5000 ps.
        expected_K: Expected transition at laboratory cooling rates, which only sets the range; None means `protocol.glass_transition_K`,
            or else an estimate from the repeat unit.
        timestep_fs: Time step; that of `protocol` by default.
        friction_per_ps: Langevin friction; that of `protocol` by default.
        record_interval_ps: Time between records; that of `protocol` by default.
    """

    name: ClassVar[str] = "cooling_scan"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"hold_ps": 25.0, "heat_ps": 20.0, "melt_ps": 20.0},
        "accurate": {"hold_ps": 2000.0, "heat_ps": 500.0, "melt_ps": 5000.0},
    }
    hottest_K: float | None = Field(default=None, gt=0, le=LIMIT_K)
    coldest_K: float | None = Field(default=None, gt=0, le=LIMIT_K)
    step_K: float = Field(default=20.0, ge=1.0, le=50.0)
    hold_ps: Picoseconds = 500.0
    heat_ps: Picoseconds = 200.0
    melt_ps: Picoseconds = 1000.0
    expected_K: float | None = Field(default=None, gt=0, le=LIMIT_K)
    timestep_fs: float = Field(default=4.0, gt=0, le=5)
    friction_per_ps: PerPicosecond = 1.0
    record_interval_ps: Picoseconds = 1.0

    @model_validator(mode="after")
    def _cools(self) -> Self:
        if self.hottest_K is not None and self.coldest_K is not None and self.hottest_K <= self.coldest_K:
            raise ValueError(
                f"hottest_K {self.hottest_K:g} must exceed coldest_K {self.coldest_K:g}; the scan cools from one to the other"
            )
        if self.hold_ps < 16 * self.record_interval_ps:
            raise ValueError(
                f"hold_ps {self.hold_ps:g} has fewer than 16 records {self.record_interval_ps:g} ps apart; lengthen it or "
                "shorten record_interval_ps"
            )
        return self

    @classmethod
    def of(cls, settings: SimulationSettings) -> Self:
        """Return the protocol with the settings of a simulation; what they leave out is taken from the preset and `protocol`."""
        main = settings.protocol
        default: dict[str, Any] = {
            **cls.presets.get(settings.preset, {}),
            "expected_K": main.glass_transition_K,
            "timestep_fs": main.timestep_fs,
            "friction_per_ps": main.friction_per_ps,
            "record_interval_ps": main.record_interval_ps,
        }
        return cls.model_validate({**default, **settings.protocols.get(cls.name, {})})

    @property
    def rate_k_per_ps(self) -> float:
        """Cooling rate in K/ps."""
        return self.step_K / self.hold_ps

    def expected_k(self, substance: Substance | None) -> float | None:
        """Return the expected transition at laboratory cooling rates in K, or None if it is not known.

        Args:
            substance: The substance, if known.
        """
        if substance is None:
            return self.expected_K
        transition = substance.glass_transition_k(self.expected_K)
        return None if transition is None else transition[0]

    def temperatures_k(self, substance: Substance | None, temperature_k: float) -> tuple[float, ...]:
        """Return the temperatures of the stairs in K, hottest first.

        Args:
            substance: The substance, if known.
            temperature_k: Temperature of the measurement, which is one of the stairs unless `hottest_K` is set.
        """
        expected = self.expected_k(substance)
        if expected is None:
            hottest, coldest = _WIDE_K
        else:
            hottest = min(HOTTEST_K, expected + _ABOVE_K)
            coldest = max(COLDEST_K, expected - _BELOW_K)
        coldest = min(coldest, temperature_k)
        if self.hottest_K is None:
            hottest = max(hottest, temperature_k)
            steps = math.ceil((hottest - temperature_k) / self.step_K - 1e-9)
            hottest = temperature_k + self.step_K * steps
            if hottest > max(HOTTEST_K, temperature_k):
                hottest -= self.step_K
        else:
            hottest = self.hottest_K
        coldest = coldest if self.coldest_K is None else self.coldest_K
        number = math.floor((hottest - coldest) / self.step_K + 1e-9)
        return tuple(hottest - self.step_K * i for i in range(max(0, number) + 1))

    def plan(self, substance: Substance, conditions: Conditions) -> tuple[Stage, ...]:
        """Return heating, melt and stairs."""
        temperatures = self.temperatures_k(substance, conditions.temperature_K)
        hot = temperatures[0]

        def dynamics(name: str, role: str, duration_ps: float, start_k: float, end_k: float) -> DynamicsStage:
            return DynamicsStage(
                name=name,
                role=role,
                ensemble="npt",
                duration_ps=duration_ps,
                temperature_K=(start_k, end_k),
                pressure_atm=(conditions.pressure_atm, conditions.pressure_atm),
                timestep_fs=self.timestep_fs,
                friction_per_ps=self.friction_per_ps,
                record_interval_ps=self.record_interval_ps,
            )

        return (
            dynamics("heat", "equilibration", self.heat_ps, conditions.temperature_K, hot),
            dynamics("melt", "equilibration", self.melt_ps, hot, hot),
            *(dynamics(f"stair {t:g} K", STAIR, self.hold_ps, t, t) for t in temperatures),
        )

    def why_too_narrow(self, substance: Substance | None, temperature_k: float) -> str | None:
        """Return why no transition can be found in the range, in one line with the remedy, or None.

        Args:
            substance: The substance, if known.
            temperature_k: Temperature of the measurement in K.
        """
        from mdcore.estimate.cooling_scan import END_MARGIN_K, MIN_SIDE, MIN_STAIRS

        where = "simulation.protocols.cooling_scan"
        stairs = self.temperatures_k(substance, temperature_k)
        hottest, coldest = stairs[0], stairs[-1]
        if substance is None and self.expected_K is None and None in (self.hottest_K, self.coldest_K):
            return None  # the range depends on the substance
        if len(stairs) < MIN_STAIRS:
            return (
                f"{where} has {len(stairs)} stairs from {hottest:g} to {coldest:g} K; at least {MIN_STAIRS} are needed: "
                "widen hottest_K and coldest_K or lower step_K"
            )
        known = self.expected_k(substance)
        if known is None:
            return None
        expected = known + EXCESS_K
        about = f"a simulated transition is expected near {expected:.0f} K, {EXCESS_K:g} K above the measured or estimated one"
        if hottest < expected + END_MARGIN_K:
            return (
                f"{where} starts at {hottest:g} K, which is not a melt above the glass transition: {about}; set hottest_K to at least "
                f"{expected + END_MARGIN_K:.0f}"
            )
        if coldest > expected - END_MARGIN_K:
            return (
                f"{where} ends at {coldest:g} K, which is not a glass: {about}; set coldest_K to at most "
                f"{expected - END_MARGIN_K:.0f}"
            )
        sides = {"above": sum(t > expected for t in stairs), "below": sum(t < expected for t in stairs)}
        for side, number in sides.items():
            if number < MIN_SIDE:
                return f"{where} has {number} stairs {side} {expected:.0f} K, at least {MIN_SIDE} are needed: {about}; lower step_K"
        return None


def scan_rate_k_per_ps(stages: Sequence[Stage]) -> float:
    """Return the cooling rate of the stairs among the stages in K/ps: the mean step over the mean hold."""
    stairs = [stage for stage in stages if stage.records_as == STAIR]
    temperatures = [stage.temperature_at(0.0) for stage in stairs]
    step = (temperatures[0] - temperatures[-1]) / max(1, len(stairs) - 1)
    return step * len(stairs) / sum(stage.planned_ps for stage in stairs)
