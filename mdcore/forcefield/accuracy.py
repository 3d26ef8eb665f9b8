"""Accuracy of densities by the force field, by chemical class.

Root-mean-square errors of the densities of 1,212 liquids and mixtures at about 298 K that the Open Force Field Initiative computed
while it fitted Sage 2.3.0: https://github.com/openforcefield/ash-sage-rc2, commit e688bc3,
05_analysis/output/phys-prop/density-all/stats. Its candidate `v3-k100` is the fit that became 2.3.0.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from rdkit import Chem

from mdcore.chem.repeat_unit import RepeatUnit

ALL = "all"
"""Name of the set of all liquids, used for substances of no listed class."""

_RMSE_G_CM3: dict[str, tuple[float, float]] = {
    # class: with Sage 2.2.1, with Sage 2.3.0
    "amino alcohol": (0.0323, 0.0315),
    "amine": (0.0270, 0.0259),
    "tertiary amide": (0.0205, 0.0099),
    "ester": (0.0159, 0.0115),
    "carbonyl": (0.0157, 0.0099),
    "alcohol": (0.0173, 0.0152),
    "acetal": (0.0150, 0.0114),
    "alkyl aryl ether": (0.0127, 0.0047),
    "dialkyl ether": (0.0136, 0.0102),
    "alkyl bromide": (0.0268, 0.0155),
    "alkyl chloride": (0.0142, 0.0077),
    "alkyl fluoride": (0.0208, 0.0237),
    "aryl chloride": (0.0113, 0.0158),
    "alkene": (0.0184, 0.0039),
    "aromatic": (0.0151, 0.0125),
    "alkane": (0.0136, 0.0118),
    ALL: (0.0190, 0.0150),
}
_SMARTS = {
    "amino alcohol": "[NX3;!$(NC=[O,S]);!$(N[a])][CX4][CX4][OX2H]",
    "amine": "[NX3;!$(N[#6]=[O,S,N]);!$(NS=O);!$(N=*);!$(N[#7,#8])]",
    "tertiary amide": "[NX3]([#6])([#6])[CX3]=[OX1]",
    "ester": "[#6][CX3](=[OX1])[OX2][#6]",
    "carbonyl": "[$([CX3]([#6])[#6]),$([CX3H1][#6])]=[OX1]",
    "alcohol": "[OX2H][CX4]",
    "acetal": "[OX2;!$(OC=O)][CX4;!$(C=O)][OX2;!$(OC=O)]",
    "alkyl aryl ether": "[OX2]([CX4])c",
    "dialkyl ether": "[OX2]([CX4])[CX4]",
    "alkyl bromide": "[Br][CX4]",
    "alkyl chloride": "[Cl][CX4]",
    "alkyl fluoride": "[F][CX4]",
    "aryl chloride": "[Cl]c",
    "alkene": "[CX3]=[CX3]",
    "aromatic": "a",
}
_REACH = 4
"""Bonds from a repeat unit within which its groups must be whole; the patterns reach three."""
_KNOWN = {"openff-2.2.1": 0, "openff-2.3.0": 1}
"""Column of the table by force field."""


@dataclass(frozen=True)
class DensityError:
    """Error of densities by a force field.

    Attributes:
        rmse_g_cm3: Root-mean-square error of the densities of liquids of the class in g/cm3.
        chemical_class: Class of the substance with the largest error; `all` if it belongs to no listed class.
        force_field: Force field of the benchmark. For a force field without one it is Sage 2.2.1 and the class `all`.
    """

    rmse_g_cm3: float
    chemical_class: str
    force_field: str


def density_error(units: Iterable[RepeatUnit], molecules: Iterable[str], smirnoff: str) -> DensityError:
    """Return the error of the density of a substance to be expected from the force field.

    Of the classes of the substance, the one with the largest error is used, since errors of different groups need not cancel.

    Args:
        units: Repeat units of the simulated chains.
        molecules: SMILES of simulated molecules.
        smirnoff: SMIRNOFF file of the simulation, as in its settings.
    """
    name = smirnoff.removesuffix(".offxml")
    if name not in _KNOWN:
        return DensityError(_RMSE_G_CM3[ALL][_KNOWN["openff-2.2.1"]], ALL, "openff-2.2.1")
    errors = {one: _RMSE_G_CM3[one][_KNOWN[name]] for one in classes_of(units, molecules)}
    largest = max(errors, key=errors.__getitem__)
    return DensityError(errors[largest], largest, name)


def chemical_classes(mol: Chem.Mol, atoms: Collection[int] | None = None) -> tuple[str, ...]:
    """Return the classes of the benchmark that occur in a molecule; with `all` if they do not cover every atom.

    Sulfur, phosphorus, nitriles, secondary amides and other groups outside the classes do not get the error of another class.

    Args:
        mol: Molecule without stars.
        atoms: Atoms that count, such as those of a repeat unit inside a chain; None for all.
    """
    own = set(range(mol.GetNumAtoms()) if atoms is None else atoms)
    found: set[str] = set()
    covered: set[int] = set()
    for name, pattern in _patterns().items():
        for match in mol.GetSubstructMatches(pattern, maxMatches=mol.GetNumAtoms() + 1):
            if own & set(match):
                found.add(name)
                covered.update(match)
    single = (Chem.BondType.SINGLE, Chem.BondType.AROMATIC)
    carbons = {
        atom.GetIdx()
        for atom in mol.GetAtoms()
        if atom.GetAtomicNum() == 6 and all(bond.GetBondType() in single for bond in atom.GetBonds())
    }
    if own <= carbons - covered:
        found.add("alkane")
    elif not own <= covered | carbons:
        found.add(ALL)
    return tuple(name for name in _RMSE_G_CM3 if name in found)


def classes_of(units: Iterable[RepeatUnit], molecules: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the classes of repeat units inside their chains and of molecules given as SMILES."""
    found: set[str] = set()
    for unit in units:
        found.update(chemical_classes(*unit.window(_REACH)))
    for text in molecules:
        found.update(chemical_classes(Chem.MolFromSmiles(text)))
    return tuple(name for name in _RMSE_G_CM3 if name in found)


@cache
def _patterns() -> dict[str, Chem.Mol]:
    return {name: Chem.MolFromSmarts(smarts) for name, smarts in _SMARTS.items()}
