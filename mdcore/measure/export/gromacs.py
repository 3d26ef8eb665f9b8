"""The final cell for GROMACS: configuration, topology with all parameters, and run parameters."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdcore.chem.box import is_rectangular
from mdcore.chem.constants import BAR_PER_ATM, BOLTZMANN_KJ_MOL_K
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

STEP_PS = 0.002
NAME_LIMIT = 100_000
"""Atom and residue numbers in a .gro file wrap at this value; GROMACS ignores them."""
_RIGID_WATER = {(0, 1), (0, 2), (1, 2)}

# A term of a molecule: section, atoms counted from 1 in the molecule, function and parameters.
_Term = tuple[str, tuple[int, ...], str]
# An atom of a molecule: type, residue, name, charge, mass.
_Atom = tuple[str, int, str, str, str]


def write_gromacs(cell: FinalCell, folder: Path) -> tuple[Path, ...]:
    """Write `cell.gro`, `cell.top` and `md.mdp`.

    After a stage with an anisotropic or flexible barostat, Parrinello-Rahman pressure coupling is used, and `cell.gro` includes
    initial velocities.

    Bonded terms, Lennard-Jones with its switching function, and 1-4 pairs are those of the System. True masses are used, and
    the step is 2 fs with constrained hydrogens.

    Raises:
        ExportError: GROMACS cannot express the force field of the cell.
    """
    system = cell.system()
    check_forces(system)
    nonbonded = force_of(system, "NonbondedForce")
    write_whole(folder / "cell.top", _topology(cell, system, nonbonded))
    write_whole(folder / "cell.gro", _configuration(cell))
    write_whole(folder / "md.mdp", run_parameters(cell, nonbonded, system.getNumConstraints() > 0))
    return folder / "cell.gro", folder / "cell.top", folder / "md.mdp"


def _topology(cell: FinalCell, system: Any, nonbonded: Any) -> str:
    arrays = cell.arrays
    lj_14, coulomb_14 = scaling_14(nonbonded)
    molecules = _molecules(cell, system, nonbonded)
    types = _atom_types(arrays["atomic_numbers"], rows(nonbonded, "Particle"))
    lines = [
        f"; {cell.name}",
        "[ defaults ]",
        "; nbfunc  comb-rule  gen-pairs  fudgeLJ  fudgeQQ",
        f"1  2  yes  {number(lj_14)}  {number(coulomb_14)}",
        "",
        "[ atomtypes ]",
        "; name  number  mass  charge  ptype  sigma  epsilon",
    ]
    for (z, sigma, epsilon), name in types.items():
        # Masses and charges are given atom by atom.
        lines.append(f"{name}  {z}  0.0  0.0  A  {number(sigma)}  {number(epsilon)}")
    counts: list[tuple[str, int]] = []
    known: dict[tuple[Any, ...], str] = {}
    for atoms, terms in molecules:
        signature = (atoms, terms)
        if signature not in known:
            known[signature] = f"MOL{len(known) + 1}"
            lines += ["", *_molecule_type(known[signature], atoms, terms)]
        if counts and counts[-1][0] == known[signature]:
            counts[-1] = (counts[-1][0], counts[-1][1] + 1)
        else:
            counts.append((known[signature], 1))
    lines += ["", "[ system ]", cell.name, "", "[ molecules ]", *(f"{name}  {count}" for name, count in counts)]
    return "\n".join(lines) + "\n"


def _atom_types(numbers: NDArray[Any], particles: list[list[Any]]) -> dict[tuple[int, float, float], str]:
    """Name the distinct atom types by element, sigma and epsilon."""
    from rdkit import Chem

    symbol = Chem.GetPeriodicTable().GetElementSymbol
    found: dict[tuple[int, float, float], str] = {}
    used: dict[int, int] = defaultdict(int)
    for z, (_, sigma, epsilon) in zip(numbers.tolist(), particles, strict=True):
        if (z, sigma, epsilon) not in found:
            used[z] += 1
            # The underscore prevents a name from being read as a number or another element.
            found[z, sigma, epsilon] = f"{symbol(z)}_{used[z]}"
    return found


def _molecules(cell: FinalCell, system: Any, nonbonded: Any) -> list[tuple[tuple[_Atom, ...], tuple[_Term, ...]]]:
    """Return atoms and terms of each molecule in the order of the cell.

    Raises:
        ExportError: A term spans two molecules, or the atoms of a molecule are not contiguous.
    """
    arrays = cell.arrays
    chains = arrays["chain_index"]
    if (np.diff(chains) < 0).any():
        raise ExportError("the atoms of a molecule are not contiguous; export the cell to openmm")
    particles = rows(nonbonded, "Particle")
    types = _atom_types(arrays["atomic_numbers"], particles)
    first = np.searchsorted(chains, chains)
    pairs, rigid_waters = _pairs(system, nonbonded, arrays, chains, first)
    terms: dict[int, list[_Term]] = defaultdict(list)
    for section, atoms, parameters in (*_bonded(system, rigid_waters, chains, first), *pairs):
        (own, *others) = {int(chains[atom]) for atom in atoms}
        if others:
            raise ExportError(f"a term of {section} joins two molecules; export the cell to openmm")
        terms[own].append((section, tuple(int(atom - first[atom]) + 1 for atom in atoms), parameters))
    found = []
    for own in dict.fromkeys(chains.tolist()):
        (members,) = np.nonzero(chains == own)
        residues = arrays["residue_index"][members] - arrays["residue_index"][members[0]]
        described = tuple(
            (
                types[int(arrays["atomic_numbers"][i]), particles[i][1], particles[i][2]],
                int(residue) + 1,
                _atom_name(arrays, i),
                number(particles[i][0]),
                number(arrays["true_masses_amu"][i]),
            )
            for i, residue in zip(members.tolist(), residues, strict=True)
        )
        found.append((described, tuple(terms[own])))
    return found


def _bonded(system: Any, rigid_waters: set[int], chains: Any, first: Any) -> Iterable[_Term]:
    for a, b, length, k in rows(force_of(system, "HarmonicBondForce"), "Bond"):
        yield "bonds", (a, b), f"1  {number(length)}  {number(k)}"
    for a, b, length in constraints_of(system):
        if int(chains[a]) not in rigid_waters:
            yield "constraints", (a, b), f"1  {number(length)}"
    for a, b, c, angle, k in rows(force_of(system, "HarmonicAngleForce"), "Angle"):
        yield "angles", (a, b, c), f"1  {number(np.degrees(angle))}  {number(k)}"
    for a, b, c, d, periodicity, phase, k in rows(force_of(system, "PeriodicTorsionForce"), "Torsion"):
        # Function 9 allows several terms on the same four atoms; improper torsions have the same form.
        yield "dihedrals", (a, b, c, d), f"9  {number(np.degrees(phase))}  {number(k)}  {periodicity}"


def _pairs(system: Any, nonbonded: Any, arrays: Any, chains: Any, first: Any) -> tuple[list[_Term], set[int]]:
    """Return the 1-4 pairs and the terms of rigid three-atom molecules, and the indices of these molecules."""
    found: list[_Term] = [("pairs", pair, "1") for pair in check_exceptions(nonbonded, arrays["bonds"])]
    held: dict[int, dict[tuple[int, int], float]] = defaultdict(dict)
    for a, b, length in constraints_of(system):
        low, high = sorted((int(a - first[a]), int(b - first[b])))
        held[int(chains[a])][low, high] = length
    waters: set[int] = set()
    for chain, lengths in held.items():
        if lengths.keys() != _RIGID_WATER:
            continue
        start = int(np.searchsorted(chains, chain))
        waters.add(chain)
        found.append(("settles", (start,), f"1  {number(lengths[0, 1])}  {number(lengths[1, 2])}"))
    return found, waters


def _molecule_type(name: str, atoms: tuple[_Atom, ...], terms: tuple[_Term, ...]) -> list[str]:
    lines = ["[ moleculetype ]", "; name  nrexcl", f"{name}  3", "", "[ atoms ]"]
    lines.append("; nr  type  resnr  residue  atom  cgnr  charge  mass")
    for i, (kind, residue, atom, charge, mass) in enumerate(atoms, start=1):
        lines.append(f"{i}  {kind}  {residue}  UNL  {atom}  {i}  {charge}  {mass}")
    sections: dict[str, list[str]] = defaultdict(list)
    for section, members, parameters in terms:
        sections[section].append(f"{'  '.join(map(str, members))}  {parameters}")
    for section, content in sections.items():
        lines += ["", f"[ {section} ]", *content]
    if "settles" in sections:
        lines += ["", "[ exclusions ]", "1  2  3", "2  1  3", "3  1  2"]
    return lines


def _configuration(cell: FinalCell) -> str:
    """Return a .gro file with a precision of 1e-8 nm, which GROMACS infers from the column width."""
    arrays = cell.arrays
    lines = [cell.name, str(len(cell.positions_nm))]
    residues = arrays["residue_index"].tolist()
    velocities = None if _generates_velocities(cell) else _velocities(cell)
    for i, position in enumerate(cell.positions_nm.tolist()):
        place = "".join(f"{x:13.8f}" for x in position)
        if velocities is not None:
            place += "".join(f"{v:13.9f}" for v in velocities[i].tolist())
        lines.append(
            f"{(residues[i] + 1) % NAME_LIMIT:5d}{'UNL':<5s}{_atom_name(arrays, i):>5s}{(i + 1) % NAME_LIMIT:5d}{place}"
        )
    lines.append(" ".join(f"{length:.8f}" for length in _box_line(cell.box_nm)))
    return "\n".join(lines) + "\n"


def _generates_velocities(cell: FinalCell) -> bool:
    """Return whether GROMACS draws the velocities; it warns of that with Parrinello-Rahman, its only anisotropic coupling."""
    return cell.barostat in (None, "isotropic")


def _velocities(cell: FinalCell) -> NDArray[np.float64]:
    """Draw velocities at the temperature of the sampling for the true masses, shape (n, 3), nm/ps."""
    masses = cell.arrays["true_masses_amu"][:, None]
    rng = np.random.default_rng(cell.velocity_seed)
    drawn = rng.standard_normal((len(masses), 3)) * np.sqrt(BOLTZMANN_KJ_MOL_K * cell.temperature_K / masses)
    return np.asarray(drawn - (masses * drawn).sum(axis=0) / masses.sum())


def _box_line(box_nm: NDArray[Any]) -> list[float]:
    """Return the box as a .gro file has it: xx yy zz, and in a triclinic box xy xz yx yz zx zy."""
    diagonal = [float(length) for length in np.diag(box_nm)]
    if is_rectangular(box_nm):
        return diagonal
    return [
        *diagonal,
        *(float(box_nm[row, column]) for row, column in ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1))),
    ]


def _atom_name(arrays: Any, i: int) -> str:
    from rdkit import Chem

    symbol = str(Chem.GetPeriodicTable().GetElementSymbol(int(arrays["atomic_numbers"][i])))
    return f"{symbol}{int(arrays['local_index'][i]) + 1}"[:5]


def run_parameters(cell: FinalCell, nonbonded: Any, constrained: bool, **changes: str) -> str:
    """Return the run parameters for the conditions of the sampling.

    Args:
        cell: The exported cell.
        nonbonded: Its NonbondedForce.
        constrained: Whether hydrogens are constrained; if not, the step is halved.
        **changes: Parameters to override, with underscores for hyphens.
    """
    cutoff = nonbonded.getCutoffDistance()._value
    values = {
        "integrator": "md",
        "dt": number(STEP_PS if constrained else STEP_PS / 2),
        "nsteps": "500000",
        "nstenergy": "1000",
        "nstlog": "1000",
        "nstxout-compressed": "1000",
        "cutoff-scheme": "Verlet",
        "rcoulomb": number(cutoff),
        "rvdw": number(cutoff),
        "coulombtype": "PME",
        "coulomb-modifier": "None",
        "pme-order": "4",
        "fourierspacing": "0.12",
        "ewald-rtol": "1e-5",
        "vdwtype": "Cut-off",
    }
    if nonbonded.getUseSwitchingFunction():
        # The same polynomial as OpenMM's.
        values |= {"vdw-modifier": "Potential-switch", "rvdw-switch": number(nonbonded.getSwitchingDistance()._value)}
    else:
        values["vdw-modifier"] = "None"
    values |= {
        "DispCorr": "EnerPres" if nonbonded.getUseDispersionCorrection() else "no",
        "tcoupl": "v-rescale",
        "tc-grps": "System",
        "tau-t": "1.0",
        "ref-t": number(cell.temperature_K),
    }
    if cell.pressure_atm is not None:
        pressure = number(cell.pressure_atm * BAR_PER_ATM)
        if cell.barostat == "isotropic":
            values |= {"pcoupl": "c-rescale", "tau-p": "5.0", "ref-p": pressure, "compressibility": "4.5e-5"}
        else:
            # Compressibilities of xx, yy, zz, and of the angles, which an anisotropic barostat of OpenMM leaves alone.
            angles = "4.5e-5" if cell.barostat == "flexible" else "0"
            values |= {
                "pcoupl": "Parrinello-Rahman",
                "pcoupltype": "anisotropic",
                "tau-p": "5.0",
                "ref-p": f"{pressure} {pressure} {pressure} 0 0 0",
                "compressibility": f"4.5e-5 4.5e-5 4.5e-5 {angles} {angles} {angles}",
            }
    if _generates_velocities(cell):
        values |= {"gen-vel": "yes", "gen-temp": number(cell.temperature_K), "gen-seed": str(cell.velocity_seed)}
    else:
        values["gen-vel"] = "no"
    values |= {
        "constraint-algorithm": "LINCS",
        "continuation": "no",
    }
    values |= {name.replace("_", "-"): value for name, value in changes.items()}
    return f"; {cell.name}\n" + "".join(f"{name:<22s} = {value}\n" for name, value in values.items())
