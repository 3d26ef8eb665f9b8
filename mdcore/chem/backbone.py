"""The backbone of a repeat unit as a cyclic word of links, and the canonical key that follows from it.

The stars of a repeat unit are joined by a path. Every bond of that path that is single and in no ring is a place where the
infinite chain could have been cut instead. Cutting at all of them at once turns the unit into a sequence of *links*, each
spelled by a canonical SMILES with a labelled entry (1) and exit (2). The infinite chain is the cyclic word of these
spellings; the canonical unit is its smallest period, in the rotation and direction whose word sorts first. The key is thus
invariant to atom order, to where the backbone was cut, to direction, and to how many periods were written down
(`*CC*` and `*C*` are one infinite chain and have one key). Tetrahedral and double-bond stereo are kept.
"""

from functools import lru_cache
from itertools import pairwise

from rdkit import Chem, rdBase

from mdcore.chem.notation import HEAD, TAIL, spell, stars_of

Word = tuple[str, ...]


def star_path(mol: Chem.Mol) -> list[int]:
    """Return the atom indices from the head star to the tail star along the shortest path, stars included."""
    head, tail = sorted(stars_of(mol), key=lambda atom: atom.GetIsotope())
    return list(Chem.GetShortestPath(mol, head.GetIdx(), tail.GetIdx()))


def canonical_unit(mol: Chem.Mol) -> tuple[str, Chem.Mol]:
    """Reduce a repeat unit to its canonical form.

    Args:
        mol: Repeat unit with stars labelled `HEAD` and `TAIL`.

    Returns:
        The key, itself a pSMILES, and the molecule it spells with labelled stars.
    """
    forward = _word(mol)
    backward = tuple(_swapped(link) for link in reversed(forward))
    word = min(_least_rotation(forward), _least_rotation(backward))
    unit = _join(word[: _period(word)])
    return spell(unit), unit


def _word(mol: Chem.Mol) -> Word:
    path = star_path(mol)
    cuts: list[int] = []
    labels: list[tuple[int, int]] = []
    for left, right in pairwise(path[1:-1]):
        bond = mol.GetBondBetweenAtoms(left, right)
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing():
            cuts.append(bond.GetIdx())
            # RDKit gives the first label to the dummy at the bond's end atom, the second to the one at its begin atom.
            labels.append((HEAD, TAIL) if bond.GetBeginAtomIdx() == left else (TAIL, HEAD))
    if not cuts:
        return (Chem.MolToSmiles(mol),)
    pieces = Chem.FragmentOnBonds(mol, cuts, dummyLabels=labels)
    members: list[tuple[int, ...]] = []
    fragments = Chem.GetMolFrags(pieces, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=members)
    place = {atom: position for position, atom in enumerate(path)}
    order = sorted(
        range(len(fragments)),
        key=lambda i: min((place[atom] for atom in members[i] if 0 < place.get(atom, 0) < len(path) - 1), default=0),
    )
    return tuple(Chem.MolToSmiles(fragments[i]) for i in order)


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


def _least_rotation(word: Word) -> Word:
    return min(word[i:] + word[:i] for i in range(len(word)))


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
