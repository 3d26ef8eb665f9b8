"""Settings of the optics tiers."""

from typing import Literal

from pydantic import Field

from mdcore.optics.level import Level
from mdcore.settings.base import Settings


class OpticsSettings(Settings):
    """Method for molar refractions.

    Attributes:
        kind: `additive` (tabulated increments), `dft` (linear response, needs the `dft` extra), or `auto`: additive if
            reliable, else DFT if PySCF is installed, else additive with its larger error.
        functional: Functional of the DFT tier, an LDA or GGA, hybrid or not.
        basis: Orbital basis of the DFT tier; it must include diffuse functions.
        n_conformers: Number of conformers to average over.
        max_heavy_atoms: Maximum size of an oligomer treated as a whole; larger repeat units use a junction correction.
        conformers: `etkdg`: embedded in the gas phase, available before the dynamics; `cell`: cut out of the simulated cell.
        density: Density at which refractive index and Abbe number are given: `slowly_cooled`, corrected for the cooling rate of the
            simulation, or `simulated`, that of the cell.
        device: `cuda` (a GPU, through gpu4pyscf), `cpu`, or `auto`: a GPU if available.
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
