"""Parameters of one molecule: an OpenFF SMIRNOFF force field with NAGL charges, as plain arrays."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from rdkit import Chem, rdBase

from mdcore.cell.topology import FloatArray, IntArray
from mdcore.chem.errors import UnparameterisableError
from mdcore.forcefield.charges import nagl_charges
from mdcore.settings.simulation import ForceFieldSettings


@dataclass(frozen=True)
class Terms:
    """Interaction terms of one kind.

    Attributes:
        atoms: Shape (m, k), atoms of each term.
        values: Shape (m, p), parameters of each term.
    """

    atoms: IntArray
    values: FloatArray


@dataclass(frozen=True)
class Parameters:
    """All parameters of a molecule or of a whole cell, in nm, kJ/mol, rad and e.

    Attributes:
        charges: Shape (n,).
        sigmas: Shape (n,), nm.
        epsilons: Shape (n,), kJ/mol.
        bonds: Values (length nm, k kJ/mol/nm2).
        constraints: Values (length nm,).
        angles: Values (angle rad, k kJ/mol/rad2).
        torsions: Proper and improper; values (periodicity, phase rad, k kJ/mol).
    """

    charges: FloatArray
    sigmas: FloatArray
    epsilons: FloatArray
    bonds: Terms
    constraints: Terms
    angles: Terms
    torsions: Terms


@dataclass(frozen=True)
class NonbondedRules:
    """Scale factors of nonbonded interactions between atoms three bonds apart."""

    coulomb_14: float
    lj_14: float


@lru_cache(maxsize=4)
def load_force_field(smirnoff: str) -> Any:
    """Load a SMIRNOFF force field by OpenFF name or path.

    Raises:
        UnparameterisableError: The force field does not exist, has virtual sites, or uses functional forms other than
            12-6 Lennard-Jones with Lorentz-Berthelot rules.
    """
    from openff.toolkit import ForceField

    try:
        force_field = ForceField(smirnoff)
    except OSError as error:
        raise UnparameterisableError(
            f"force field {smirnoff!r} was not found; give an OpenFF name such as openff-2.2.1.offxml or a path"
        ) from error
    vdw = force_field.get_parameter_handler("vdW")
    if vdw.potential != "Lennard-Jones-12-6" or vdw.combining_rules.lower() != "lorentz-berthelot":
        raise UnparameterisableError(
            f"force field {smirnoff!r} uses {vdw.potential} with {vdw.combining_rules} rules; only 12-6 Lennard-Jones with "
            "Lorentz-Berthelot rules is supported"
        )
    if "VirtualSites" in force_field.registered_parameter_handlers:
        raise UnparameterisableError(
            f"force field {smirnoff!r} has virtual sites, which are not supported; choose another"
        )
    return force_field


def nonbonded_rules(smirnoff: str) -> NonbondedRules:
    """Return the 1-4 factors of a force field."""
    force_field = load_force_field(smirnoff)
    return NonbondedRules(
        coulomb_14=float(force_field.get_parameter_handler("Electrostatics").scale14),
        lj_14=float(force_field.get_parameter_handler("vdW").scale14),
    )


def parameterise(mol: Chem.Mol, settings: ForceFieldSettings) -> Parameters:
    """Assign every parameter of one molecule.

    Args:
        mol: Molecule with explicit hydrogens.
        settings: Force field and charge model.

    Raises:
        UnparameterisableError: A parameter or charge is missing; the message names the atoms.
    """
    from openff.toolkit import Molecule
    from openff.toolkit.utils.exceptions import OpenFFToolkitException

    force_field = load_force_field(settings.smirnoff)
    try:
        with rdBase.BlockLogs():
            molecule = Molecule.from_rdkit(mol, allow_undefined_stereo=True, hydrogens_are_explicit=True)
        labels = force_field.label_molecules(molecule.to_topology())[0]
    except OpenFFToolkitException as error:
        raise UnparameterisableError(_first_line(error)) from error
    _complete(molecule, labels)
    charges = nagl_charges(molecule, settings.charge_model)
    constrained = labels.get("Constraints", {})
    return Parameters(
        charges=charges,
        sigmas=np.array([_sigma(labels["vdW"][(i,)]) for i in range(molecule.n_atoms)]),
        epsilons=np.array([_in(labels["vdW"][(i,)].epsilon, "kilojoule/mole") for i in range(molecule.n_atoms)]),
        bonds=_terms(
            labels["Bonds"], 2, 2, lambda p: [(_in(p.length, "nanometer"), _in(p.k, "kilojoule/mole/nanometer**2"))]
        ),
        constraints=_constraints(constrained, labels["Bonds"]),
        angles=_terms(
            labels["Angles"], 3, 2, lambda p: [(_in(p.angle, "radian"), _in(p.k, "kilojoule/mole/radian**2"))]
        ),
        torsions=_joined(
            _terms(labels["ProperTorsions"], 4, 3, _proper), _impropers(labels.get("ImproperTorsions", {}))
        ),
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _in(quantity: Any, unit: str) -> float:
    return float(quantity.m_as(unit))


def _sigma(parameter: Any) -> float:
    if parameter.sigma is not None:
        return _in(parameter.sigma, "nanometer")
    return float(_in(parameter.rmin_half, "nanometer") * 2.0 ** (5.0 / 6.0))


def _complete(molecule: Any, labels: Any) -> None:
    """Raise if a bond, angle, torsion or atom of a molecule has no parameter."""
    wanted = {
        "Bonds": {tuple(sorted((b.atom1_index, b.atom2_index))) for b in molecule.bonds},
        "Angles": {_forward(tuple(a.molecule_atom_index for a in angle)) for angle in molecule.angles},
        "ProperTorsions": {_forward(tuple(a.molecule_atom_index for a in t)) for t in molecule.propers},
        "vdW": {(i,) for i in range(molecule.n_atoms)},
    }
    for kind, atoms in wanted.items():
        found = {_forward(tuple(key)) for key in labels[kind]}
        missing = sorted(atoms - found)
        if missing:
            symbols = "-".join(molecule.atoms[i].symbol for i in missing[0])
            raise UnparameterisableError(
                f"the force field has no {kind} parameter for {symbols}; choose a force field that covers it"
            )


def _forward(atoms: tuple[int, ...]) -> tuple[int, ...]:
    return atoms if atoms[0] <= atoms[-1] else atoms[::-1]


def _terms(labels: Any, width: int, columns: int, values: Any) -> Terms:
    atoms: list[tuple[int, ...]] = []
    rows: list[tuple[float, ...]] = []
    for key, parameter in labels.items():
        for row in values(parameter):
            atoms.append(tuple(key))
            rows.append(row)
    return Terms(
        np.array(atoms, dtype=np.int64).reshape(-1, width), np.array(rows, dtype=np.float64).reshape(-1, columns)
    )


def _proper(parameter: Any) -> list[tuple[float, ...]]:
    idivf = parameter.idivf or [1.0] * len(parameter.k)
    return [
        (float(n), _in(phase, "radian"), _in(k, "kilojoule/mole") / float(divisor))
        for n, phase, k, divisor in zip(parameter.periodicity, parameter.phase, parameter.k, idivf, strict=True)
    ]


def _impropers(labels: Any) -> Terms:
    """Expand each improper into its trefoil: three permutations of the outer atoms with a third of the barrier each.

    The order of the four atoms follows the SMIRNOFF specification, which puts the central atom second.
    """
    atoms: list[tuple[int, int, int, int]] = []
    rows: list[tuple[float, ...]] = []
    for (a, centre, b, c), parameter in labels.items():
        for n, phase, k in zip(parameter.periodicity, parameter.phase, parameter.k, strict=True):
            row = (float(n), _in(phase, "radian"), _in(k, "kilojoule/mole") / 3.0)
            for one, two, three in ((a, b, c), (b, c, a), (c, a, b)):
                atoms.append((centre, one, two, three))
                rows.append(row)
    return Terms(np.array(atoms, dtype=np.int64).reshape(-1, 4), np.array(rows, dtype=np.float64).reshape(-1, 3))


def _joined(one: Terms, other: Terms) -> Terms:
    return Terms(
        np.concatenate([one.atoms, other.atoms]),
        np.concatenate([one.values, other.values.reshape(-1, one.values.shape[1])]),
    )


def _constraints(labels: Any, bonds: Any) -> Terms:
    atoms, rows = [], []
    for key, parameter in labels.items():
        distance = getattr(parameter, "distance", None)
        length = _in(bonds[key].length, "nanometer") if distance is None else _in(distance, "nanometer")
        atoms.append(tuple(key))
        rows.append((length,))
    return Terms(np.array(atoms, dtype=np.int64).reshape(-1, 2), np.array(rows, dtype=np.float64).reshape(-1, 1))
