"""Settings of a whole simulation: cell, force field, protocol, execution."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from mdcore.chem.quantities import Atmospheres, Kelvin, KelvinOrZero, PerPicosecond, Picoseconds, PicosecondsOrZero
from mdcore.settings.base import Settings
from mdcore.settings.execution import ExecutionSettings

PresetName = Literal["quick", "standard", "accurate"]
MOST_ATOMS = 10_000_000
"""Largest number of atoms of a cell."""


class CellSettings(Settings):
    """The amorphous cell.

    Attributes:
        n_chains: Number of chains, grown independently.
        atoms_per_chain: Target number of atoms per chain; the degree of polymerisation that comes closest is used.
        end_groups: SMILES with one star each for head and tail.
        tacticity: Tacticity of backbone stereocentres without a configuration in the repeat unit.
        meso_fraction: Probability that neighbouring units of an atactic chain have the same configuration.
        growth_density_g_cm3: Density at which the chains are grown into the cell.
    """

    n_chains: int = Field(default=10, ge=1, le=100_000)
    atoms_per_chain: int = Field(default=1000, ge=10, le=1_000_000)
    end_groups: tuple[str, str] = ("*[H]", "*[H]")
    tacticity: Literal["atactic", "isotactic", "syndiotactic"] = "atactic"
    meso_fraction: float = Field(default=0.5, ge=0, le=1)
    growth_density_g_cm3: float = Field(default=0.35, gt=0, le=0.8)

    @model_validator(mode="after")
    def _fits_a_machine(self) -> "CellSettings":
        if (atoms := self.n_chains * self.atoms_per_chain) > MOST_ATOMS:
            raise ValueError(
                f"n_chains {self.n_chains} x atoms_per_chain {self.atoms_per_chain} are {atoms:,} atoms, at most {MOST_ATOMS:,} can be "
                "simulated; lower one of them"
            )
        return self


class ForceFieldSettings(Settings):
    """The force field.

    Attributes:
        smirnoff: SMIRNOFF file, by OpenFF name or path.
        charge_model: NAGL model of the partial charges, by OpenFF name or path.
        cutoff_nm: Direct-space cutoff of Lennard-Jones and PME.
        switch_width_nm: Width of the Lennard-Jones switching region below the cutoff; 0 disables switching.
        dispersion_correction: Whether to apply the long-range Lennard-Jones correction to energy and pressure.
        hydrogen_mass_amu: Mass of hydrogens after repartitioning from their heavy neighbours; None keeps true masses.
        ewald_tolerance: Relative error tolerance of PME forces.
    """

    smirnoff: str = "openff-2.2.1.offxml"
    charge_model: str = "openff-gnn-am1bcc-1.0.0.pt"
    cutoff_nm: float = Field(default=0.9, gt=0.3, le=2)
    switch_width_nm: float = Field(default=0.1, ge=0, le=0.5)
    dispersion_correction: bool = True
    hydrogen_mass_amu: float | None = Field(default=3.0, ge=1, le=4)
    ewald_tolerance: float = Field(default=5e-4, gt=0, lt=0.01)


class ProtocolSettings(Settings):
    """Equilibration, cooling and sampling, all lengths in ps of simulated time.

    Attributes:
        temperature_K: Temperature of the measurement.
        pressure_atm: Pressure of the measurement.
        max_temperature_K: Temperature of the melt. None uses, for polymers, 1000 K if the melt is kept at constant volume, else 100 K
            above the known glass transition, between 600 K and 1000 K; if it is not known, 800 K for backbones of rings and 600 K
            for others. Liquids are not heated.
        melt_above_transition_K: Distance of the melt from the known or estimated glass transition, used instead of the rule above for
            melts at constant pressure; the melt is kept between 600 K and 1000 K.
        glass_transition_K: Known glass transition temperature; None estimates it from the repeat unit.
        timestep_fs: Time step; above 2 fs it requires repartitioned hydrogen masses.
        friction_per_ps: Langevin friction coefficient.
        compress_ps: Duration of the compression of the grown cell to its estimated density.
        cycle_pressures_atm: Peak pressures of the compression and decompression cycles (Larsen et al. 2011,
            doi:10.1021/ma200345v); empty disables the cycles.
        cycle_ps: Duration of one cycle: heating, hold, cooling at constant volume, then constant pressure.
        melt_ps: Time at the highest temperature; 0 disables the melt.
        cool_ps: Duration of the cooling ramp from the highest to the final temperature; 0 disables the ramp.
        slow_cool_ps: Time for the 150 K in which the glass forms, from 130 K above the known or estimated glass transition to 20 K
            below it; `cool_ps` is then the time for the rest of the ramp. 0 cools at one rate.
        cool_at: Constraint during melt and cooling. `pressure` lets the glass form at constant pressure, so that its expansion can be
            measured, but needs enough time for the volume to relax; `volume` keeps the estimated density, which then relaxes
            during settling and sampling.
        settle_ps: Time at the final temperature before sampling; 0 disables settling.
        sample_ps: Duration of the sampling stage.
        max_extensions: Maximum number of repetitions of the sampling until it has converged.
        record_interval_ps: Time between records of the series.
        convergence_required: Whether a run that has not converged after all extensions fails; otherwise it is flagged.
    """

    temperature_K: Kelvin = 300.0
    pressure_atm: Atmospheres = 1.0
    max_temperature_K: Kelvin | None = None
    melt_above_transition_K: KelvinOrZero | None = None
    glass_transition_K: Kelvin | None = None
    timestep_fs: float = Field(default=4.0, gt=0, le=5)
    friction_per_ps: PerPicosecond = 1.0
    compress_ps: Picoseconds = 100.0
    cycle_pressures_atm: tuple[Atmospheres, ...] = (1000.0, 30000.0, 50000.0, 25000.0, 5000.0, 500.0)
    cycle_ps: Picoseconds = 200.0
    melt_ps: PicosecondsOrZero = 1000.0
    cool_ps: PicosecondsOrZero = 2000.0
    slow_cool_ps: PicosecondsOrZero = 0.0
    cool_at: Literal["pressure", "volume"] = "pressure"
    settle_ps: PicosecondsOrZero = 500.0
    sample_ps: Picoseconds = 1000.0
    max_extensions: int = Field(default=3, ge=0, le=1000)
    record_interval_ps: Picoseconds = 1.0
    convergence_required: bool = False


LONGEST_LIGHT_STEP_FS, HEAVY_HYDROGEN_AMU = 2.5, 2.0
"""Longest time step with hydrogens lighter than the second number."""

_QUICK: dict[str, Any] = {
    "cell": {"n_chains": 3, "atoms_per_chain": 190},
    "protocol": {
        "compress_ps": 8.0,
        "cycle_pressures_atm": (),
        "melt_ps": 40.0,
        "cool_ps": 60.0,
        "cool_at": "volume",
        "settle_ps": 12.0,
        "sample_ps": 24.0,
        "max_extensions": 0,
        "record_interval_ps": 0.2,
    },
}

_PRESETS: dict[str, tuple[dict[str, Any], ...]] = {
    "quick": (
        {**_QUICK, "force_field": {"cutoff_nm": 0.8}},
        {**_QUICK, "force_field": {"smirnoff": "openff-2.3.0.offxml", "cutoff_nm": 0.8}},
    ),
    "standard": (
        {},
        {
            "force_field": {"smirnoff": "openff-2.3.0.offxml"},
            "protocol": {"melt_above_transition_K": 250.0, "melt_ps": 2000.0, "slow_cool_ps": 15000.0},
            "replicates": 3,
        },
    ),
    "accurate": (
        {
            "cell": {"n_chains": 20, "atoms_per_chain": 2000},
            "force_field": {"cutoff_nm": 1.2},
            "protocol": {
                "timestep_fs": 2.0,
                "melt_ps": 5000.0,
                "cool_ps": 20000.0,
                "settle_ps": 2000.0,
                "sample_ps": 5000.0,
            },
        },
        {
            "cell": {"n_chains": 20, "atoms_per_chain": 2000},
            "force_field": {"smirnoff": "openff-2.3.0.offxml", "cutoff_nm": 1.2},
            "protocol": {
                "timestep_fs": 2.0,
                "melt_above_transition_K": 250.0,
                "melt_ps": 5000.0,
                "cool_ps": 5000.0,
                "slow_cool_ps": 30000.0,
                "settle_ps": 2000.0,
                "sample_ps": 5000.0,
            },
            "replicates": 3,
        },
    ),
}
"""Editions of each preset, as differences from the defaults. An edition that was released is never changed: the next one is appended,
and its fidelity has a number, as in `md-standard-2`."""

PRESETS: tuple[str, ...] = tuple(_PRESETS)
"""Names of the presets."""


class SimulationSettings(Settings):
    """Settings of a simulation; keys that are not given are taken from the preset.

    Attributes:
        preset: `quick` (about 600 atoms, two minutes on two cores), `standard` (three cells of 10 chains of 1000 atoms, a GPU) or
            `accurate`. `quick-1`, `standard-1` and `accurate-1` are their first editions, for campaigns that began with them.
        cell: The amorphous cell.
        force_field: The force field.
        protocol: Equilibration, cooling and sampling.
        protocols: Settings of further protocols by name, as defined by plug-ins.
        calculations: Settings of calculations other than dynamics by name, as defined by plug-ins.
        replicates: Number of independent builds and runs of the same polymer; their scatter enters the standard errors.
        execution: Platform and output intervals on this machine; not part of the identity of a simulation.
    """

    preset: PresetName = "quick"
    cell: CellSettings = CellSettings()
    force_field: ForceFieldSettings = ForceFieldSettings()
    protocol: ProtocolSettings = ProtocolSettings()
    protocols: dict[str, dict[str, Any]] = Field(default_factory=dict)
    calculations: dict[str, dict[str, Any]] = Field(default_factory=dict)
    replicates: int = Field(default=1, ge=1, le=100)
    execution: ExecutionSettings = ExecutionSettings()

    @model_validator(mode="before")
    @classmethod
    def _merge_preset(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        given = data.get("preset", "quick")
        if not isinstance(given, str):
            return data
        name, _, number = given.partition("-")
        editions = _PRESETS.get(name, ())
        if not number:
            return _merged(editions[-1], data) if editions else data
        if editions and number not in (known := [str(i) for i in range(1, len(editions) + 1)]):
            raise ValueError(f"preset {name} has the editions {', '.join(known)}, got {given!r}; use one of them")
        return _merged(editions[int(number) - 1], {**data, "preset": name}) if editions else data

    @model_validator(mode="after")
    def _consistent(self) -> "SimulationSettings":
        light = (self.force_field.hydrogen_mass_amu or 1.0) < HEAVY_HYDROGEN_AMU
        if self.protocol.timestep_fs > LONGEST_LIGHT_STEP_FS and light:
            raise ValueError(
                f"timestep_fs {self.protocol.timestep_fs} requires hydrogen_mass_amu of at least 2; raise the mass or use at most 2 fs"
            )
        if self.protocol.slow_cool_ps and not (self.protocol.cool_at == "pressure" and self.protocol.cool_ps):
            raise ValueError(
                f"slow_cool_ps {self.protocol.slow_cool_ps:g} requires cool_at pressure and cool_ps above 0; set them, or slow_cool_ps to 0"
            )
        if self.force_field.switch_width_nm >= self.force_field.cutoff_nm:
            raise ValueError("switch_width_nm must be smaller than cutoff_nm")
        return self

    @property
    def fidelity(self) -> str:
        """Fidelity of the measurements of this simulation.

        `md-` and the preset, with the number of its edition from the second on. If cell, force field or protocol differ from every
        edition of the preset, six digits of the request's digest are appended instead, so that, for example, cells at 300 K and 400 K
        or of two force fields have different fidelities.
        """
        from mdcore.settings.asked import asked_simulation, fidelity_of

        request = asked_simulation(self)
        for number in range(1, len(_PRESETS[self.preset]) + 1):
            edition = preset(f"{self.preset}-{number}")
            if (name := fidelity_of(request, asked_simulation(edition))) == f"md-{self.preset}":
                return name if number == 1 else f"{name}-{number}"
        return name


def editions_of(name: str) -> int:
    """Return the number of editions of a preset; 1 for a name that this version does not know."""
    return len(_PRESETS.get(name, ({},)))


def preset(name: str) -> SimulationSettings:
    """Return the settings of a preset, in its last edition or that of a name such as `standard-1`.

    Raises:
        ValueError: The preset or the edition is unknown.
    """
    if name.partition("-")[0] not in _PRESETS:
        raise ValueError(f"preset {name!r} is unknown; use one of {', '.join(PRESETS)}")
    return SimulationSettings.model_validate({"preset": name})


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = _merged(below, value)
        else:
            result[key] = value
    return result
