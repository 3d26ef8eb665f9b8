"""One OpenMM context for one stage: creation, steps, ramps and records."""

import copy
from typing import Any

import numpy as np

from mdcore.bundle import SimulationBundle
from mdcore.chem.errors import SimulationExploded
from mdcore.chem.seeds import openmm_seed
from mdcore.dynamics.platform import choose_platform
from mdcore.dynamics.series import FloatArray, chain_sizes, nematic_order
from mdcore.settings.execution import ExecutionSettings
from mdcore.settings.stages import CompressStage, DynamicsStage, MinimiseStage

_BOLTZMANN_KJ_MOL_K = 8.31446261815324e-3
_DALTON_PER_NM3_TO_G_CM3 = 1.66053906660e-3
_BAR_PER_ATM = 1.01325
_TEMPERATURE_LIMIT = 5.0
"""A kinetic temperature this many times the target means that the dynamics has blown up."""


class StageEngine:
    """A context for one stage of a bundle.

    Args:
        bundle: What is simulated.
        system: Deserialised System of the bundle; it is copied.
        index: Index of the stage.
        halvings: How often the stage's time step has been halved.
        extension: How often the stage has been extended.
        execution: Platform.
        step: Step of the stage at which it goes on. Its random numbers are others than those from the beginning, as a
            checkpoint holds the integrator's but not the barostat's.
    """

    def __init__(
        self,
        bundle: SimulationBundle,
        system: Any,
        index: int,
        halvings: int,
        extension: int,
        execution: ExecutionSettings,
        step: int = 0,
    ) -> None:
        import openmm

        self.stage = bundle.stages[index]
        self._bundle = bundle
        own = copy.deepcopy(system)
        label = f"stage {index} extension {extension} halvings {halvings}"
        if step:
            label += f" step {step}"
        key = bundle.content_hash

        def seed(what: str) -> int:
            return openmm_seed(bundle.seed, key, f"{label} {what}")

        self._velocity_seed = seed("velocities")
        self.timestep_fs = 1.0
        self._barostat = False
        temperature = 300.0
        friction = 1.0
        if isinstance(self.stage, DynamicsStage | CompressStage):
            self.timestep_fs = self.stage.timestep_fs / 2**halvings
            friction = self.stage.friction_per_ps
            temperature = self._ramp_temperature(0.0)
        if isinstance(self.stage, DynamicsStage) and self.stage.ensemble == "npt":
            barostat = openmm.MonteCarloBarostat(
                self.stage.pressure_atm[0] * _BAR_PER_ATM, temperature, self.stage.barostat_interval
            )
            barostat.setRandomNumberSeed(seed("barostat"))
            own.addForce(barostat)
            self._barostat = True
        self._integrator = openmm.LangevinMiddleIntegrator(temperature, friction, self.timestep_fs * 1e-3)
        self._integrator.setRandomNumberSeed(seed("integrator"))
        self._integrator.setConstraintTolerance(1e-5)
        platform, properties = choose_platform(execution, bundle.n_atoms)
        self.context = openmm.Context(own, self._integrator, platform, properties)
        self.platform_label = f"{platform.getName()} OpenMM {openmm.Platform.getOpenMMVersion()}"
        drift_free = any(isinstance(force, openmm.CMMotionRemover) for force in own.getForces())
        self._degrees_of_freedom = 3 * own.getNumParticles() - own.getNumConstraints() - (3 if drift_free else 0)

    @property
    def n_steps(self) -> int:
        """Steps of the stage at its present time step; 0 for a minimisation."""
        if isinstance(self.stage, MinimiseStage):
            return 0
        return max(1, round(self.stage.duration_ps * 1e3 / self.timestep_fs))

    @property
    def chunk(self) -> int:
        """Steps between two records or two scalings of the box."""
        interval_ps = self.stage.record_interval_ps if isinstance(self.stage, DynamicsStage) else 0.1
        return max(1, round(interval_ps * 1e3 / self.timestep_fs))

    def start(self, positions_nm: FloatArray, box_nm: FloatArray, velocities: FloatArray | None) -> None:
        """Set positions, box and velocities; without velocities draw them at the starting temperature."""
        self.context.setPeriodicBoxVectors(*np.diag(box_nm))
        self.context.setPositions(positions_nm)
        if isinstance(self.stage, MinimiseStage):
            return
        self.context.applyConstraints(1e-6)
        if velocities is None:
            self.context.setVelocitiesToTemperature(self._ramp_temperature(0.0), self._velocity_seed)
        else:
            self.context.setVelocities(velocities)

    def minimise(self) -> None:
        """Minimise the energy."""
        import openmm

        if not isinstance(self.stage, MinimiseStage):
            raise TypeError(f"stage {self.stage.name} is no minimisation")
        openmm.LocalEnergyMinimizer.minimize(self.context, self.stage.tolerance_kj_mol_nm, self.stage.max_iterations)
        energy = self.context.getState(getEnergy=True).getPotentialEnergy()._value
        if not np.isfinite(energy):
            raise SimulationExploded(f"the minimised energy is {energy}; build the cell with another seed")

    def advance(self, done: int, n_steps: int) -> None:
        """Run `n_steps` steps, temperature and pressure at their values for the middle of them."""
        fraction = (done + 0.5 * n_steps) / self.n_steps
        temperature = self._ramp_temperature(fraction)
        self._integrator.setTemperature(temperature)
        if self._barostat:
            import openmm

            self.context.setParameter(openmm.MonteCarloBarostat.Temperature(), temperature)
            self.context.setParameter(
                openmm.MonteCarloBarostat.Pressure(), self._ramp_pressure(fraction) * _BAR_PER_ATM
            )
        if isinstance(self.stage, CompressStage):
            self._scale(done, n_steps)
        self._integrator.step(n_steps)

    def record(self, fraction: float) -> tuple[list[float], FloatArray]:
        """Return the columns of the series from the target temperature on, and the chain sizes.

        Raises:
            SimulationExploded: A number is not finite or the kinetic temperature is far above its target.
        """
        state = self.context.getState(getEnergy=True, getPositions=True)
        potential = state.getPotentialEnergy()._value
        kinetic = state.getKineticEnergy()._value
        volume = state.getPeriodicBoxVolume()._value
        target = self._ramp_temperature(fraction)
        temperature = 2.0 * kinetic / (self._degrees_of_freedom * _BOLTZMANN_KJ_MOL_K)
        if not np.isfinite([potential, kinetic, volume]).all() or temperature > _TEMPERATURE_LIMIT * target:
            raise SimulationExploded(
                f"temperature {temperature:.0f} K and energy {potential:.3g} kJ/mol in stage {self.stage.name} (target {target:.0f} K)"
            )
        arrays = self._bundle.arrays
        positions = np.asarray(state.getPositions(asNumpy=True)._value)
        sizes = chain_sizes(positions, arrays["true_masses_amu"], arrays["chain_index"], arrays["chain_ends"])
        density = self._bundle.mass_amu * _DALTON_PER_NM3_TO_G_CM3 / volume
        segments = positions[arrays["chain_segments"]]
        order = nematic_order(segments[:, 1] - segments[:, 0])
        return [target, self._ramp_pressure(fraction), temperature, potential, kinetic, volume, density, order], sizes

    def frame(self) -> tuple[FloatArray, FloatArray]:
        """Return the positions, shape (n, 3), chains whole, and the edges of the box, shape (3,), in nm."""
        state = self.context.getState(getPositions=True)
        box = np.diag(np.asarray(state.getPeriodicBoxVectors(asNumpy=True)._value))
        return np.asarray(state.getPositions(asNumpy=True)._value), box

    def _ramp_temperature(self, fraction: float) -> float:
        if isinstance(self.stage, DynamicsStage):
            start, end = self.stage.temperature_K
            return start + (end - start) * min(max(fraction, 0.0), 1.0)
        return self.stage.temperature_K if isinstance(self.stage, CompressStage) else 300.0

    def _ramp_pressure(self, fraction: float) -> float:
        if not isinstance(self.stage, DynamicsStage):
            return 0.0
        start, end = self.stage.pressure_atm
        return start + (end - start) * min(max(fraction, 0.0), 1.0)

    def _scale(self, done: int, n_steps: int) -> None:
        """Shrink box and coordinates so that the target density is reached at the last chunk, at a constant rate."""
        if not isinstance(self.stage, CompressStage):
            raise TypeError(f"stage {self.stage.name} is no compression")
        state = self.context.getState(getPositions=True)
        box = np.diag(np.asarray(state.getPeriodicBoxVectors(asNumpy=True)._value))
        target = (self._bundle.mass_amu * _DALTON_PER_NM3_TO_G_CM3 / self.stage.density_g_cm3) ** (1.0 / 3.0)
        if target >= box[0]:
            return
        chunks_left = -(-(self.n_steps - done) // n_steps)
        factor = (target / box[0]) ** (1.0 / chunks_left)
        self.context.setPeriodicBoxVectors(*np.diag(box * factor))
        self.context.setPositions(np.asarray(state.getPositions(asNumpy=True)._value) * factor)
        self.context.applyConstraints(1e-6)
