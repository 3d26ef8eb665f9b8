"""Q and e of vinyl monomers (Alfrey and Price 1947, doi 10.1002/pol.1947.120020112): tabulated or estimated."""

import csv
import math
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from generators.lists import built_in

_RIDGE = 0.1
"""Ridge parameter of the substituent contributions, which prevents overfitting of rare substituents."""


@dataclass(frozen=True)
class QE:
    """Resonance and polarity of a vinyl monomer.

    Attributes:
        q: Resonance stabilisation of its radical, 1 for styrene.
        e: Polarity of its double bond, -0.8 for styrene; negative for donors.
        tabulated: Whether they are tabulated rather than estimated.
    """

    q: float
    e: float
    tabulated: bool


@lru_cache(maxsize=4096)
def qe(smiles: str) -> QE:
    """Return Q and e of a vinyl monomer: tabulated, those of a tabulated homologue, or estimated from its substituents.

    Alkyl groups beyond an oxygen or a carboxyl have little influence on the double bond: alkyl esters have the values of the methyl
    ester, ethers those of the ethyl ether, and vinyl esters of alkanoic acids those of vinyl acetate.

    The estimate is a sum of contributions to e and to the logarithm of Q, fitted by ridge regression to the tabulated monomers;
    substituents of aromatic rings contribute through their Hammett constants. In leave-one-out validation,
    half of the tabulated e are reproduced within 0.3.

    Raises:
        ValueError: The molecule has no polymerisable double bond.
    """
    mol = flat_molecule(smiles)
    tabulated = _table().get(_canonical(smiles))
    if tabulated is not None:
        return tabulated
    relative = _relative(mol)
    if relative is not None:
        return QE(relative.q, relative.e, tabulated=False)
    log_q, e = substituents(mol) @ _contributions()
    return QE(math.exp(log_q), float(e), tabulated=False)


_TAILS = tuple(
    (Chem.MolFromSmarts(smarts), carbons)
    for smarts, carbons in (
        ("[CX3]=[CX3]-[CX3](=[OX1])-[OX2]-!@[CX4]", 1),
        ("[CX3]=[CX3]-[OX2]-!@[CX4;!$(C(F)F)]", 2),
        ("[CX3]=[CX3]-[OX2]-[CX3](=[OX1])-!@[CX4;!$(C(F)F)]", 1),
    )
)
"""Double bonds with an alkyl tail, whose last bond is cut, and the number of carbons that replace the tail."""


def _relative(mol: Chem.Mol) -> QE | None:
    """Return Q and e of the tabulated monomer with a shorter alkyl tail, or None."""
    for pattern, carbons in _TAILS:
        match = mol.GetSubstructMatch(pattern)
        if match:
            cut = Chem.RWMol(mol)
            tail = match[-1]
            last = next(atom.GetIdx() for atom in mol.GetAtomWithIdx(tail).GetNeighbors() if atom.GetIdx() in match)
            cut.RemoveBond(last, tail)
            for _ in range(carbons):
                new = cut.AddAtom(Chem.Atom(6))
                cut.AddBond(last, new, Chem.BondType.SINGLE)
                last = new
            Chem.SanitizeMol(cut)
            for text in str(Chem.MolToSmiles(cut)).split("."):
                found = _table().get(text)
                if found is not None:
                    return found
    return None


def flat_molecule(smiles: str) -> Chem.Mol:
    """Return the molecule of a SMILES without stereochemistry."""
    mol = Chem.MolFromSmiles(smiles)
    Chem.RemoveStereochemistry(mol)
    return mol


def _canonical(smiles: str) -> str:
    return str(Chem.MolToSmiles(flat_molecule(smiles)))


@cache
def _table() -> dict[str, QE]:
    rows = csv.DictReader(built_in("q_e.csv").splitlines())
    return {_canonical(row["smiles"]): QE(float(row["q"]), float(row["e"]), tabulated=True) for row in rows}


@cache
def _contributions() -> NDArray[np.float64]:
    """Contributions of the substituents to ln Q and e, shape (number of kinds + 1, 2)."""
    table = _table()
    return fit_contributions(list(table), [table[smiles] for smiles in table])


def fit_contributions(smiles: list[str], values: list[QE]) -> NDArray[np.float64]:
    """Fit the contributions of substituents to ln Q and e of some monomers, shape (number of kinds + 1, 2)."""
    x = np.array([substituents(Chem.MolFromSmiles(text)) for text in smiles])
    y = np.array([[math.log(value.q), value.e] for value in values])
    penalty = _RIDGE * np.eye(x.shape[1])
    penalty[0, 0] = 0.0
    return np.asarray(np.linalg.solve(x.T @ x + penalty, x.T @ y))


_BONDS = tuple(
    Chem.MolFromSmarts(smarts)
    for smarts in (
        "[CX3;H2]=[CX3]",
        "[CX3;$(C(F)[F,Cl])]=[CX3]",
        "[CX3;R]=[CX3;R]",
        "[CX3]=[CX3]",
    )
)

_KINDS = tuple(
    Chem.MolFromSmarts(f"[$([*;{smarts}])]")
    for smarts in (
        "CX4;!$(C(F)(F))",
        "CX4;$(C(F)(F))",
        "c",
        "CX3;$(C=C)",
        "CX3;$(C(=[OX1])[OX2;H1])",
        "CX3;$(C(=[OX1])[OX2;!R][#6])",
        "CX3;$(C(=[OX1])[NX3;!R])",
        "CX3;R;$(C(=[OX1])[O,N;R])",
        "CX3;$(C(=[OX1])[#6]),$([CH]=[OX1])",
        "CX2;$(C#N)",
        "OX2;!$(O-[CX3]=O)",
        "OX2;$(O-[CX3]=O)",
        "Cl,Br",
        "F",
        "NX3,n",
        "SX2",
        "SX4",
    )
)
"""Kinds of substituents, identified by their first atom."""

_RING_SIGMA = (
    ("[OX2;H0,H1]", -0.27),
    ("[CX4;!$(C(F)F)]", -0.17),
    ("[Cl,Br]", 0.23),
    ("F", 0.06),
    ("[CX4;$(C(F)F)]", 0.54),
    ("[CX3]=O", 0.45),
    ("[CX2]#N", 0.66),
    ("[N+](=O)[O-]", 0.78),
    ("[NX3;H0,H1,H2]", -0.66),
)
"""Hammett constants of substituents in para position (Hansch, Leo and Taft 1991, doi 10.1021/cr00002a004)."""

_PYRIDINE_SIGMA = 0.9
"""Hammett constant of a ring nitrogen in place of CH (Jaffe 1953)."""


def substituents(mol: Chem.Mol) -> NDArray[np.float64]:
    """Return the regressors: one, the number of substituents of each kind on the double bond, and the Hammett sum of its rings."""
    match = next((found for pattern in _BONDS if (found := mol.GetSubstructMatch(pattern))), None)
    if match is None:
        raise ValueError(f"{Chem.MolToSmiles(mol)} has no polymerisable double bond; give a vinyl monomer")
    neighbours = [
        neighbour.GetIdx()
        for index in match
        for neighbour in mol.GetAtomWithIdx(index).GetNeighbors()
        if neighbour.GetIdx() not in match
    ]
    counts = [sum(index in {m[0] for m in mol.GetSubstructMatches(kind)} for index in neighbours) for kind in _KINDS]
    sigma = sum(_ring_sigma(mol, index, match) for index in neighbours if mol.GetAtomWithIdx(index).GetSymbol() == "C")
    return np.array([1.0, *counts, sigma])


def _ring_sigma(mol: Chem.Mol, attached: int, bond: tuple[int, ...]) -> float:
    ring = next((r for r in mol.GetRingInfo().AtomRings() if attached in r), ())
    if not mol.GetAtomWithIdx(attached).GetIsAromatic() or len(ring) != 6:
        return 0.0
    total = 0.0
    for smarts, sigma in _RING_SIGMA:
        pattern = _on_ring(smarts)
        hits = {(m[0], m[1]) for m in mol.GetSubstructMatches(pattern)}
        total += sigma * sum(one in ring and other not in ring and other not in bond for one, other in hits)
    return total + _PYRIDINE_SIGMA * sum(mol.GetAtomWithIdx(i).GetAtomicNum() == 7 for i in ring)


@cache
def _on_ring(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(f"c-{smarts}")
