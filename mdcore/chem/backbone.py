"""The backbone of a repeat unit as a cyclic word of links, and the canonical key that follows from it.

The backbone is the path between the two stars of a repeat unit. The infinite chain could equally be cut at any acyclic single bond
of this path. Cutting all of these bonds turns the unit into a sequence of *links*, each written as a canonical SMILES with a labelled
entry (1) and exit (2). The infinite chain is the cyclic word of these links; the canonical unit is its smallest period, in the
rotation and direction whose word sorts first. The key is therefore invariant to atom order, to the position of the cut, to
direction, and to the number of periods written (`*CC*` and `*C*` are the same infinite chain and have the same key).
Tetrahedral and double-bond stereo are kept.
"""

from functools import lru_cache
from itertools import pairwise

from rdkit import Chem, rdBase

from mdcore.chem.notation import HEAD, TAIL, spell, star_indices, stars_of

Word = tuple[str, ...]
Cut = tuple[int, int]


def star_path(mol: Chem.Mol) -> list[int]:
    """Return the atom indices from the head star to the tail star along the shortest path, stars included."""
    head, tail = sorted(star_indices(mol), key=lambda index: mol.GetAtomWithIdx(index).GetIsotope())
    return list(Chem.GetShortestPath(mol, head, tail))


def canonical_unit(mol: Chem.Mol) -> tuple[str, Chem.Mol]:
    """Reduce a repeat unit to its canonical form.

    Args:
        mol: Repeat unit with stars labelled `HEAD` and `TAIL`.

    Returns:
        The key, itself a pSMILES, and the corresponding molecule with labelled stars.
    """
    path = star_path(mol)
    cuts = _cuts(mol, path)
    forward = _word(mol, path, cuts)
    backward = tuple(_swapped(link) for link in reversed(forward))
    turns, swap = min(
        ((turn, swap) for swap in (False, True) for turn in range(len(forward))),
        key=lambda place: _rotated(backward if place[1] else forward, place[0]),
    )
    word = _rotated(backward if swap else forward, turns)
    period = _period(word)
    stereo = any(mark in link for link in word for mark in "@/\\")
    if period < len(word) or len(word) == 1 or stereo:
        unit = _join(word[:period])
        return spell(unit), unit
    # The first link is entered through the cut before it or, in the reverse direction, through the cut after it.
    seam = (-turns if swap else turns) % len(word)
    unit = _recut(mol, path, cuts[seam - 1] if seam else None, swap)
    return spell(unit), unit


def _cuts(mol: Chem.Mol, path: list[int]) -> list[Cut]:
    """Return the atoms on both sides of each acyclic single bond of the backbone, head to tail."""
    cuts = []
    for left, right in pairwise(path[1:-1]):
        bond = mol.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            cuts.append((left, right))
    return cuts


def _word(mol: Chem.Mol, path: list[int], cuts: list[Cut]) -> Word:
    if not cuts:
        return (Chem.MolToSmiles(mol),)
    bonds = [mol.GetBondBetweenAtoms(left, right) for left, right in cuts]
    # RDKit gives the first label to the dummy at the bond's end atom, the second to the one at its begin atom.
    labels = [
        (HEAD, TAIL) if bond.GetBeginAtomIdx() == left else (TAIL, HEAD)
        for bond, (left, _) in zip(bonds, cuts, strict=True)
    ]
    pieces = Chem.FragmentOnBonds(mol, [bond.GetIdx() for bond in bonds], dummyLabels=labels)
    # All links are written in one call; the atom order of the output identifies each link.
    texts = Chem.MolToSmiles(pieces).split(".")
    written = pieces.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"]
    members = Chem.GetMolFrags(pieces)
    link_of = {atom: number for number, atoms in enumerate(members) for atom in atoms}
    spelled: dict[int, str] = {}
    begin = 0
    for text in texts:
        number = link_of[written[begin]]
        spelled[number] = text
        begin += len(members[number])
    return tuple(spelled[number] for number in dict.fromkeys(link_of[atom] for atom in path[1:-1]))


def _recut(mol: Chem.Mol, path: list[int], cut: Cut | None, swap: bool) -> Chem.Mol:
    """Return the same chain cut at another bond (None: unchanged), optionally with reversed direction."""
    if cut is None and not swap:
        return mol
    unit = Chem.RWMol(mol)
    head, first, last, tail = path[0], path[1], path[-2], path[-1]
    if cut is not None:
        left, right = cut
        for one, other in ((head, first), (last, tail), (left, right)):
            unit.RemoveBond(one, other)
        for one, other in ((last, first), (head, right), (left, tail)):
            unit.AddBond(one, other, Chem.BondType.SINGLE)
        Chem.FastFindRings(unit)
    if swap:
        unit.GetAtomWithIdx(head).SetIsotope(TAIL)
        unit.GetAtomWithIdx(tail).SetIsotope(HEAD)
    return unit


@lru_cache(maxsize=16384)
def _read_link(link: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(link)
    if mol is None:
        raise ValueError(f"link {link!r} of a repeat unit cannot be read back")
    return mol


@lru_cache(maxsize=65536)
def _swapped(link: str) -> str:
    mol = Chem.Mol(_read_link(link))
    for star in stars_of(mol):
        star.SetIsotope(TAIL if star.GetIsotope() == HEAD else HEAD)
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return str(Chem.MolToSmiles(mol))


def _rotated(word: Word, turns: int) -> Word:
    return word[turns:] + word[:turns]


def _period(word: Word) -> int:
    length = len(word)
    return next(p for p in range(1, length + 1) if length % p == 0 and word[p:] + word[:p] == word)


def _join(word: Word) -> Chem.Mol:
    if len(word) == 1:
        return _read_link(word[0])
    joined: Chem.Mol | None = None
    for position, link in enumerate(word):
        mol = Chem.Mol(_read_link(link))
        for star in stars_of(mol):
            seam = position if star.GetIsotope() == HEAD else position + 1
            if 0 < seam < len(word):
                star.SetAtomMapNum(seam)
                star.SetIsotope(0)
        joined = mol if joined is None else Chem.CombineMols(joined, mol)
    parameters = Chem.MolzipParams()
    parameters.label = Chem.MolzipLabel.AtomMapNumber
    with rdBase.BlockLogs():
        unit = Chem.molzip(joined, parameters)
        Chem.SanitizeMol(unit)
        Chem.AssignStereochemistry(unit, cleanIt=True, force=True)
    return unit
