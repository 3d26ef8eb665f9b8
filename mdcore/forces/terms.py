"""Interaction terms of an OpenMM System as arrays."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.errors import BundleError
from mdcore.dynamics.openmm_xml import read_xml

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

Coulomb = Literal["ewald", "reaction field"]


@dataclass(frozen=True)
class TermTable:
    """Terms of one kind.

    Attributes:
        atoms: Atoms of each term, shape (m, k).
        values: Parameters of each term, shape (m, p).
    """

    atoms: IntArray
    values: FloatArray

    def __len__(self) -> int:
        return len(self.atoms)


@dataclass(frozen=True)
class SystemTerms:
    """All interactions of a System, in nm, kJ/mol, rad, dalton and e.

    Attributes:
        masses_amu: Masses of the dynamics, which may be repartitioned, shape (n,).
        bonds: Values (length, k).
        angles: Values (angle, k).
        torsions: Proper torsions along three bonds; values (periodicity, phase, k).
        impropers: All other torsions, same values.
        charges: Shape (n,).
        sigmas: Shape (n,).
        epsilons: Shape (n,).
        exceptions: Pairs with interactions of their own; values (product of charges, sigma, epsilon), zeros for exclusions.
        constraints: Values (length,).
        cutoff_nm: Cutoff of the pair interactions.
        switch_nm: Distance at which the switching function of Lennard-Jones begins; the cutoff without one.
        coulomb: Treatment of the electrostatics.
        dielectric: Relative permittivity beyond the cutoff; for a reaction field.
    """

    masses_amu: FloatArray
    bonds: TermTable
    angles: TermTable
    torsions: TermTable
    impropers: TermTable
    charges: FloatArray
    sigmas: FloatArray
    epsilons: FloatArray
    exceptions: TermTable
    constraints: TermTable
    cutoff_nm: float
    switch_nm: float
    coulomb: Coulomb
    dielectric: float = 1.0

    @property
    def n_atoms(self) -> int:
        """Number of atoms."""
        return len(self.masses_amu)

    @classmethod
    def from_xml(cls, system_xml: str) -> "SystemTerms":
        """Read the System of a bundle.

        Raises:
            BundleError: It is not a System of a bundle; see `from_system`.
        """
        return cls.from_system(read_xml(system_xml, "System"))

    @classmethod
    def from_system(cls, system: Any) -> "SystemTerms":
        """Read an OpenMM System.

        Raises:
            BundleError: It has forces that bundles do not use, or pair interactions without a cutoff.
        """
        found: dict[str, list[list[Any]]] = {"Bond": [], "Angle": [], "Torsion": []}
        nonbonded = None
        for force in system.getForces():
            match type(force).__name__:
                case "HarmonicBondForce":
                    found["Bond"] += rows(force, "Bond")
                case "HarmonicAngleForce":
                    found["Angle"] += rows(force, "Angle")
                case "PeriodicTorsionForce":
                    found["Torsion"] += rows(force, "Torsion")
                case "NonbondedForce" if nonbonded is None:
                    nonbonded = force
                case "CMMotionRemover":
                    pass
                case other:
                    raise BundleError(f"forces cannot be computed term by term for {other}; use the System of a bundle")
        if nonbonded is None:
            raise BundleError("the System has no NonbondedForce; use the System of a bundle")
        methods: dict[int, Coulomb] = {
            nonbonded.PME: "ewald",
            nonbonded.Ewald: "ewald",
            nonbonded.CutoffPeriodic: "reaction field",
        }
        if nonbonded.getNonbondedMethod() not in methods:
            raise BundleError(
                "pair interactions must be periodic with PME, Ewald or CutoffPeriodic; choose one of these"
            )
        particles = _table(rows(nonbonded, "Particle"), 0, 3).values
        bonds = _table(found["Bond"], 2, 2)
        constraints = _table(constraints_of(system), 2, 1)
        torsions = _table(found["Torsion"], 4, 3)
        proper = are_proper(torsions.atoms, np.concatenate([bonds.atoms, constraints.atoms]), system.getNumParticles())
        cutoff = float(nonbonded.getCutoffDistance()._value)
        switched = nonbonded.getUseSwitchingFunction()
        return cls(
            masses_amu=np.array([system.getParticleMass(i)._value for i in range(system.getNumParticles())]),
            bonds=bonds,
            angles=_table(found["Angle"], 3, 2),
            torsions=TermTable(torsions.atoms[proper], torsions.values[proper]),
            impropers=TermTable(torsions.atoms[~proper], torsions.values[~proper]),
            charges=particles[:, 0],
            sigmas=particles[:, 1],
            epsilons=particles[:, 2],
            exceptions=_table(rows(nonbonded, "Exception"), 2, 3),
            constraints=constraints,
            cutoff_nm=cutoff,
            switch_nm=float(nonbonded.getSwitchingDistance()._value) if switched else cutoff,
            coulomb=methods[nonbonded.getNonbondedMethod()],
            dielectric=float(nonbonded.getReactionFieldDielectric()),
        )


def rows(force: Any, what: str) -> list[list[Any]]:
    """Return all parameters of one kind from a force, as plain numbers in OpenMM's units."""
    get = getattr(force, f"get{what}Parameters")
    return [[getattr(value, "_value", value) for value in get(i)] for i in range(getattr(force, f"getNum{what}s")())]


def constraints_of(system: Any) -> list[tuple[int, int, float]]:
    """Return both atoms and the distance in nm of each constraint."""
    found = (system.getConstraintParameters(i) for i in range(system.getNumConstraints()))
    return [(a, b, float(getattr(length, "_value", length))) for a, b, length in found]


def _table(found: list[Any], n_atoms: int, n_values: int) -> TermTable:
    table = np.array(found, dtype=np.float64).reshape(-1, n_atoms + n_values)
    return TermTable(table[:, :n_atoms].astype(np.int64), np.ascontiguousarray(table[:, n_atoms:]))


def are_proper(torsions: IntArray, bonds: IntArray, n_atoms: int) -> NDArray[np.bool_]:
    """Return which torsions run along three bonds; improper ones have a central atom that is bonded to the three others."""
    known = np.sort(bonds, axis=1) @ np.array([n_atoms, 1])
    links = np.stack([np.sort(torsions[:, i : i + 2], axis=1) @ np.array([n_atoms, 1]) for i in range(3)], axis=1)
    return np.asarray(np.isin(links, known).all(axis=1))
