"""Settings of the optics tiers."""

from typing import Literal

from pydantic import Field

from mdcore.optics.level import Level
from mdcore.settings.base import Settings


class OpticsSettings(Settings):
    """How molar refractions are obtained.

    Attributes:
        kind: `additive` (tabulated increments), `dft` (linear response, needs the `dft` extra), or `auto`: additive where it
            is trustworthy, DFT where it is not and PySCF is installed, else additive with its larger error.
        functional: Functional of the DFT tier, an LDA or GGA, hybrid or not.
        basis: Orbital basis of the DFT tier; it must hold diffuse functions.
        n_conformers: Conformers that are averaged.
        max_heavy_atoms: Largest oligomer treated whole; larger repeat units are closed by a junction correction.
        conformers: `etkdg`: embedded in the gas phase, known before any dynamics; `cell`: cut out of the simulated cell.
        density: Density at which refractive index and Abbe number are given: `slowly_cooled`, corrected for the cooling rate of the
            simulation, or `simulated`, as the cell has it.
        device: `cuda` computes on a GPU (gpu4pyscf), `cpu` does not, `auto` does where one can be used.
    """

    kind: Literal["auto", "additive", "dft"] = "auto"
    functional: str = "pbe0"
    basis: str = "aug-cc-pvdz"
    n_conformers: int = Field(default=2, ge=1, le=50)
    max_heavy_atoms: int = Field(default=16, ge=8, le=200)
    conformers: Literal["etkdg", "cell"] = "etkdg"
    density: Literal["slowly_cooled", "simulated"] = "slowly_cooled"
    device: Literal["auto", "cpu", "cuda"] = "auto"

    @property
    def level(self) -> Level:
        """Level of theory of the DFT tier."""
        return Level(self.functional, self.basis)
