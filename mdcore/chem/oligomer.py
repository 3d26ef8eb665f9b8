"""Finite chains: repeat units joined head to tail between two end groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase

from mdcore.chem.notation import HEAD, TAIL

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


@dataclass(frozen=True)
class _Part:
    """Data of a unit or end group needed for joining, computed once for all copies."""

    atoms: tuple[tuple[int, Chem.Atom], ...]
    bonds: tuple[tuple[int, int, Chem.BondType], ...]
    anchors: dict[int, int]
    stars: dict[int, int]
    chiral: tuple[tuple[int, Chem.ChiralType, tuple[int, ...]], ...]
    stereo: tuple[tuple[int, int, int, int, Chem.BondStereo], ...]

    @classmethod
    def read(cls, mol: Chem.Mol) -> "_Part":
        atoms = list(mol.GetAtoms())
        bonds = list(mol.GetBonds())
        stars = {atom.GetIsotope(): atom.GetIdx() for atom in atoms if atom.GetAtomicNum() == 0}
        labels = {index: label for label, index in stars.items()}
        return cls(
            atoms=tuple((atom.GetIdx(), atom) for atom in atoms if atom.GetIdx() not in labels),
            bonds=tuple(
                (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), bond.GetBondType())
                for bond in bonds
                if bond.GetBeginAtomIdx() not in labels and bond.GetEndAtomIdx() not in labels
            ),
            anchors={label: mol.GetAtomWithIdx(index).GetNeighbors()[0].GetIdx() for label, index in stars.items()},
            stars=labels,
            chiral=tuple(
                (
                    atom.GetIdx(),
                    atom.GetChiralTag(),
                    tuple(bond.GetOtherAtomIdx(atom.GetIdx()) for bond in atom.GetBonds()),
                )
                for atom in atoms
                if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED
            ),
            stereo=tuple(
                (bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), sides[0], sides[1], _STEREO[bond.GetStereo()])
                for bond in bonds
                if bond.GetStereo() in _STEREO and len(sides := list(bond.GetStereoAtoms())) == 2
            ),
        )

    def anchor(self, label: int) -> int:
        """The atom that carries the star of a label; an end group has one star, whatever its label."""
        return self.anchors[label] if len(self.anchors) > 1 else next(iter(self.anchors.values()))


def join_units(units: Sequence[Chem.Mol], head_group: Chem.Mol, tail_group: Chem.Mol) -> Chain:
    """Join repeat units head to tail and cap the ends.

    Chiral tags are adjusted for the parity of each atom's new neighbour order, so that stereochemistry is preserved.

    Args:
        units: Molecules with stars labelled `HEAD` and `TAIL`, first to last.
        head_group: Molecule with one star, bound to the head of the first unit.
        tail_group: Molecule with one star, bound to the tail of the last unit.

    Raises:
        ValueError: No units were given.
    """
    if not units:
        raise ValueError("a chain needs at least 1 repeat unit, got 0")
    different = {id(mol): mol for mol in (head_group, *units, tail_group)}
    known = {identity: _Part.read(mol) for identity, mol in different.items()}
    parts = [known[id(mol)] for mol in (head_group, *units, tail_group)]
    # End groups come last, so that removing hydrogens does not shift the indices of the units.
    order = [*range(1, len(parts) - 1), 0, len(parts) - 1]
    editable = Chem.RWMol()
    index: list[dict[int, int]] = [{} for _ in parts]
    residues: list[int] = []
    unit_atoms: list[int] = []
    for part in order:
        for own, atom in parts[part].atoms:
            index[part][own] = editable.AddAtom(atom)
            residues.append(part - 1)
            unit_atoms.append(own)
    for part in order:
        image = index[part]
        for begin, end, kind in parts[part].bonds:
            editable.AddBond(image[begin], image[end], kind)
    for part in range(len(parts) - 1):
        leaving, entering = index[part][parts[part].anchor(TAIL)], index[part + 1][parts[part + 1].anchor(HEAD)]
        editable.AddBond(leaving, entering, Chem.BondType.SINGLE)
    mol = editable.GetMol()
    for part, source in enumerate(parts):
        if source.chiral or source.stereo:
            image = {**index[part], **_outside(parts, part, index)}
            _copy_chirality(source, mol, image)
            _copy_double_bonds(source, mol, image)
    with rdBase.BlockLogs():
        Chem.SanitizeMol(mol)
        # Cis/trans stereo survives the stereo clean-up only as directions of the neighbouring bonds.
        Chem.SetDoubleBondNeighborDirections(mol)
        n_kept = mol.GetNumAtoms()
        trimmed = Chem.RemoveHs(mol)
        Chem.AssignStereochemistry(trimmed, cleanIt=True, force=True)
    if trimmed.GetNumAtoms() != n_kept:
        kept = [i for i, atom in enumerate(list(mol.GetAtoms())) if not _removable(atom)]
        residues = [residues[i] for i in kept]
        unit_atoms = [unit_atoms[i] for i in kept]
    return Chain(trimmed, tuple(residues), tuple(unit_atoms))


def _removable(atom: Chem.Atom) -> bool:
    return bool(atom.GetAtomicNum() == 1 and atom.GetIsotope() == 0 and atom.GetDegree() == 1)


def _outside(parts: Sequence[_Part], part: int, index: list[dict[int, int]]) -> dict[int, int]:
    """Map each star of a part to the atom of the neighbouring part that took its place."""
    outside: dict[int, int] = {}
    for star, label in parts[part].stars.items():
        follows = part == 0 or (part < len(parts) - 1 and label == TAIL)
        neighbour = part + 1 if follows else part - 1
        outside[star] = index[neighbour][parts[neighbour].anchor(HEAD if follows else TAIL)]
    return outside


def _copy_chirality(source: _Part, mol: Chem.Mol, image: dict[int, int]) -> None:
    for own, tag, neighbours in source.chiral:
        target = mol.GetAtomWithIdx(image[own])
        found = [bond.GetOtherAtomIdx(target.GetIdx()) for bond in target.GetBonds()]
        target.SetChiralTag(tag)
        if _odd([found.index(image[i]) for i in neighbours]):
            target.InvertChirality()


def _odd(permutation: list[int]) -> bool:
    inversions = sum(
        permutation[i] > permutation[j] for i in range(len(permutation)) for j in range(i + 1, len(permutation))
    )
    return inversions % 2 == 1


def _copy_double_bonds(source: _Part, mol: Chem.Mol, image: dict[int, int]) -> None:
    for begin, end, first, second, stereo in source.stereo:
        target = mol.GetBondBetweenAtoms(image[begin], image[end])
        ends = (image[first], image[second])
        target.SetStereoAtoms(*(ends if target.GetBeginAtomIdx() == image[begin] else ends[::-1]))
        target.SetStereo(stereo)
