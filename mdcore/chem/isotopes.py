"""Isotope labels: which are kept, the masses of labelled atoms, and molecules without labels.

Keys and masses follow the same rule. A label of the most common isotope that changes the mass of the element by less than 0.5 %
(`[12CH3]`, `[14N]`, `[1H]`, `[19F]`) is dropped when a structure is read: the unit has the key of the unlabelled unit and the
element's average mass. Every other label (`[2H]`, `[13C]`, `[15N]`, `[35Cl]`) is kept in the key, and the mass of that
nuclide is used for the atom. Quantities that do not depend on masses (charges, force field, volumes, refractions, fingerprints, rules of
synthesis) are those of the natural element.
"""

from collections import defaultdict
from collections.abc import Iterable

from rdkit import Chem, rdBase
from rdkit.Chem import rdqueries

SAME_MASS = 5e-3
"""Relative mass difference from the element's average below which the label of its most common isotope is dropped."""

# Matched in compiled code, because every structure is checked.
_LABELLED = Chem.RWMol()
_LABELLED.AddAtom(rdqueries.IsotopeGreaterQueryAtom(0))
_LABELLED.GetAtomWithIdx(0).ExpandQuery(rdqueries.AtomNumGreaterQueryAtom(0))


def labelled_atoms(mol: Chem.Mol) -> list[int]:
    """Return the indices of the atoms with an isotope label; stars are excluded, since their labels mark head and tail."""
    return [index for (index,) in mol.GetSubstructMatches(_LABELLED)]


def drop_common_labels(mol: Chem.Mol) -> str | None:
    """Drop the labels of common isotopes in place; return the problem with a label, or None."""
    table = Chem.GetPeriodicTable()
    for index in labelled_atoms(mol):
        atom = mol.GetAtomWithIdx(index)
        number, isotope = atom.GetAtomicNum(), atom.GetIsotope()
        mass = table.GetMassForIsotope(number, isotope)
        if mass <= 0.0:
            common = table.GetMostCommonIsotope(number)
            return (
                f"has the isotope label {isotope} on {atom.GetSymbol()}, which is not a known nuclide; "
                f"drop it or write a mass number such as {common}"
            )
        average = table.GetAtomicWeight(number)
        if isotope == table.GetMostCommonIsotope(number) and abs(mass / average - 1.0) < SAME_MASS:
            atom.SetIsotope(0)
    return None


def without_isotopes(mol: Chem.Mol) -> Chem.Mol:
    """Return a molecule with the natural element in place of each labelled atom, hydrogens implicit; stars keep their labels."""
    labelled = labelled_atoms(mol)
    if not labelled:
        return mol
    plain = Chem.RWMol(mol)
    for index in labelled:
        plain.GetAtomWithIdx(index).SetIsotope(0)
    with rdBase.BlockLogs():
        natural = Chem.RemoveHs(plain)
        Chem.AssignStereochemistry(natural, cleanIt=True, force=True)
    return natural


def mass_excess_amu(mol: Chem.Mol) -> dict[str, float]:
    """Return the excess mass of the labelled atoms of a molecule over the average masses, by element, in dalton."""
    table = Chem.GetPeriodicTable()
    excess: defaultdict[str, float] = defaultdict(float)
    for index in labelled_atoms(mol):
        atom = mol.GetAtomWithIdx(index)
        excess[atom.GetSymbol()] += atomic_mass_amu(atom.GetAtomicNum(), atom.GetIsotope()) - table.GetAtomicWeight(
            atom.GetAtomicNum()
        )
    return dict(excess)


def atomic_mass_amu(number: int, isotope: int = 0) -> float:
    """Return the mass of an atom in dalton: that of the nuclide, or the element's average for isotope 0."""
    table = Chem.GetPeriodicTable()
    return float(table.GetMassForIsotope(number, isotope) if isotope else table.GetAtomicWeight(number))


def atomic_masses_amu(numbers: Iterable[int], isotopes: Iterable[int]) -> list[float]:
    """Return the masses of atoms in dalton; see `atomic_mass_amu`."""
    return [atomic_mass_amu(number, isotope) for number, isotope in zip(numbers, isotopes, strict=True)]
