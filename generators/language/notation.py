"""Conversion between repeat units and tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import rdqueries

from generators.errors import InexpressibleUnit
from generators.language.vocabulary import Kind, Vocabulary
from mdcore.chem import RepeatUnit
from mdcore.chem.notation import star_indices

PADDING = -1
"""Padding after the closing star in arrays of tokens."""

TokenArray = NDArray[np.int8]

_GROUPS = tuple(
    (name, Chem.MolFromSmarts(smarts), placeholder)
    for name, smarts, placeholder in (
        ("<SO2>", "[SX4;+0](=[OX1])=[OX1]", 84),
        ("<SO>", "[SX3;+0]=[OX1]", 52),
        ("<PO>", "[PX4;+0]=[OX1]", 83),
        ("<NO2>", "[NX3;+1](=[OX1])[OX1;-1]", 85),
    )
)
_PLACEHOLDER_NAMES = {number: name for (name, _, number) in _GROUPS}
_SYMBOLS = {**{n: Chem.GetPeriodicTable().GetElementSymbol(n) for n in range(1, 100)}, **_PLACEHOLDER_NAMES, 0: "*"}
_ORDERS = {Chem.BondType.SINGLE: 1, Chem.BondType.DOUBLE: 2, Chem.BondType.TRIPLE: 3}
_FOREIGN = Chem.MolFromSmarts("[!+0,$([#15;!v3]),$([#16;!v2;!v1;!v0]),$([#17,#35,#53;!v1;!v0])]")
"""Charges, and valences above those of the tokens."""
_RADICAL = Chem.RWMol()
_RADICAL.AddAtom(rdqueries.NumRadicalElectronsGreaterQueryAtom(0))
_MARKS = {1: "", 2: "=", 3: "#"}


def encode(
    unit: RepeatUnit | str, vocabulary: Vocabulary, rng: np.random.Generator | None = None, *, reverse: bool = False
) -> list[int]:
    """Return the token ids of a repeat unit, from its head star to its tail star.

    A `RepeatUnit` is spelled from its canonical key, a text with its own cut. Stereochemistry is removed. Branches at an atom are
    sorted by size, with the one to the tail star last.

    Args:
        unit: The repeat unit.
        vocabulary: Tokens to use.
        rng: Random generator for a random spelling of the molecule; without it, the spelling is a function of the text.
        reverse: Start at the other star.

    Raises:
        InexpressibleUnit: The unit needs a token that the vocabulary lacks (charges, other elements or valences).
    """
    text = unit.key if isinstance(unit, RepeatUnit) else unit
    mol = _prepared(text)
    stars = star_indices(mol)
    if len(stars) != 2:
        raise InexpressibleUnit(f"pSMILES {text!r} has {len(stars)} stars; a repeat unit must have exactly two")
    swap = bool(rng.integers(2)) if rng is not None else reverse
    head, tail = reversed(stars) if swap else stars
    children = _tree(mol, head, tail, rng)
    names = _write(mol, head, children, text)
    ids = vocabulary.ids
    try:
        return [ids[name] for name in names]
    except KeyError as error:
        raise InexpressibleUnit(
            f"repeat unit {text!r} requires token {error}, which the grammar does not have; remove it"
        ) from None


def _prepared(text: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text)
    if mol is None:
        raise InexpressibleUnit(f"pSMILES {text!r} is not a valid SMILES; give valid repeat units")
    if "@" in text or "/" in text or "\\" in text:
        Chem.RemoveStereochemistry(mol)
    if "S" in text or "P" in text or "+" in text:
        mol = _with_placeholders(mol)
    if mol.HasSubstructMatch(_FOREIGN) or mol.HasSubstructMatch(_RADICAL):
        raise InexpressibleUnit(
            f"repeat unit {text!r} has a charge, radical or valence that the grammar cannot express; remove it"
        )
    return mol


def _with_placeholders(mol: Chem.Mol) -> Chem.Mol:
    """Replace each group that is one token by a single placeholder atom."""
    editable: Chem.RWMol | None = None
    removed: list[int] = []
    for _, pattern, placeholder in _GROUPS:
        for match in mol.GetSubstructMatches(pattern):
            if any(index in removed for index in match):
                continue
            editable = editable if editable is not None else Chem.RWMol(mol)
            editable.ReplaceAtom(match[0], Chem.Atom(placeholder))
            removed.extend(match[1:])
    if editable is None:
        return mol
    for index in sorted(removed, reverse=True):
        editable.RemoveAtom(index)
    return editable


def _tree(mol: Chem.Mol, head: int, tail: int, rng: np.random.Generator | None) -> list[list[int]]:
    """Return the children of each atom in a depth-first tree from the head, in the order in which they are written."""
    n = mol.GetNumAtoms()
    neighbours: list[list[int]] = [[] for _ in range(n)]
    for bond in _bonds(mol):
        a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        neighbours[a].append(b)
        neighbours[b].append(a)
    if rng is not None:
        for row in neighbours:
            rng.shuffle(row)
    children: list[list[int]] = [[] for _ in range(n)]
    parent = [-2] * n
    parent[head] = -1
    preorder: list[int] = []
    pending = [(head, -1)]
    seen = [False] * n
    while pending:
        atom, origin = pending.pop()
        if seen[atom]:
            continue
        seen[atom] = True
        parent[atom] = origin
        preorder.append(atom)
        pending.extend((other, atom) for other in reversed(neighbours[atom]) if not seen[other])
    size = [1] * n
    for atom in reversed(preorder[1:]):
        size[parent[atom]] += size[atom]
        children[parent[atom]].append(atom)
    on_path = tail
    while on_path != head:
        size[on_path] = n + 1
        on_path = parent[on_path]
    for row in children:
        row.reverse()
        if rng is None:
            row.sort(key=size.__getitem__)
        else:
            row.sort(key=lambda atom: size[atom] > n)
    return children


def _write(mol: Chem.Mol, head: int, children: list[list[int]], text: str) -> list[str]:
    order: list[int] = []
    pending = [head]
    while pending:
        atom = pending.pop()
        order.append(atom)
        pending.extend(reversed(children[atom]))
    # Kekulised in the order of writing, equal environments have their double bonds at equal positions.
    mol = Chem.RenumberAtoms(mol, order)
    Chem.Kekulize(mol, clearAromaticFlags=True)
    place = {atom: i for i, atom in enumerate(order)}
    n = len(order)
    parent = [-1] * n
    for atom, row in enumerate(children):
        for child in row:
            parent[place[child]] = place[atom]
    mark = [""] * n
    openings: list[list[int]] = [[] for _ in range(n)]
    closures: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for bond in _bonds(mol):
        a, b = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if a > b:
            a, b = b, a
        bond_order = _ORDERS.get(bond.GetBondType(), 0)
        if not bond_order:
            raise InexpressibleUnit(f"repeat unit {text!r} has a bond that the grammar cannot express; remove it")
        if parent[b] == a:
            mark[b] = _MARKS[bond_order]
        else:
            openings[a].append(bond_order)
            closures[b].append((a, bond_order))
    symbols = [_SYMBOLS[mol.GetAtomWithIdx(i).GetAtomicNum()] for i in range(n)]
    written = [[place[child] for child in children[atom]] for atom in order]
    names: list[str] = []
    stack: list[tuple[int, int]] = []
    todo: list[Any] = [written[0][0]]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            names.append(item)
            continue
        names.append(mark[item] + symbols[item])
        if closures[item] or openings[item]:
            _write_rings(item, closures[item], openings[item], stack, names)
        row = written[item]
        if row:
            todo.append(row[-1])
            for child in reversed(row[:-1]):
                todo += [")", child, "("]
    return names


def _bonds(mol: Chem.Mol) -> list[Chem.Bond]:
    """Return the bonds by index, which takes a third of the time of RDKit's iterator."""
    return [mol.GetBondWithIdx(i) for i in range(mol.GetNumBonds())]


def _write_rings(
    atom: int, closures: list[tuple[int, int]], openings: list[int], stack: list[tuple[int, int]], names: list[str]
) -> None:
    """Write the ring bonds of one atom in the grammar's order: closures from the top of the stack down, then openings."""
    places: list[int] = []
    for ring in closures:
        places.append(max(i for i, open_ring in enumerate(stack) if open_ring == ring and i not in places))
    for place in sorted(places, reverse=True):
        names.append(f"%{len(stack) - 1 - place}")
        del stack[place]
    for bond_order in sorted(openings):
        stack.append((atom, bond_order))
        names.append("&" + _MARKS[bond_order])


def pad(rows: Sequence[Sequence[int]], width: int | None = None) -> TokenArray:
    """Return rows of token ids as one array of shape (n, width), filled with `PADDING`."""
    width = max((len(row) for row in rows), default=0) if width is None else width
    array = np.full((len(rows), width), PADDING, dtype=np.int8)
    for i, row in enumerate(rows):
        array[i, : len(row)] = row
    return array


def decode(row: Sequence[int] | TokenArray, vocabulary: Vocabulary) -> str:
    """Return the pSMILES of a finished row of token ids."""
    tokens = vocabulary.tokens
    text = ["*"]
    suffix = ""
    stack: list[str] = []
    in_use: set[str] = set()
    released: list[str] = []
    for identifier in row:
        token = tokens[int(identifier)]
        kind = token.kind
        if kind == Kind.RING_OPEN:
            digit = next(d for d in _DIGITS if d not in in_use)
            in_use.add(digit)
            stack.append(digit)
            text.append(_MARKS[token.bond] + digit)
        elif kind == Kind.RING_CLOSE:
            digit = stack.pop(len(stack) - 1 - token.rank)
            text.append(digit)
            # The digit may be reused only after this atom.
            released.append(digit)
        else:
            if suffix:
                text.append(suffix)
                suffix = ""
            if released:
                in_use.difference_update(released)
                released = []
            if kind == Kind.ATOM:
                text.append(_MARKS[token.bond] + token.symbol)
                suffix = token.suffix
            elif kind == Kind.STAR:
                text.append("*")
                break
            else:
                text.append("(" if kind == Kind.BRANCH_OPEN else ")")
    return "".join(text)


_DIGITS = tuple(str(i) for i in range(1, 10)) + tuple(f"%{i}" for i in range(10, 30))
