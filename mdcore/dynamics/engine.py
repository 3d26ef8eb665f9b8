"""One OpenMM context for one stage: creation, steps and records."""

import copy
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from mdcore.chem.errors import SimulationExploded
from mdcore.chem.seeds import openmm_seed
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.clusters import Clusters
from mdcore.dynamics.observables import RecordState
from mdcore.dynamics.platform import choose_platform
from mdcore.dynamics.recorder import Recorder
from mdcore.dynamics.series import FloatArray
from mdcore.settings.execution import ExecutionSettings

_TEMPERATURE_LIMIT = 5.0
"""Ratio of kinetic to target temperature above which the dynamics counts as blown up."""


class StageEngine:
    """A context for one stage of a bundle.

    Args:
        bundle: What is simulated.
        system: Deserialised System of the bundle; it is copied.
        index: Index of the stage.
        halvings: Number of halvings of the time step.
        extension: Number of extensions of the stage so far.
        execution: Platform.
        step: Step of the stage at which it resumes. The seeds then differ from those at the start of the stage, as a checkpoint
            contains the random state of the integrator but not that of the barostat.
        memory: What the stage had kept at that step; see `mdcore.dynamics.stages.base.Engine`.
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
        memory: Mapping[str, Any] | None = None,
    ) -> None:
        import openmm

        self.stage = bundle.stages[index]
        self.memory: dict[str, Any] = copy.deepcopy(dict(memory or {}))
        self._bundle = bundle
        own = copy.deepcopy(system)
        label = f"stage {index} extension {extension} halvings {halvings}"
        if step:
            label += f" step {step}"
        key = bundle.content_hash

        def seed(what: str) -> int:
            return openmm_seed(bundle.seed, key, f"{label} {what}")

        self._velocity_seed = seed("velocities")
        self.timestep_fs: float = self.stage.initial_timestep_fs / 2**halvings
        if self.stage.uses_true_masses:
            for atom, mass in enumerate(bundle.arrays["true_masses_amu"].tolist()):
                own.setParticleMass(atom, mass)
        self._new_masses = step == 0 and extension == 0 and _masses_change(bundle, index)
        self.stage.prepare(own, seed)
        self.integrator = self.stage.integrator(self.timestep_fs)
        self.integrator.setRandomNumberSeed(seed("integrator"))
        self.integrator.setConstraintTolerance(self.stage.constraint_tolerance)
        platform, properties = choose_platform(execution, bundle.n_atoms)
        self.context = openmm.Context(own, self.integrator, platform, properties)
        self.platform_label = f"{platform.getName()} OpenMM {openmm.Platform.getOpenMMVersion()}"
        self._degrees_of_freedom = degrees_of_freedom(own)
        self._recorder = Recorder(self.stage.recorded)
        self._done = 0
        self.on_frame: Callable[[int], None] | None = None
        """Called with the number of the stage's steps at each frame."""

    @property
    def mass_amu(self) -> float:
        """Mass of the cell in dalton."""
        return self._bundle.mass_amu

    @cached_property
    def clusters(self) -> Clusters:
        """Constraint clusters of the System."""
        return Clusters.of(self.context.getSystem())

    @property
    def n_steps(self) -> int:
        """Steps of the stage at its present time step; 0 for a stage without time."""
        planned_ps = self.stage.planned_ps
        return max(1, round(planned_ps * 1e3 / self.timestep_fs)) if planned_ps else 0

    @property
    def chunk(self) -> int:
        """Steps between two records."""
        return max(1, round(self.stage.chunk_ps * 1e3 / self.timestep_fs))

    @property
    def _frame_steps(self) -> int:
        """Steps between two frames; 0 for a stage without frames."""
        frames = self.stage.recorded_frames
        return max(1, round(frames.interval_ps * 1e3 / self.timestep_fs)) if frames is not None else 0

    def start(self, positions_nm: FloatArray, box_nm: FloatArray, velocities: FloatArray | None) -> None:
        """Set positions, box and velocities; without velocities, or where the masses change, draw them at the starting temperature.

        Args:
            positions_nm: Shape (n, 3).
            box_nm: Shape (3, 3).
            velocities: Shape (n, 3) in nm/ps, or None.
        """
        self.context.setPeriodicBoxVectors(*box_nm)
        self.context.setPositions(positions_nm)
        if not self.stage.planned_ps:
            return
        self.context.applyConstraints(1e-6)
        if velocities is None or self._new_masses:
            self.context.setVelocitiesToTemperature(self.stage.temperature_at(0.0), self._velocity_seed)
        else:
            self.context.setVelocities(velocities)

    def begin(self) -> None:
        """Do what the stage does before its first step."""
        self.stage.begin(self)

    def advance(self, done: int, n_steps: int) -> None:
        """Run `n_steps` steps, temperature and pressure at their values for the middle of them."""
        self._done = done
        self.stage.advance(self, done, n_steps)

    def step(self, n_steps: int) -> None:
        """Integrate, and call `on_frame` after each step that has a frame."""
        end, every = self._done + n_steps, self._frame_steps
        if every and self.on_frame is not None:
            for step in range(self._done - self._done % every + every, end + 1, every):
                self.integrator.step(step - self._done)
                self._done = step
                self.on_frame(step)
        if self._done < end:
            self.integrator.step(end - self._done)
            self._done = end

    def record(self, fraction: float, number: int = 0) -> tuple[tuple[float, float], dict[str, FloatArray]]:
        """Return the imposed temperature in K and pressure in atm, and the values of the observables.

        Args:
            fraction: Part of the stage that is done.
            number: Number of the record in this pass of the stage, from 1; observables with longer intervals are read at its multiples.

        Raises:
            SimulationExploded: A number is not finite or the kinetic temperature is far above its target.
        """
        target, pressure = self.stage.temperature_at(fraction), self.stage.pressure_at(fraction)
        state = RecordState(
            self.context, self._bundle, self._degrees_of_freedom, target, pressure, self.memory, lambda: self.clusters
        )
        finite = np.isfinite([state.potential_kj_mol, state.kinetic_kj_mol, state.volume_nm3]).all()
        if not finite or state.temperature_K > _TEMPERATURE_LIMIT * target:
            raise SimulationExploded(
                f"temperature {state.temperature_K:.0f} K and energy {state.potential_kj_mol:.3g} kJ/mol in stage "
                f"{self.stage.name} (target {target:.0f} K)"
            )
        return (target, pressure), self._recorder.read(state, number)

    def frame(self) -> tuple[FloatArray, FloatArray]:
        """Return the positions, shape (n, 3), chains whole, and the box, shape (3, 3), in nm."""
        state = self.context.getState(getPositions=True)
        box = np.asarray(state.getPeriodicBoxVectors(asNumpy=True)._value)
        return np.asarray(state.getPositions(asNumpy=True)._value), box


def degrees_of_freedom(system: Any) -> int:
    """Return the degrees of freedom of the kinetic energy of an OpenMM System; particles without mass are fixed."""
    import openmm

    mobile = sum(system.getParticleMass(i)._value > 0.0 for i in range(system.getNumParticles()))
    drift_free = any(isinstance(force, openmm.CMMotionRemover) for force in system.getForces())
    return int(3 * mobile - system.getNumConstraints() - (3 if drift_free else 0))


def _masses_change(bundle: SimulationBundle, index: int) -> bool:
    """Return whether a stage has other masses than the one before."""
    if index == 0 or bundle.stages[index - 1].uses_true_masses == bundle.stages[index].uses_true_masses:
        return False
    return not np.array_equal(bundle.arrays["masses_amu"], bundle.arrays["true_masses_amu"])
