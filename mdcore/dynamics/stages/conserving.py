"""Base of stages at constant volume and energy."""

from typing import Any

from mdcore.chem.quantities import Kelvin
from mdcore.dynamics.stages.base import TimedStage


class ConservingStage(TimedStage):
    """Dynamics at constant volume and energy.

    The integrator is LFMiddle (Zhang et al. 2019, doi:10.1021/acs.jpca.9b02771) without friction: a leapfrog scheme that is time-reversible
    and symplectic, and whose positions and velocities belong to the same time, unlike those of OpenMM's Verlet integrator.
    Constraints are solved to a tighter tolerance than in other stages, as their error is the larger part of the drift of the energy.

    Attributes:
        temperature_K: Temperature that is expected, at which velocities are drawn if the stage begins without any.
        friction_per_ps: Friction with which other programs go on from this stage; the stage itself has none.
    """

    temperature_K: Kelvin

    @property
    def constraint_tolerance(self) -> float:
        """Relative tolerance of constrained lengths."""
        return 1e-6

    def temperature_at(self, fraction: float) -> float:
        """Return the expected temperature in K."""
        return self.temperature_K

    def integrator(self, timestep_fs: float) -> Any:
        """Return the integrator without friction."""
        import openmm

        return openmm.LangevinMiddleIntegrator(self.temperature_K, 0.0, timestep_fs * 1e-3)
