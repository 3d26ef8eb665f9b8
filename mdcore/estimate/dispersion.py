"""Refractive index as a function of wavelength: Cauchy and Sellmeier curves through the lines."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mdcore.estimate.refraction import refractive_index
from mdcore.optics.values import LINES_NM, Refractions

Form = Literal["cauchy", "sellmeier"]

# Outside this range, a formula fitted to the lines without infrared and ultraviolet absorption is not valid.
VALID_NM = (400.0, 1100.0)


@dataclass(frozen=True)
class DispersionCurve:
    """A dispersion formula with its coefficients.

    Attributes:
        form: `cauchy`, n = a + b / L^2 + c / L^4; or `sellmeier`, n^2 = 1 + b L^2 / (L^2 - c); L in micrometres.
        coefficients: (a, b, c) or (b, c), in powers of a micrometre.
        residual: Largest deviation from the indices it was fitted to.
    """

    form: Form
    coefficients: tuple[float, ...]
    residual: float

    def __call__(self, wavelength_nm: ArrayLike) -> NDArray[np.float64]:
        """Return n at wavelengths in nm.

        Raises:
            ValueError: A wavelength is outside the transparent range in which the formula holds.
        """
        nm = np.asarray(wavelength_nm, dtype=np.float64)
        if np.any(~((nm >= VALID_NM[0]) & (nm <= VALID_NM[1]))):
            raise ValueError(
                f"wavelengths from {np.min(nm):g} to {np.max(nm):g} nm must be within {VALID_NM[0]:g} to {VALID_NM[1]:g} nm"
            )
        return _evaluate(self.form, self.coefficients, nm)


def fit_dispersion(refractions: Refractions, density_g_cm3: float, form: Form = "sellmeier") -> DispersionCurve:
    """Fit a dispersion formula to the indices at the lines C, D, F and, if known, g.

    Sellmeier's single oscillator has two coefficients and extrapolates better; Cauchy's three coefficients reproduce C, D and F.

    Args:
        refractions: A tier's refractions.
        density_g_cm3: Density.
        form: Formula, `cauchy` or `sellmeier`.

    Raises:
        ValueError: The form is unknown, or there is no finite index at the density.
    """
    names = ["C", "D", "F"] if refractions.r_g is None else ["C", "D", "F", "g"]
    nm = np.array([LINES_NM[name] for name in names])
    lines = [
        value for value in (refractions.r_C, refractions.r_D, refractions.r_F, refractions.r_g) if value is not None
    ]
    n = refractive_index(lines, refractions.molar_mass_g_mol, density_g_cm3)
    inverse_square = (1000.0 / nm) ** 2
    if form == "cauchy":
        design = np.stack([np.ones_like(nm), inverse_square, inverse_square**2], axis=1)
        solution = np.linalg.lstsq(design, n, rcond=None)[0]
    elif form == "sellmeier":
        # 1 / (n^2 - 1) = 1 / b - (c / b) / L^2 is linear in the wavelength's inverse square.
        slope, intercept = np.polyfit(inverse_square, 1.0 / (n**2 - 1.0), 1)
        solution = np.array([1.0 / intercept, -slope / intercept])
    else:
        raise ValueError(f"dispersion form {form!r} is unknown; choose cauchy or sellmeier")
    coefficients = tuple(float(x) for x in solution)
    residual = float(np.max(np.abs(_evaluate(form, coefficients, nm) - n)))
    return DispersionCurve(form, coefficients, residual)


def _evaluate(form: Form, coefficients: tuple[float, ...], nm: NDArray[np.float64]) -> NDArray[np.float64]:
    square = (nm / 1000.0) ** 2
    if form == "cauchy":
        a, b, c = coefficients
        return np.asarray(a + b / square + c / square**2, dtype=np.float64)
    b, c = coefficients
    return np.asarray(np.sqrt(1.0 + b * square / (square - c)), dtype=np.float64)
