"""Level of theory of the quantum-chemical tier."""

from dataclasses import dataclass

from mdcore.optics.errors import OpticsUnavailable


@dataclass(frozen=True)
class Level:
    """Functional, basis and numerical settings that define a polarizability.

    Attributes:
        functional: PySCF name of an LDA or GGA functional, hybrid or not.
        basis: PySCF name of an orbital basis with diffuse functions.
        grid: PySCF grid level, 0 to 9.
        response_tolerance: Relative residual of the response equations; the error of the polarizability is of its square.
    """

    functional: str = "pbe0"
    basis: str = "aug-cc-pvdz"
    grid: int = 0
    response_tolerance: float = 1e-2

    @property
    def name(self) -> str:
        """Stable text for cache keys and provenance."""
        return f"{self.functional}/{self.basis}/grid{self.grid}"


def require_pyscf() -> None:
    """Check that PySCF is installed.

    Raises:
        OpticsUnavailable: PySCF is not installed.
    """
    if not pyscf_available():
        raise OpticsUnavailable(
            "optics tier 'dft' needs PySCF, which is not installed; pip install 'polymer-designer[dft]'"
        )


def pyscf_available() -> bool:
    """Return whether PySCF is installed, without importing it."""
    from importlib.util import find_spec

    return find_spec("pyscf") is not None
