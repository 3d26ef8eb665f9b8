"""Terms of an OpenMM System as plain numbers, and checks of its pair interactions, for the writers."""

from collections import defaultdict
from typing import Any

import numpy as np

from mdcore.chem.errors import ExportError
from mdcore.forces.terms import constraints_of, rows

__all__ = [
    "check_exceptions",
    "check_forces",
    "constraints_of",
    "force_of",
    "neighbours_within",
    "number",
    "rows",
    "scaling_14",
]

_WRITABLE = ("HarmonicBondForce", "HarmonicAngleForce", "PeriodicTorsionForce", "NonbondedForce", "CMMotionRemover")


def force_of(system: Any, name: str) -> Any:
    """Return the only force of a class.

    Raises:
        ExportError: The System has none or several of them.
    """
    found = [force for force in system.getForces() if type(force).__name__ == name]
    if len(found) != 1:
        raise ExportError(f"the System must have one {name}, got {len(found)}; export it to openmm")
    return found[0]


def check_forces(system: Any) -> None:
    """Raise if a System has forces that the writers do not support.

    Raises:
        ExportError: A force is not supported.
    """
    for force in system.getForces():
        if type(force).__name__ not in _WRITABLE:
            raise ExportError(
                f"force {type(force).__name__} is not supported, only {', '.join(_WRITABLE)}; export it to openmm"
            )


def scaling_14(nonbonded: Any) -> tuple[float, float]:
    """Return the common Lennard-Jones and Coulomb scale factors of all exception pairs.

    A factor that cannot be determined from any pair is 1.

    Raises:
        ExportError: The factors differ, or a pair does not follow the Lorentz-Berthelot rules.
    """
    particles = rows(nonbonded, "Particle")
    lj, coulomb = [], []
    for a, b, product, sigma, epsilon in rows(nonbonded, "Exception"):
        if product == 0.0 and epsilon == 0.0:
            continue
        (charge_a, sigma_a, epsilon_a), (charge_b, sigma_b, epsilon_b) = particles[a], particles[b]
        if epsilon != 0.0 and abs(sigma - (sigma_a + sigma_b) / 2) > 1e-9:
            raise ExportError(
                f"the sigma of atoms {a} and {b} does not follow the Lorentz rule; export the cell to openmm"
            )
        coulomb.append((product, charge_a * charge_b))
        lj.append((epsilon, np.sqrt(epsilon_a * epsilon_b)))
    return _factor(lj), _factor(coulomb)


def _factor(found: list[tuple[float, float]]) -> float:
    pairs = np.array(found).reshape(-1, 2)
    if not pairs[:, 1].any():
        return 1.0
    factor = float(pairs[:, 0] @ pairs[:, 1] / (pairs[:, 1] @ pairs[:, 1]))
    if not np.allclose(pairs[:, 0], factor * pairs[:, 1], rtol=1e-7, atol=1e-12):
        raise ExportError("1-4 pairs are scaled by different factors; export the cell to openmm")
    return factor


def neighbours_within(bonds: Any, n_atoms: int, most: int) -> dict[tuple[int, int], int]:
    """Return the pairs of atoms up to `most` bonds apart, lower index first, with their distance in bonds."""
    adjacent: dict[int, list[int]] = defaultdict(list)
    for a, b in bonds:
        adjacent[int(a)].append(int(b))
        adjacent[int(b)].append(int(a))
    found: dict[tuple[int, int], int] = {}
    for start in range(n_atoms):
        seen, edge = {start}, [start]
        for distance in range(1, most + 1):
            edge = sorted({other for atom in edge for other in adjacent[atom]} - seen)
            seen.update(edge)
            found.update({(start, other): distance for other in edge if start < other})
    return found


def check_exceptions(nonbonded: Any, bonds: Any) -> list[tuple[int, int]]:
    """Return the pairs three bonds apart; check that the exceptions are exactly the pairs up to three bonds apart.

    Raises:
        ExportError: There are exceptions for other pairs, which the engines cannot express.
    """
    near = neighbours_within(bonds, nonbonded.getNumParticles(), 3)
    special = {(min(a, b), max(a, b)): (product, epsilon) for a, b, product, _, epsilon in rows(nonbonded, "Exception")}
    if special.keys() != near.keys():
        raise ExportError("pairs more than three bonds apart have exceptions; export the cell to openmm")
    if any(near[pair] < 3 and values != (0.0, 0.0) for pair, values in special.items()):
        raise ExportError("atoms one or two bonds apart interact; export the cell to openmm")
    return sorted(pair for pair, distance in near.items() if distance == 3)


def number(value: Any) -> str:
    """Format a number with 12 significant digits, without trailing zeros."""
    return format(float(value), ".12g")
