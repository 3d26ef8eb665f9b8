"""Result of every optics tier: the molar refraction of a repeat unit at the Fraunhofer lines, with its error."""

# Spectral lines keep their capital letters.

from dataclasses import dataclass
from types import MappingProxyType

LINES_NM = MappingProxyType({"C": 656.27, "D": 589.29, "F": 486.13, "g": 435.83})


@dataclass(frozen=True)
class Refractions:
    """Lorentz-Lorenz molar refractions of one repeat unit.

    The error of the tier is described by two independent relative errors, because the errors of neighbouring lines are almost
    fully correlated: all lines are scaled by `1 + magnitude`, and the dispersion `r_F - r_C` in addition by `1 + dispersion`.

    Attributes:
        molar_mass_g_mol: Molar mass of the unit that the refractions belong to, in g/mol.
        r_C: Molar refraction at 656.3 nm, in cm3/mol.
        r_D: At 589.3 nm.
        r_F: At 486.1 nm.
        relative_error: Standard error of the magnitude, relative.
        relative_dispersion_error: Standard error of `r_F - r_C`, relative, in addition to that of the magnitude.
        tier: `additive` or `dft`.
        flags: Limitations of the value, from a fixed vocabulary: `fused-aromatic`, `conjugated`, `estimate:NAME`.
        r_g: At 435.8 nm, or None where an increment for this line is not known.
    """

    molar_mass_g_mol: float
    r_C: float
    r_D: float
    r_F: float
    relative_error: float
    relative_dispersion_error: float
    tier: str
    flags: tuple[str, ...] = ()
    r_g: float | None = None

    def __post_init__(self) -> None:
        """Check that the values are physically possible.

        Raises:
            ValueError: A mass, refraction or error is out of range, or the dispersion is not normal.
        """
        if not (self.molar_mass_g_mol > 0 and 0 < self.r_C < self.r_D < self.r_F):
            raise ValueError(
                f"molar mass {self.molar_mass_g_mol} and refractions {self.r_C}, {self.r_D}, {self.r_F} at C, D, F must be "
                "positive and increase towards shorter wavelengths; check the polarizabilities"
            )
        if not (self.relative_error >= 0 and self.relative_dispersion_error >= 0):
            raise ValueError(
                f"relative errors {self.relative_error} and {self.relative_dispersion_error} must be zero or positive"
            )
