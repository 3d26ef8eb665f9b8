"""Reading of pSMILES: from any spelling to a validated molecule whose stars are labelled head (1) and tail (2)."""

from itertools import pairwise

from rdkit import Chem, rdBase
from rdkit.Chem import rdqueries

from mdcore.chem.errors import InvalidMolecule, InvalidRepeatUnit, MDCoreError
from mdcore.chem.isotopes import drop_common_labels
from mdcore.chem.spelling import MAX_ATOMS, MAX_CHARACTERS, remedy

HEAD, TAIL = 1, 2
"""Isotope labels of the two stars: the bond to the previous and to the next repeat unit."""

_SINGLE = Chem.BondType.SINGLE

# Patterns are matched in compiled code; a Python loop over atoms would dominate the cost.
_STAR = Chem.MolFromSmarts("[#0]")
_HYDROGEN = Chem.MolFromSmarts("[#1]")
_RADICAL = Chem.RWMol()
_RADICAL.AddAtom(rdqueries.NumRadicalElectronsGreaterQueryAtom(0))


def read_repeat_unit(text: str, elements: frozenset[str] | None) -> Chem.Mol:
    """Read a pSMILES.

    Args:
        text: SMILES with exactly two stars in any spelling (`*`, `[*]`, `[*:1]`, `[1*]`).
        elements: Allowed elements, or None for any.

    Returns:
        Sanitised molecule without explicit hydrogens whose stars carry the isotopes `HEAD` and `TAIL`, in the order in
        which they stand in the text.

    Raises:
        InvalidRepeatUnit: The text is not a valid repeat unit; the message gives the value, the rule and the remedy.
    """
    shown = _shown(text)
    if not isinstance(text, str) or not text.strip():
        raise InvalidRepeatUnit(f"pSMILES {shown} is empty; write a repeat unit such as *CC*")
    if too_large := _excess(text, None):
        raise InvalidRepeatUnit(f"pSMILES {shown} {too_large}")
    mol = _parse(text.strip())
    if mol is None:
        raise InvalidRepeatUnit(f"pSMILES {shown} is not valid SMILES: {remedy(text, _reads)}")
    if too_large := _excess(text, mol):
        raise InvalidRepeatUnit(f"pSMILES {shown} {too_large}")
    mol = _check_stars(mol, shown)
    for label, star in zip((HEAD, TAIL), stars_of(mol), strict=True):
        star.SetIsotope(label)
    if ":" in text:
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
    mol = _checked(mol, f"pSMILES {shown}", elements, InvalidRepeatUnit)
    if not mol.GetNumHeavyAtoms():
        raise InvalidRepeatUnit(
            f"pSMILES {shown} has no heavy atom between its stars; write a repeat unit such as *CC*"
        )
    return mol


def read_molecule(text: str, elements: frozenset[str] | None) -> Chem.Mol:
    """Read the SMILES of a molecule of a liquid: one neutral closed-shell fragment without stars.

    Raises:
        InvalidMolecule: The text is not a valid molecule; the message gives the value, the rule and the remedy.
    """
    shown = _shown(text)
    if not isinstance(text, str) or not text.strip():
        raise InvalidMolecule(f"SMILES {shown} is empty; write a molecule such as CCO")
    if too_large := _excess(text, None):
        raise InvalidMolecule(f"SMILES {shown} {too_large}")
    mol = _parse(text.strip())
    if mol is None or mol.GetNumAtoms() == 0:
        raise InvalidMolecule(f"SMILES {shown} is not valid SMILES: {remedy(text, _reads)}")
    if too_large := _excess(text, mol):
        raise InvalidMolecule(f"SMILES {shown} {too_large}")
    if stars_of(mol):
        raise InvalidMolecule(f"SMILES {shown} has stars; a molecule has none, a repeat unit exactly two")
    if len(Chem.GetMolFrags(mol)) != 1:
        raise InvalidMolecule(f"SMILES {shown} has several fragments; give one molecule")
    return _checked(mol, f"SMILES {shown}", elements, InvalidMolecule)


def read_end_group(text: str, elements: frozenset[str] | None) -> Chem.Mol:
    """Read an end group: a SMILES with exactly one star, which marks the bond to the chain (`*[H]`, `*C`, `*c1ccccc1`).

    Raises:
        InvalidRepeatUnit: The text is not a valid end group; the message gives the value, the rule and the remedy.
    """
    shown = _shown(text)
    mol = _parse(text.strip()) if isinstance(text, str) and text.strip() and not _excess(text, None) else None
    stars = stars_of(mol) if mol is not None else []
    if mol is None or len(stars) != 1 or stars[0].GetDegree() != 1 or len(Chem.GetMolFrags(mol)) != 1:
        raise InvalidRepeatUnit(
            f"end group {shown} must be one fragment with one star at its bond to the chain; write for example *[H] or *C"
        )
    stars[0].SetIsotope(0)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    problem = _sanitise(mol) or drop_common_labels(mol) or _composition_problem(mol, elements)
    if problem:
        raise InvalidRepeatUnit(f"end group {shown}: {problem}")
    return mol


def stars_of(mol: Chem.Mol) -> list[Chem.Atom]:
    """Return the dummy atoms of a molecule in the order of their indices."""
    return [mol.GetAtomWithIdx(index) for index in star_indices(mol)]


def star_indices(mol: Chem.Mol) -> list[int]:
    """Return the indices of the dummy atoms of a molecule, ascending."""
    return sorted(index for (index,) in mol.GetSubstructMatches(_STAR))


def spell(mol: Chem.Mol) -> str:
    """Return the canonical SMILES of a molecule with labelled stars, its stars written as plain `*`."""
    return str(Chem.MolToSmiles(mol)).replace("[1*]", "*").replace("[2*]", "*")


_BONDS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC)


def _shown(text: object) -> str:
    # Long texts are truncated before `repr`, whose cost grows with their length.
    shown = repr(text[:200] if isinstance(text, str) else text)
    return shown if len(shown) <= 120 else shown[:117] + "..."


def _reads(text: str) -> bool:
    return bool(text) and _parse(text) is not None


def _excess(text: str, mol: Chem.Mol | None) -> str | None:
    """Return the problem if a text or its molecule exceeds the size limits, else None."""
    if len(text) > MAX_CHARACTERS:
        return f"has {len(text)} characters, the limit is {MAX_CHARACTERS}; give one repeat unit, not a chain"
    if mol is not None and mol.GetNumHeavyAtoms() > MAX_ATOMS:
        return f"has {mol.GetNumHeavyAtoms()} heavy atoms, the limit is {MAX_ATOMS}; give one repeat unit, not a chain"
    return None


def _parse(text: str) -> Chem.Mol | None:
    # RDKit skips non-ASCII characters, including look-alikes of the asterisk.
    if " " in text or not text.isascii() or not text.isprintable():
        return None
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(text, sanitize=False)


def _check_stars(mol: Chem.Mol, shown: str) -> Chem.Mol:
    """Check the stars and return the molecule, its backbone cut at a single bond."""
    stars = stars_of(mol)
    if (n := len(stars)) != 2:
        raise InvalidRepeatUnit(
            f"pSMILES {shown} has {n} star{'' if n == 1 else 's'}; a repeat unit has exactly two, where it joins its neighbours"
        )
    if len(Chem.GetMolFrags(mol)) != 1:
        raise InvalidRepeatUnit(
            f"pSMILES {shown} has several fragments; give a single fragment, without salts or solvents"
        )
    for star in stars:
        if star.GetDegree() != 1:
            raise InvalidRepeatUnit(
                f"pSMILES {shown} has a star with {star.GetDegree()} bonds; each star must have exactly one"
            )
        if star.GetFormalCharge() or star.GetNumExplicitHs():
            raise InvalidRepeatUnit(f"pSMILES {shown} has a star with a charge or hydrogens; write it as plain *")
        neighbour = star.GetNeighbors()[0]
        if neighbour.GetAtomicNum() <= 1:
            raise InvalidRepeatUnit(
                f"pSMILES {shown} has a star that is not bound to a heavy atom; bind it to the backbone"
            )
    orders = [star.GetBonds()[0].GetBondType() for star in stars]
    if orders[0] != orders[1]:
        raise InvalidRepeatUnit(
            f"pSMILES {shown} has stars in bonds of different order, but both stand for the same bond of the chain; write the same order"
        )
    return mol if orders[0] == _SINGLE else _cut_at_single_bond(mol, shown)


def _cut_at_single_bond(mol: Chem.Mol, shown: str) -> Chem.Mol:
    """Return the same chain, cut at the first acyclic single bond of its backbone instead of at a multiple bond.

    `*=CC=*` and `*C=C*` are the same chain: the bonds of both stars represent the bond between two units.
    """
    head, tail = star_indices(mol)
    path = list(Chem.GetShortestPath(mol, head, tail))
    first, last = path[1], path[-2]
    order = mol.GetBondBetweenAtoms(head, first).GetBondType()
    Chem.FastFindRings(mol)
    bonds = ((one, other, mol.GetBondBetweenAtoms(one, other)) for one, other in pairwise(path[1:-1]))
    cut = next(((one, other) for one, other, b in bonds if b.GetBondType() == _SINGLE and not b.IsInRing()), None)
    if cut is None:
        raise InvalidRepeatUnit(
            f"pSMILES {shown} has stars in multiple bonds, and its backbone has no acyclic single bond to cut instead; "
            "such chains are not supported"
        )
    if all(any(b.GetBondDir() for b in mol.GetAtomWithIdx(end).GetBonds()) for end in (first, last)):
        raise InvalidRepeatUnit(
            f"pSMILES {shown} has cis/trans marks next to stars in double bonds, which are ambiguous; "
            "cut the backbone at a single bond"
        )
    left, right = cut
    unit = Chem.RWMol(mol)
    for one, other in ((head, first), (last, tail), (left, right)):
        unit.RemoveBond(one, other)
    unit.AddBond(last, first, order)
    for star, end in ((head, right), (tail, left)):
        unit.AddBond(star, end, _SINGLE)
    return unit.GetMol()


def _checked(mol: Chem.Mol, named: str, elements: frozenset[str] | None, error: type[MDCoreError]) -> Chem.Mol:
    """Sanitise, drop explicit hydrogens and check charge, radicals and elements; raise `error` with a message that starts with `named`."""
    problem = _sanitise(mol)
    if problem:
        raise error(f"{named} is chemically impossible ({problem}); correct the valences or aromaticity")
    problem = _bond_problem(mol) or drop_common_labels(mol)
    if problem:
        raise error(f"{named} {problem}")
    if mol.HasSubstructMatch(_HYDROGEN):
        with rdBase.BlockLogs():
            mol = Chem.RemoveHs(mol)
    problem = _composition_problem(mol, elements)
    if problem:
        raise error(f"{named} {problem}")
    return mol


def _sanitise(mol: Chem.Mol) -> str | None:
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(mol)
        except (Chem.MolSanitizeException, ValueError) as error:
            return str(error).strip().splitlines()[0].rstrip(".")
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return None


def _bond_problem(mol: Chem.Mol) -> str | None:
    """Return the problem with bonds that pass sanitisation but cannot be part of a chain: `C:C`, `C~C`, `N->B`."""
    for bond in mol.GetBonds():
        kind = bond.GetBondType()
        if kind == Chem.BondType.AROMATIC and not bond.IsInRing():
            return "has an aromatic bond outside of rings; write it as a single or double bond"
        if kind not in _BONDS:
            return f"has a bond of type {kind.name.lower()}; write it as a single, double, triple or aromatic bond"
    return None


def _composition_problem(mol: Chem.Mol, elements: frozenset[str] | None) -> str | None:
    charge = Chem.GetFormalCharge(mol)
    if charge:
        return f"has the net charge {charge:+d}; write the neutral form"
    reactive = [mol.GetAtomWithIdx(index) for (index,) in mol.GetSubstructMatches(_RADICAL)]
    radicals = sum(atom.GetNumRadicalElectrons() for atom in reactive if atom.GetAtomicNum() > 0)
    if radicals:
        return f"has {radicals} unpaired electrons; add the missing hydrogens or bonds"
    if elements is not None:
        found = {atom.GetSymbol() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 0} | {"H"}
        foreign = sorted(found - elements - {"H"})
        if foreign:
            return (
                f"contains {', '.join(foreign)}, not covered by the force field; use only {', '.join(sorted(elements))}"
            )
    return None
