"""The final cell for LAMMPS: a data file with all parameters and an input that reads it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import is_rectangular
from mdcore.chem.constants import KJ_PER_KCAL
from mdcore.chem.errors import ExportError
from mdcore.chem.files import write_whole
from mdcore.measure.export.final_cell import FinalCell
from mdcore.measure.export.terms import (
    check_exceptions,
    check_forces,
    constraints_of,
    force_of,
    number,
    rows,
    scaling_14,
)

ACCURACY = 1e-4
"""Relative accuracy of pppm forces, as suggested in the LAMMPS manual."""
STEP_FS = 2.0


@dataclass(frozen=True)
class LammpsData:
    """Information on a data file needed by its input script.

    Attributes:
        cutoff_angstrom: Cutoff of Lennard-Jones and of the real part of Coulomb.
        lj_14: Lennard-Jones scale factor of 1-4 pairs.
        coulomb_14: Coulomb scale factor of 1-4 pairs.
        rigid_types: Bond types with constrained length.
        torsions: Whether there are torsions.
        dispersion_correction: Whether the long-range Lennard-Jones correction of energy and pressure is applied.
    """

    cutoff_angstrom: float
    lj_14: float
    coulomb_14: float
    rigid_types: tuple[int, ...]
    torsions: bool
    dispersion_correction: bool


class _Types:
    """Numbers distinct parameter sets from 1 in order of appearance."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], int] = {}

    def __call__(self, *values: Any) -> int:
        return self.known.setdefault(values, len(self.known) + 1)

    def __len__(self) -> int:
        return len(self.known)


def write_lammps(cell: FinalCell, folder: Path) -> tuple[Path, ...]:
    """Write `cell.data` and `in.lammps`.

    Lennard-Jones is truncated at the cutoff: LAMMPS does not have OpenMM's switching function. True masses are used, and
    the step is 2 fs with constrained hydrogens.

    Raises:
        ExportError: LAMMPS cannot express the force field of the cell.
    """
    data = write_data(cell.system(), cell.arrays, cell.positions_nm, cell.box_nm, folder / "cell.data", cell.name)
    write_whole(folder / "in.lammps", interactions(data, ACCURACY) + _dynamics(cell, data))
    return folder / "cell.data", folder / "in.lammps"


def write_data(
    system: Any,
    arrays: Mapping[str, NDArray[Any]],
    positions_nm: Any,
    box_nm: Any,
    path: Path,
    title: str = "Written from an OpenMM System",
) -> LammpsData:
    """Write a System as a LAMMPS data file in real units, atom style full.

    Bonds constrained in OpenMM are written with a force constant of zero, because LAMMPS derives exclusions and SHAKE lengths from
    its bonds. Torsion terms on the same four atoms, including impropers, become one dihedral of style fourier.

    Raises:
        ExportError: A constraint is not a bond, a bond is missing, or pairs have interactions that LAMMPS cannot express.
    """
    check_forces(system)
    nonbonded = force_of(system, "NonbondedForce")
    lj_14, coulomb_14 = scaling_14(nonbonded)
    check_exceptions(nonbonded, arrays["bonds"])
    atom_types, bond_types, angle_types, dihedral_types = _Types(), _Types(), _Types(), _Types()
    atoms = []
    chains, masses = arrays["chain_index"], arrays["true_masses_amu"]
    for i, ((charge, sigma, epsilon), position) in enumerate(
        zip(rows(nonbonded, "Particle"), positions_nm * 10.0, strict=True)
    ):
        kind = atom_types(float(masses[i]), epsilon / KJ_PER_KCAL, sigma * 10.0)
        atoms.append((chains[i] + 1, kind, charge, *position))
    bonds, bonded, rigid = [], set(), set()
    for a, b, length, k in rows(force_of(system, "HarmonicBondForce"), "Bond"):
        bonds.append((bond_types(k / 2 / KJ_PER_KCAL / 100.0, length * 10.0), a + 1, b + 1))
        bonded.add(frozenset((a, b)))
    for a, b, length in constraints_of(system):
        kind = bond_types(0.0, length * 10.0)
        rigid.add(kind)
        bonds.append((kind, a + 1, b + 1))
        bonded.add(frozenset((a, b)))
    if len(bonds) != len(bonded) or bonded != {frozenset(pair) for pair in arrays["bonds"].tolist()}:
        raise ExportError(
            "harmonic bonds and constraints do not match the bonds, as in rigid water, which is not supported for lammps; "
            "export the cell to gromacs or openmm"
        )
    angles = [
        (angle_types(k / 2 / KJ_PER_KCAL, np.degrees(angle)), a + 1, b + 1, c + 1)
        for a, b, c, angle, k in rows(force_of(system, "HarmonicAngleForce"), "Angle")
    ]
    torsions: dict[tuple[int, int, int, int], list[float]] = defaultdict(list)
    for a, b, c, d, periodicity, phase, k in rows(force_of(system, "PeriodicTorsionForce"), "Torsion"):
        torsions[a + 1, b + 1, c + 1, d + 1].extend((k / KJ_PER_KCAL, periodicity, np.degrees(phase)))
    dihedrals = [(dihedral_types(len(terms) // 3, *terms), *four) for four, terms in torsions.items()]

    lines = [title, ""]
    counts = (
        ("atom", len(atoms), atom_types),
        ("bond", len(bonds), bond_types),
        ("angle", len(angles), angle_types),
        ("dihedral", len(dihedrals), dihedral_types),
    )
    for name, count, kinds in counts:
        lines += [f"{count} {name}s", f"{len(kinds)} {name} types"]
    lines += [
        f"0.0 {number(side * 10.0)} {axis}lo {axis}hi"
        for axis, side in zip("xyz", np.diag(box_nm).tolist(), strict=True)
    ]
    if not is_rectangular(box_nm):
        tilts = (float(box_nm[row, column]) * 10.0 for row, column in ((1, 0), (2, 0), (2, 1)))
        lines.append(f"{' '.join(map(number, tilts))} xy xz yz")
    sections: list[tuple[str, Any]] = [
        ("Masses", [(kind[0],) for kind in atom_types.known]),
        ("Pair Coeffs", [kind[1:] for kind in atom_types.known]),
        ("Bond Coeffs", bond_types.known),
        ("Angle Coeffs", angle_types.known),
        ("Dihedral Coeffs", dihedral_types.known),
        ("Atoms  # full", atoms),
        ("Bonds", bonds),
        ("Angles", angles),
        ("Dihedrals", dihedrals),
    ]
    for heading, values in sections:
        if values:
            lines += ["", heading, ""]
            lines += [f"{i} {' '.join(map(number, row))}" for i, row in enumerate(values, start=1)]
    write_whole(path, "\n".join(lines) + "\n")
    return LammpsData(
        cutoff_angstrom=nonbonded.getCutoffDistance()._value * 10.0,
        lj_14=lj_14,
        coulomb_14=coulomb_14,
        rigid_types=tuple(sorted(rigid)),
        torsions=bool(dihedrals),
        dispersion_correction=bool(nonbonded.getUseDispersionCorrection()),
    )


def interactions(data: LammpsData, accuracy: float, *, tail: bool | None = None) -> str:
    """Return the part of an input that defines the interactions and reads `cell.data`.

    The style of the long-range sum comes after the data, as LAMMPS requires of triclinic boxes.

    Args:
        data: Information on the data file.
        accuracy: Relative accuracy of the forces of pppm.
        tail: Whether to apply the long-range dispersion correction; as in the System if None.
    """
    corrected = data.dispersion_correction if tail is None else tail
    return f"""units real
atom_style full
bond_style harmonic
angle_style harmonic
dihedral_style {"fourier" if data.torsions else "none"}
pair_style lj/cut/coul/long {number(data.cutoff_angstrom)}  # codespell:ignore coul
pair_modify mix arithmetic shift no tail {"yes" if corrected else "no"}
special_bonds lj 0 0 {number(data.lj_14)} coul 0 0 {number(data.coulomb_14)}  # codespell:ignore coul
read_data cell.data
kspace_style pppm {accuracy:g}
"""


def _dynamics(cell: FinalCell, data: LammpsData) -> str:
    """Return the part of an input that continues at the conditions of the sampling."""
    temperature = f"temp {number(cell.temperature_K)} {number(cell.temperature_K)} 100.0"
    if cell.pressure_atm is None:
        motion = f"nvt {temperature}"
    else:
        shape = {"isotropic": "iso", "anisotropic": "aniso"}.get(cell.barostat or "isotropic", "tri")
        motion = f"npt {temperature} {shape} {number(cell.pressure_atm)} {number(cell.pressure_atm)} 1000.0"
    rigid = ""
    if data.rigid_types:
        rigid = f"fix rigid all shake 1.0e-5 100 0 b {' '.join(map(str, data.rigid_types))}\n"
    step = STEP_FS if data.rigid_types else STEP_FS / 2
    return f"""neighbor 2.0 bin
velocity all create {number(cell.temperature_K)} {cell.velocity_seed} mom yes rot no dist gaussian
{rigid}fix motion all {motion}
timestep {number(step)}
thermo_style custom step temp press density pe ebond eangle edihed evdwl ecoul elong etail
thermo 1000
run 500000
write_data after.data
"""
