"""Heat capacity: the spectrum of the velocities, and the enthalpy at two temperatures."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from mdcore.chem.quantities import Kelvin, Picoseconds
from mdcore.dynamics.mean_cell import at_mean_volume
from mdcore.dynamics.recorded import FinalState, RunRecord
from mdcore.dynamics.stages import DynamicsStage, FrameSettings, NVEStage, Recorded, Stage
from mdcore.protocols.base import Conditions, Protocol
from mdcore.settings.simulation import SimulationSettings
from mdcore.substances import Substance

_OBSERVABLES = tuple(
    Recorded(observable=name)
    for name in ("temperature_K", "potential_kj_mol", "kinetic_kj_mol", "volume_nm3", "density_g_cm3")
)
_SPECTRUM_FRICTION_PER_PS = 10.0
"""Friction before a spectrum: the energy of every vibration is drawn anew within a fraction of a picosecond."""
_LEAST_RECORDS = 10
"""Records of each stage from which a mean or the drift of an energy is estimated."""


class HeatCapacity(Protocol):
    """Short runs at constant energy with true masses, then constant pressure at two temperatures.

    At constant energy a stiff vibration keeps its energy for longer than the run, so that several short runs, each after a thermostat with
    a high friction, sample the energies better than one long run. The cell has the mean volume of the sampling.

    The two temperatures of the enthalpy are below and above that of the measurement for glasses and liquids. A simulated rubber is a
    glass for about 150 K above its glass transition, as it has nanoseconds in place of minutes to relax: what conformations add to
    its heat capacity is therefore taken from the melt above that, over a larger difference, as conformations fluctuate slowly.

    Before, the cell is warmed above both temperatures, so that strained places of a young glass relax there and not while the enthalpy is
    sampled. The runs at constant pressure are in the order cold, hot, cold, with half of the time in each cold one: an enthalpy that
    falls while a glass ages, linearly in time, adds nothing to the difference.

    Attributes:
        spectra: Number of runs at constant energy.
        spectrum_ps: Length of each of them; it sets the resolution of the density of states, 33/cm for 1 ps.
        spectrum_settle_ps: Time with a thermostat before each of them.
        spectrum_timestep_fs: Time step of the runs at constant energy and of the thermostat before them.
        frame_interval_fs: Time between recorded velocities; 4 fs resolve wavenumbers up to 4170/cm.
        max_atoms: Velocities are recorded of as many whole chains as have at most this number of atoms.
        half_difference_K: For glasses and liquids, the temperatures of the enthalpy are this much below and above that of the measurement.
        melt_above_K: For rubbers, the lower temperature of the enthalpy is at least this much above the glass transition.
        melt_difference_K: For rubbers, difference of the two temperatures.
        warm_K: The cell is first warmed to this much above the higher temperature.
        warm_ps: Time at that temperature.
        glass_transition_K: Glass transition temperature; that of the section `protocol` by default, and None estimates it.
        settle_ps: Time after each change of the temperature that is not sampled; the temperature changes in the first half.
        dwell_ps: Sampled time at each temperature.
        timestep_fs: Time step at constant pressure; that of the section `protocol` by default.
        record_interval_ps: Time between records; energies of vibrations fluctuate within tens of femtoseconds.
    """

    name: ClassVar[str] = "heat_capacity"
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "quick": {"warm_ps": 20.0, "settle_ps": 20.0, "dwell_ps": 140.0, "record_interval_ps": 0.02},
        "accurate": {"spectra": 10, "warm_ps": 500.0, "settle_ps": 200.0, "dwell_ps": 3000.0},
    }

    spectra: int = Field(default=4, ge=2, le=100)
    spectrum_ps: float = Field(default=2.5, ge=0.5, le=1000)
    spectrum_settle_ps: Picoseconds = 1.0
    spectrum_timestep_fs: float = Field(default=1.0, gt=0, le=2)
    frame_interval_fs: float = Field(default=4.0, gt=0, le=4.5)
    max_atoms: int = Field(default=2000, ge=1)
    half_difference_K: Kelvin = 15.0
    melt_above_K: float = Field(default=200.0, ge=0, le=1000)
    melt_difference_K: float = Field(default=100.0, gt=0, le=500)
    warm_K: float = Field(default=50.0, ge=0, le=500)
    warm_ps: Picoseconds = 200.0
    glass_transition_K: Kelvin | None = None
    settle_ps: Picoseconds = 100.0
    dwell_ps: Picoseconds = 1000.0
    timestep_fs: float = Field(default=4.0, gt=0, le=5)
    record_interval_ps: Picoseconds = 0.05

    @model_validator(mode="after")
    def _recorded(self) -> Self:
        # The temperature that is sampled in two parts has half of the time in each.
        for name, length in (("spectrum_ps", self.spectrum_ps), ("dwell_ps", self.dwell_ps / 2.0)):
            if length < _LEAST_RECORDS * self.record_interval_ps * (1.0 - 1e-9):
                raise ValueError(
                    f"{name} {getattr(self, name):g} has stages with fewer than {_LEAST_RECORDS} records "
                    f"{self.record_interval_ps:g} ps apart; lengthen it or shorten record_interval_ps"
                )
        return self

    @classmethod
    def of(cls, settings: SimulationSettings) -> Self:
        """Return the protocol; time step and glass transition are those of the section `protocol` unless they are given."""
        given = {
            "timestep_fs": settings.protocol.timestep_fs,
            "glass_transition_K": settings.protocol.glass_transition_K,
            **cls.presets.get(settings.preset, {}),
            **settings.protocols.get(cls.name, {}),
        }
        return cls.model_validate(given)

    def start(self, before: RunRecord) -> FinalState:
        """Return the cell at the mean volume of the sampling."""
        return at_mean_volume(before)

    def enthalpy_temperatures_k(self, substance: Substance, temperature_k: float) -> tuple[float, float]:
        """Return the two temperatures of the enthalpy in K for a measurement at a temperature."""
        transition = substance.glass_transition_k(self.glass_transition_K)
        if transition is None or temperature_k <= transition[0]:
            return temperature_k - self.half_difference_K, temperature_k + self.half_difference_K
        cold = max(temperature_k, transition[0] + self.melt_above_K)
        return cold, cold + self.melt_difference_K

    def plan(self, substance: Substance, conditions: Conditions) -> tuple[Stage, ...]:
        """Return the stages; roles are `vibrations`, `cold` and `hot`."""
        middle, pressure = conditions.temperature_K, conditions.pressure_atm
        cold, hot = self.enthalpy_temperatures_k(substance, middle)
        stages: list[Stage] = []
        for number in range(1, self.spectra + 1):
            stages.append(
                DynamicsStage(
                    name=f"thermostat {number}",
                    ensemble="nvt",
                    duration_ps=self.spectrum_settle_ps,
                    temperature_K=(middle, middle),
                    timestep_fs=self.spectrum_timestep_fs,
                    friction_per_ps=_SPECTRUM_FRICTION_PER_PS,
                    record_interval_ps=self.record_interval_ps,
                    observables=_OBSERVABLES,
                    true_masses=True,
                )
            )
            stages.append(
                NVEStage(
                    name=f"vibrations {number}",
                    duration_ps=self.spectrum_ps,
                    temperature_K=middle,
                    timestep_fs=self.spectrum_timestep_fs,
                    record_interval_ps=self.record_interval_ps,
                    observables=_OBSERVABLES,
                    true_masses=True,
                    frames=FrameSettings(
                        interval_ps=self.frame_interval_fs * 1e-3, positions=False, max_atoms=self.max_atoms
                    ),
                )
            )

        def constant_pressure(name: str, role: str, ends: tuple[float, float], duration_ps: float) -> DynamicsStage:
            return DynamicsStage(
                name=name,
                ensemble="npt",
                role=role,
                duration_ps=duration_ps,
                temperature_K=ends,
                pressure_atm=(pressure, pressure),
                timestep_fs=self.timestep_fs,
                record_interval_ps=self.record_interval_ps,
                observables=_OBSERVABLES,
            )

        half, before = self.settle_ps / 2.0, hot + self.warm_K
        stages.append(constant_pressure("to warm", "equilibration", (middle, before), half))
        stages.append(constant_pressure("warm", "equilibration", (before, before), self.warm_ps))
        for name, role, temperature, share in (
            ("cold 1", "cold", cold, 0.5), ("hot", "hot", hot, 1.0), ("cold 2", "cold", cold, 0.5),
        ):  # fmt: skip
            stages.append(constant_pressure(f"to {name}", "equilibration", (before, temperature), half))
            stages.append(constant_pressure(f"settle {name}", "equilibration", (temperature, temperature), half))
            stages.append(constant_pressure(name, role, (temperature, temperature), share * self.dwell_ps))
            before = temperature
        return tuple(stages)
