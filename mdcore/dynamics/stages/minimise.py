"""Energy minimisation."""

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from mdcore.chem.errors import SimulationExploded
from mdcore.dynamics.stages.base import Engine, Stage


class MinimiseStage(Stage):
    """Energy minimisation with OpenMM's L-BFGS minimiser. It takes no simulated time and records nothing.

    Attributes:
        kind: `minimise`.
        name: Name that progress, series and plots show.
        tolerance_kj_mol_nm: Root-mean-square force at which the minimiser stops.
        max_iterations: Limit of iterations; 0 for none.
    """

    kind: Literal["minimise"] = "minimise"
    name: str = "minimise"
    tolerance_kj_mol_nm: float = Field(default=50.0, gt=0)
    max_iterations: int = Field(default=2000, ge=0)

    digested: ClassVar[tuple[str, ...]] = ("kind", "name", "tolerance_kj_mol_nm", "max_iterations")

    @classmethod
    def example(cls) -> Self:
        """Return a short minimisation."""
        return cls(max_iterations=20)

    def begin(self, engine: Engine) -> None:
        """Minimise the energy.

        Raises:
            SimulationExploded: The energy is not finite afterwards.
        """
        import openmm

        openmm.LocalEnergyMinimizer.minimize(engine.context, self.tolerance_kj_mol_nm, self.max_iterations)
        energy = engine.context.getState(getEnergy=True).getPotentialEnergy()._value
        if not np.isfinite(energy):
            raise SimulationExploded(f"the minimised energy is {energy}; build the cell with another seed")
