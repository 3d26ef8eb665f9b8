"""Finite chains: repeat units joined head to tail between two end groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase

from mdcore.chem.notation import HEAD, TAIL, stars_of

_STEREO = {
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOTRANS: Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOCIS: Chem.BondStereo.STEREOCIS,
}


@dataclass(frozen=True)
class Chain:
    """A finite chain.

    Attributes:
        mol: Sanitised molecule without explicit hydrogens (except where an end group has them as isotopes).
        residues: For each atom of `mol`, the index of its repeat unit; -1 for the head end group, `n_units` for the tail.
        unit_atoms: For each atom of `mol`, its index in its repeat unit's or end group's molecule.
    """

    mol: Chem.Mol
    residues: tuple[int, ...]
    unit_atoms: tuple[int, ...]


def join_units(units: Sequence[Chem.Mol], head_group: Chem.Mol, tail_group: Chem.Mol) -> Chain:
    """Join repeat units head to tail and cap the ends.

    Chiral tags are copied with the parity that each atom's new order of neighbours asks for, so stereo is kept exactly.

    Args:
        units: Molecules with stars labelled `HEAD` and `TAIL`, first to last.
        head_group: Molecule with one star, bound to the head of the first unit.
        tail_group: Molecule with one star, bound to the tail of the last unit.

    Raises:
        ValueError: No units were given.
    """
    if not units:
        raise ValueError("a chain of 0 repeat units has no atoms; ask for at least 1")
    parts = [head_group, *units, tail_group]
    editable = Chem.RWMol()
    index: list[dict[int, int]] = []
    residues: list[int] = []
    unit_atoms: list[int] = []
    order = [*range(1, len(parts) - 1), 0, len(parts) - 1]
    index = [{} for _ in parts]
    for part in order:
        for atom in parts[part].GetAtoms():
            if atom.GetAtomicNum() == 0:
                continue
            index[part][atom.GetIdx()] = editable.AddAtom(atom)
            residues.append(part - 1)
            unit_atoms.append(atom.GetIdx())
    for part in order:
        for bond in parts[part].GetBonds():
            begin, end = index[part].get(bond.GetBeginAtomIdx()), index[part].get(bond.GetEndAtomIdx())
            if begin is not None and end is not None:
                editable.AddBond(begin, end, bond.GetBondType())
    joints = [
        (_exit(parts[i], first=i == 0), _entry(parts[i + 1], last=i + 2 == len(parts))) for i in range(len(parts) - 1)
    ]
    for part, (leaving, entering) in enumerate(joints):
        editable.AddBond(index[part][leaving], index[part + 1][entering], Chem.BondType.SINGLE)
    mol = editable.GetMol()
    for part, source in enumerate(parts):
        outside = _outside(source, part, joints, index)
        _copy_chirality(source, mol, {**index[part], **outside})
        _copy_double_bonds(source, mol, {**index[part], **outside})
    with rdBase.BlockLogs():
        Chem.SanitizeMol(mol)
        # Cis/trans marks survive the clean-up of stereo only as directions of the neighbouring bonds.
        Chem.SetDoubleBondNeighborDirections(mol)
        n_kept = mol.GetNumAtoms()
        trimmed = Chem.RemoveHs(mol)
        Chem.AssignStereochemistry(trimmed, cleanIt=True, force=True)
    if trimmed.GetNumAtoms() != n_kept:
        kept = [i for i, atom in enumerate(mol.GetAtoms()) if not _removable(atom)]
        residues = [residues[i] for i in kept]
        unit_atoms = [unit_atoms[i] for i in kept]
    return Chain(trimmed, tuple(residues), tuple(unit_atoms))


def _removable(atom: Chem.Atom) -> bool:
    return bool(atom.GetAtomicNum() == 1 and atom.GetIsotope() == 0 and atom.GetDegree() == 1)


def _star(mol: Chem.Mol, label: int | None) -> Chem.Atom:
    return next(star for star in stars_of(mol) if label is None or star.GetIsotope() == label)


def _exit(part: Chem.Mol, *, first: bool) -> int:
    return int(_star(part, None if first else TAIL).GetNeighbors()[0].GetIdx())


def _entry(part: Chem.Mol, *, last: bool) -> int:
    return int(_star(part, None if last else HEAD).GetNeighbors()[0].GetIdx())


def _outside(source: Chem.Mol, part: int, joints: list[tuple[int, int]], index: list[dict[int, int]]) -> dict[int, int]:
    """Map each star of a part to the atom of the neighbouring part that took its place."""
    outside: dict[int, int] = {}
    for star in stars_of(source):
        follows = part == 0 or (part < len(joints) and star.GetIsotope() == TAIL)
        if follows:
            outside[star.GetIdx()] = index[part + 1][joints[part][1]]
        else:
            outside[star.GetIdx()] = index[part - 1][joints[part - 1][0]]
    return outside


def _copy_chirality(source: Chem.Mol, mol: Chem.Mol, image: dict[int, int]) -> None:
    for atom in source.GetAtoms():
        if atom.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED:
            continue
        target = mol.GetAtomWithIdx(image[atom.GetIdx()])
        wanted = [image[bond.GetOtherAtomIdx(atom.GetIdx())] for bond in atom.GetBonds()]
        found = [bond.GetOtherAtomIdx(target.GetIdx()) for bond in target.GetBonds()]
        target.SetChiralTag(atom.GetChiralTag())
        if _odd([found.index(i) for i in wanted]):
            target.InvertChirality()


def _odd(permutation: list[int]) -> bool:
    inversions = sum(
        permutation[i] > permutation[j] for i in range(len(permutation)) for j in range(i + 1, len(permutation))
    )
    return inversions % 2 == 1


def _copy_double_bonds(source: Chem.Mol, mol: Chem.Mol, image: dict[int, int]) -> None:
    for bond in source.GetBonds():
        stereo = _STEREO.get(bond.GetStereo())
        if stereo is None:
            continue
        target = mol.GetBondBetweenAtoms(image[bond.GetBeginAtomIdx()], image[bond.GetEndAtomIdx()])
        first, second = (image[i] for i in bond.GetStereoAtoms())
        if target.GetBeginAtomIdx() != image[bond.GetBeginAtomIdx()]:
            first, second = second, first
        target.SetStereoAtoms(first, second)
        target.SetStereo(stereo)
