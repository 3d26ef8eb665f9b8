"""A System of OpenMM as a data file of LAMMPS."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KCAL = 4.184


class UnwritableError(ValueError):
    """The System holds something that the LAMMPS input written here cannot express."""


@dataclass(frozen=True)
class Written:
    """What the input scripts must know of a data file.

    Attributes:
        cutoff_angstrom: Cutoff of Lennard-Jones and of the real part of Coulomb.
        lj_14: Factor of Lennard-Jones between 1-4 neighbours.
        coulomb_14: Factor of Coulomb between 1-4 neighbours.
        rigid_types: Bond types whose length is constrained.
    """

    cutoff_angstrom: float
    lj_14: float
    coulomb_14: float
    rigid_types: tuple[int, ...]


class _Types:
    """Numbers distinct parameter sets in the order of their appearance, from 1."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], int] = {}

    def __call__(self, *values: Any) -> int:
        return self.known.setdefault(values, len(self.known) + 1)

    def __len__(self) -> int:
        return len(self.known)


def force_of(system: Any, name: str) -> Any:
    """Return the only force of a class."""
    (found,) = (force for force in system.getForces() if type(force).__name__ == name)
    return found


def rows(force: Any, what: str) -> list[list[Any]]:
    """Return all parameters of one kind of a force, as plain numbers in OpenMM's units."""
    get = getattr(force, f"get{what}Parameters")
    return [[getattr(value, "_value", value) for value in get(i)] for i in range(getattr(force, f"getNum{what}s")())]


def write_data(system: Any, arrays: Any, positions_nm: Any, box_nm: Any, path: Path) -> Written:
    """Write a System as a LAMMPS data file in real units, atom style full.

    Bonds that OpenMM constrains carry no energy there; here they have a force constant of zero, since LAMMPS reads from its
    bonds which pairs to exclude, and SHAKE their length. Torsion terms on the same four atoms become one dihedral of style
    fourier, improper ones too.

    Raises:
        UnwritableError: A constraint is no bond, a bond is missing, or a 1-4 pair is not scaled like the others.
    """
    nonbonded = force_of(system, "NonbondedForce")
    particles = rows(nonbonded, "Particle")
    lj_14, coulomb_14 = scaling_14(nonbonded)
    atom_types, bond_types, angle_types, dihedral_types = _Types(), _Types(), _Types(), _Types()
    atoms = []
    chains, masses = arrays["chain_index"], arrays["true_masses_amu"]
    for i, ((charge, sigma, epsilon), position) in enumerate(zip(particles, positions_nm * 10.0, strict=True)):
        kind = atom_types(float(masses[i]), epsilon / KCAL, sigma * 10.0)
        atoms.append((chains[i] + 1, kind, charge, *position))
    bonds, bonded, rigid = [], set(), set()
    for a, b, length, k in rows(force_of(system, "HarmonicBondForce"), "Bond"):
        bonds.append((bond_types(k / 2 / KCAL / 100.0, length * 10.0), a + 1, b + 1))
        bonded.add(frozenset((a, b)))
    for i in range(system.getNumConstraints()):
        a, b, length = system.getConstraintParameters(i)
        kind = bond_types(0.0, length._value * 10.0)
        rigid.add(kind)
        bonds.append((kind, a + 1, b + 1))
        bonded.add(frozenset((a, b)))
    if len(bonds) != len(bonded) or bonded != {frozenset(pair) for pair in arrays["bonds"].tolist()}:
        raise UnwritableError("harmonic bonds and constraints are not exactly the bonds of the topology")
    angles = [
        (angle_types(k / 2 / KCAL, np.degrees(angle)), a + 1, b + 1, c + 1)
        for a, b, c, angle, k in rows(force_of(system, "HarmonicAngleForce"), "Angle")
    ]
    torsions = defaultdict(list)
    for a, b, c, d, periodicity, phase, k in rows(force_of(system, "PeriodicTorsionForce"), "Torsion"):
        torsions[a + 1, b + 1, c + 1, d + 1].extend((k / KCAL, periodicity, np.degrees(phase)))
    dihedrals = [(dihedral_types(len(terms) // 3, *terms), *four) for four, terms in torsions.items()]

    lines = ["Written from an OpenMM System", ""]
    for name, items, kinds in (
        ("atom", atoms, atom_types),
        ("bond", bonds, bond_types),
        ("angle", angles, angle_types),
        ("dihedral", dihedrals, dihedral_types),
    ):
        lines += [f"{len(items)} {name}s", f"{len(kinds)} {name} types"]
    lines += [f"0.0 {number(side * 10.0)} {axis}lo {axis}hi" for axis, side in zip("xyz", box_nm, strict=True)]
    for title, values in (
        ("Masses", [(kind[0],) for kind in atom_types.known]),
        ("Pair Coeffs", [kind[1:] for kind in atom_types.known]),
        ("Bond Coeffs", bond_types.known),
        ("Angle Coeffs", angle_types.known),
        ("Dihedral Coeffs", dihedral_types.known),
        ("Atoms  # full", atoms),
        ("Bonds", bonds),
        ("Angles", angles),
        ("Dihedrals", dihedrals),
    ):
        lines += ["", title, ""]
        lines += [f"{i} {' '.join(map(number, row))}" for i, row in enumerate(values, start=1)]
    path.write_text("\n".join(lines) + "\n")
    return Written(nonbonded.getCutoffDistance()._value * 10.0, lj_14, coulomb_14, tuple(sorted(rigid)))


def scaling_14(nonbonded: Any) -> tuple[float, float]:
    """Return the factors of Lennard-Jones and Coulomb that all pairs with an interaction of their own share.

    Raises:
        UnwritableError: They share none, or such a pair does not follow the Lorentz-Berthelot rules.
    """
    particles = rows(nonbonded, "Particle")
    lj, coulomb = [], []
    for a, b, product, sigma, epsilon in rows(nonbonded, "Exception"):
        if product == 0.0 and epsilon == 0.0:
            continue
        (charge_a, sigma_a, epsilon_a), (charge_b, sigma_b, epsilon_b) = particles[a], particles[b]
        if abs(sigma - (sigma_a + sigma_b) / 2) > 1e-9:
            raise UnwritableError(f"atoms {a} and {b} have a diameter of their own")
        coulomb.append((product, charge_a * charge_b))
        lj.append((epsilon, np.sqrt(epsilon_a * epsilon_b)))
    factors = []
    for pairs in (np.array(lj), np.array(coulomb)):
        factor = float(pairs[:, 0] @ pairs[:, 1] / (pairs[:, 1] @ pairs[:, 1]))
        if not np.allclose(pairs[:, 0], factor * pairs[:, 1], rtol=1e-7, atol=1e-12):
            raise UnwritableError("1-4 pairs are scaled by different factors")
        factors.append(factor)
    return factors[0], factors[1]


def number(value: Any) -> str:
    return format(float(value), ".12g")
