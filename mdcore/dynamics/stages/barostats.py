"""Monte Carlo barostats of OpenMM: one pressure for all directions, acting on the volume, the edges or the whole box."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from mdcore.chem.constants import BAR_PER_ATM

BarostatKind = Literal["isotropic", "anisotropic", "flexible"]


@dataclass(frozen=True)
class Barostat:
    """A kind of barostat.

    Attributes:
        make: Function of pressure in bar, temperature in K and steps between moves to an OpenMM Force.
        pressures: Function of the pressure in bar to the values of the context's parameters.
        temperature: Name of the context's parameter of the temperature.
    """

    make: Callable[[float, float, int], Any]
    pressures: Callable[[float], dict[str, float]]
    temperature: Callable[[], str]

    def set(self, context: Any, pressure_atm: float, temperature_K: float) -> None:
        """Set pressure and temperature of the barostat in a context."""
        context.setParameter(self.temperature(), temperature_K)
        for name, value in self.pressures(pressure_atm * BAR_PER_ATM).items():
            context.setParameter(name, value)


def _isotropic(pressure_bar: float, temperature_K: float, interval: int) -> Any:
    import openmm

    return openmm.MonteCarloBarostat(pressure_bar, temperature_K, interval)


def _anisotropic(pressure_bar: float, temperature_K: float, interval: int) -> Any:
    import openmm

    return openmm.MonteCarloAnisotropicBarostat([pressure_bar] * 3, temperature_K, True, True, True, interval)


def _flexible(pressure_bar: float, temperature_K: float, interval: int) -> Any:
    import openmm

    return openmm.MonteCarloFlexibleBarostat(pressure_bar, temperature_K, interval)


def _isotropic_pressure(bar: float) -> dict[str, float]:
    import openmm

    return {openmm.MonteCarloBarostat.Pressure(): bar}


def _anisotropic_pressures(bar: float) -> dict[str, float]:
    import openmm

    kind = openmm.MonteCarloAnisotropicBarostat
    return dict.fromkeys((kind.PressureX(), kind.PressureY(), kind.PressureZ()), bar)


def _flexible_pressure(bar: float) -> dict[str, float]:
    import openmm

    return {openmm.MonteCarloFlexibleBarostat.Pressure(): bar}


def _temperature_of(name: str) -> Callable[[], str]:
    def parameter() -> str:
        import openmm

        return str(getattr(openmm, name).Temperature())

    return parameter


BAROSTATS: dict[BarostatKind, Barostat] = {
    "isotropic": Barostat(_isotropic, _isotropic_pressure, _temperature_of("MonteCarloBarostat")),
    "anisotropic": Barostat(_anisotropic, _anisotropic_pressures, _temperature_of("MonteCarloAnisotropicBarostat")),
    "flexible": Barostat(_flexible, _flexible_pressure, _temperature_of("MonteCarloFlexibleBarostat")),
}
"""Barostats by name."""
