"""Force-field descriptors: kernel means of the parameters of a SMIRNOFF file over one period."""

import importlib.util
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mdcore.chem import RepeatUnit
from mdcore.chem.parameter_distributions import GRID, PARAMETERS
from surrogates.errors import SurrogatesError
from surrogates.features.descriptors import gasteiger_charges

SPREAD = 0.25
"""Divisor of the descriptors, which are fractions between zero and one, to make them of order one."""

CHARGE = ("Charges", "q")
"""Kind of the partial charges, which a SMIRNOFF file delegates to a charge model."""

KINDS = {
    CHARGE: "charge_e",
    ("vdW", "rmin_half"): "rmin_half_angstrom",
    ("vdW", "epsilon"): "epsilon_kcal_mol",
    ("Bonds", "length"): "bond_length_angstrom",
    ("Bonds", "k"): "bond_k_kcal_mol_angstrom2",
    ("Angles", "angle"): "angle_degree",
    ("Angles", "k"): "angle_k_kcal_mol_rad2",
    ("ProperTorsions", "k"): "torsion_k_kcal_mol",
}
"""Name in `mdcore.chem.parameter_distributions.PARAMETERS` of each parameter of a file."""

LENGTH = GRID * len(KINDS)
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")


class ForceFieldFileMissing(SurrogatesError, OSError):
    """The SMIRNOFF file is not installed."""


@dataclass(frozen=True)
class ForceFieldDescriptors:
    """Descriptors of the parameters that a SMIRNOFF force field assigns to a unit, for `Featuriser(further=...)`.

    For each kind of parameter the descriptors are the kernel mean of the period's terms, see
    `mdcore.chem.parameter_distributions`, from SMIRKS that the file assigns to atoms, bonds, angles and torsions (the last match
    wins), and from Gasteiger's charges, which are fast and defined for every element. A term counts when its first atom is in the period.

    Attributes:
        path: The SMIRNOFF file.
        bonds: Bonds between the period and the caps of the window.
    """

    path: Path
    bonds: int = 4

    @classmethod
    def installed(cls, name: str = "openff-2.2.1.offxml") -> "ForceFieldDescriptors":
        """Use a file of the installed `openforcefields` package.

        Raises:
            ForceFieldFileMissing: The package is not installed or does not contain the file.
        """
        spec = importlib.util.find_spec("openforcefields")
        folder = Path(next(iter(spec.submodule_search_locations or [""]))) if spec is not None else Path()
        path = folder / "offxml" / name
        if spec is None or not path.is_file():
            raise ForceFieldFileMissing(
                f"force field {name!r} is not installed; install openforcefields or specify another file"
            )
        return cls(path)

    def __call__(self, unit: RepeatUnit) -> NDArray[np.float64]:
        """Return the descriptors of a unit, shape (LENGTH,)."""
        terms = self.parameters(unit)
        blocks = [PARAMETERS[name].kernel_mean(terms[kind]) for kind, name in KINDS.items()]
        return np.concatenate(blocks) / SPREAD

    def parameters(self, unit: RepeatUnit) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Parameters of the terms of one period, one array for each key of `KINDS`."""
        window, centre = unit.window(self.bonds)
        mol = Chem.AddHs(window)
        Chem.Kekulize(mol, clearAromaticFlags=True)
        Chem.SetAromaticity(mol, Chem.AromaticityModel.AROMATICITY_MDL)
        inside = set(centre)
        inside |= {n.GetIdx() for i in centre for n in mol.GetAtomWithIdx(i).GetNeighbors() if n.GetAtomicNum() == 1}
        found: dict[tuple[str, str], list[float]] = {kind: [] for kind in KINDS}
        found[CHARGE] = gasteiger_charges(mol, sorted(inside)).tolist()
        for section, rules in _rules(self.path).items():
            assigned: dict[tuple[int, ...], dict[str, float]] = {}
            for pattern, tags, values in rules:
                for match in mol.GetSubstructMatches(pattern, uniquify=False, maxMatches=1_000_000):
                    atoms = tuple(match[tag] for tag in tags)
                    assigned[min(atoms, atoms[::-1])] = values
            for atoms, values in assigned.items():
                # A term across the boundary of the period is found once from either end, with half its weight on average.
                for end in (atoms[0], atoms[-1]):
                    if end in inside:
                        for name, value in values.items():
                            found[section, name].append(value)
        return {kind: np.array(values) for kind, values in found.items()}


_Rule = tuple[Chem.Mol, tuple[int, ...], dict[str, float]]


@lru_cache(maxsize=4)
def _rules(path: Path) -> dict[str, list[_Rule]]:
    """Patterns of each section in the file's order, with the positions of their tagged atoms and their parameters."""
    root = ET.parse(path).getroot()
    sections: dict[str, list[_Rule]] = {}
    for section in {kind for kind, _ in KINDS} - {CHARGE[0]}:
        names = [name for kind, name in KINDS if kind == section]
        sections[section] = []
        for entry in root.find(section) or ():
            pattern = Chem.MolFromSmarts(entry.attrib["smirks"])
            order = {atom.GetAtomMapNum(): atom.GetIdx() for atom in pattern.GetAtoms() if atom.GetAtomMapNum()}
            tags = tuple(order[number] for number in sorted(order))
            sections[section].append((pattern, tags, {name: _value(entry, name) for name in names}))
    return sections


def _value(entry: ET.Element, name: str) -> float:
    """Read a parameter; numbered ones are summed, and a Lennard-Jones sigma is converted to half the distance of the minimum."""
    if name == "rmin_half" and "sigma" in entry.attrib:
        return _number(entry.attrib["sigma"]) * 2 ** (1 / 6) / 2
    if name in entry.attrib:
        return _number(entry.attrib[name])
    return sum(_number(text) for key, text in entry.attrib.items() if re.fullmatch(rf"{name}\d+", key))


def _number(text: str) -> float:
    match = _NUMBER.match(text.strip())
    if match is None:
        raise ForceFieldFileMissing(f"invalid number {text!r} in the force field file; use a SMIRNOFF file")
    return float(match.group())
