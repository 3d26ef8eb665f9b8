"""What a candidate must satisfy before anything is computed for it."""

from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator
from rdkit import Chem

from generators.errors import InvalidFilter
from generators.synthesis import sa_score
from mdcore.chem import FORCE_FIELD_ELEMENTS, RepeatUnit

DEFAULT_FORBIDDEN = {
    "peroxide": "[OX2][OX2]",
    "three hetero atoms in a row": "[N,O,S;!a]-[N,O,S;!a]-[N,O,S;!a]",
    "allene or cumulene": "[CX2](=C)=C",
    "ketene": "[CX2](=C)=O",
    "enol": "[CX3]=[CX3][OX2H]",
    "enamine with hydrogen": "[CX3;!$(C=O)]=[CX3;!$(C=O)][NX3;H1,H2;!$(N-[C,S]=[O,S,N])]",
    "gem-diol": "[CX4]([OX2H])[OX2H]",
    "hemiaminal": "[CX4;!R]([OX2H])[NX3;!$(N-[C,S]=O)]",
    "acid halide": "[CX3](=O)[F,Cl,Br,I]",
    "halogen on nitrogen, oxygen, sulfur or phosphorus": "[F,Cl,Br,I]-[N,O,S,P]",
    "imine with hydrogen": "[CX3]=[NX2;H1]",
    "thioaldehyde or thioketone": "[CX3;H1,$(C([#6])[#6])]=[SX1]",
    "aldehyde": "[CX3;H1](=O)[#6]",
    "isocyanate": "N=C=[O,S]",
    "nitroso": "[NX2]=[OX1]",
    "alkyne in a small ring": "[C;r3,r4,r5,r6,r7]#[C]",
    "cumulated double bond in a small ring": "[C;r3,r4,r5,r6,r7](=*)=*",
    "thiol": "[SX2H]",
    "phosphine": "[PX3]",
    "phosphorus in a double bond to carbon, without force-field parameters": "[PX1,PX2]",
}
"""Motifs that make no stable polymer or none that can be made; names are for messages."""


class Filters(BaseModel):
    """Constraints on a repeat unit.

    Attributes:
        elements: Elements it may hold.
        min_heavy_atoms, max_heavy_atoms: Range of the number of heavy atoms.
        ring_sizes: Sizes that its rings may have.
        max_rings: Most rings.
        sa_score: Highest synthetic accessibility score, 1 (easy) to 10; None for no limit.
        forbidden: SMARTS of forbidden motifs by name; they are looked for in the chain, so across the joint too.
        allow_charges: Accept charged atoms, as in nitro groups. Radicals and net charges are never accepted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    elements: frozenset[str] = FORCE_FIELD_ELEMENTS
    min_heavy_atoms: Annotated[int, Field(ge=1)] = 1
    max_heavy_atoms: Annotated[int, Field(ge=1)] = 45
    ring_sizes: frozenset[int] = frozenset({3, 4, 5, 6, 7, 8})
    max_rings: Annotated[int, Field(ge=0)] = 8
    sa_score: Annotated[float, Field(gt=1.0, le=10.0)] | None = 5.0
    forbidden: dict[str, str] = Field(default_factory=lambda: dict(DEFAULT_FORBIDDEN))
    allow_charges: bool = True

    _patterns: tuple[tuple[str, Chem.Mol], ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _check(self) -> "Filters":
        if self.min_heavy_atoms > self.max_heavy_atoms:
            raise ValueError(
                f"min_heavy_atoms {self.min_heavy_atoms} exceeds max_heavy_atoms {self.max_heavy_atoms}; lower the first"
            )
        foreign = sorted(self.elements - FORCE_FIELD_ELEMENTS)
        if foreign:
            raise ValueError(
                f"elements {', '.join(foreign)} lack force-field parameters; "
                f"choose from {', '.join(sorted(FORCE_FIELD_ELEMENTS))}"
            )
        self._patterns = tuple((name, _pattern(name, smarts)) for name, smarts in self.forbidden.items())
        return self

    def reason(self, unit: RepeatUnit) -> str | None:
        """Return why a repeat unit is refused, or None where it passes."""
        mol = unit.mol
        heavy = mol.GetNumHeavyAtoms()
        if not self.min_heavy_atoms <= heavy <= self.max_heavy_atoms:
            return f"{heavy} heavy atoms, allowed are {self.min_heavy_atoms} to {self.max_heavy_atoms}"
        foreign = sorted(unit.elements - self.elements - {"H"})
        if foreign:
            return f"element {', '.join(foreign)}"
        sizes = sorted({len(ring) for ring in mol.GetRingInfo().AtomRings()} - self.ring_sizes)
        if sizes:
            return f"ring of {', '.join(map(str, sizes))} atoms"
        if mol.GetRingInfo().NumRings() > self.max_rings:
            return f"{mol.GetRingInfo().NumRings()} rings, allowed are {self.max_rings}"
        if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms() if atom.GetAtomicNum()):
            return "radical"
        if Chem.GetFormalCharge(mol) or (not self.allow_charges and any(a.GetFormalCharge() for a in mol.GetAtoms())):
            return "charge"
        dimer = _dimer(mol)
        for name, pattern in self._patterns:
            if dimer.HasSubstructMatch(pattern):
                return f"forbidden motif {name}"
        if self.sa_score is not None:
            score = sa_score(unit)
            if score > self.sa_score:
                return f"SA score {score:.2f}, allowed is {self.sa_score}"
        return None

    def __call__(self, unit: RepeatUnit) -> bool:
        """Return whether a repeat unit passes."""
        return self.reason(unit) is None


def _dimer(unit: Chem.Mol) -> Chem.Mol:
    """Return two units, joined; their outer stars stay."""
    size = unit.GetNumAtoms()
    stars = {atom.GetIsotope(): atom for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0}
    head, tail = stars[1], stars[2]
    pair = Chem.RWMol(Chem.CombineMols(unit, unit))
    last, first = tail.GetNeighbors()[0].GetIdx(), head.GetNeighbors()[0].GetIdx() + size
    pair.AddBond(last, first, Chem.BondType.SINGLE)
    for index in sorted((tail.GetIdx(), head.GetIdx() + size), reverse=True):
        pair.RemoveAtom(index)
    Chem.SanitizeMol(pair)
    return pair


@lru_cache(maxsize=512)
def _pattern(name: str, smarts: str) -> Chem.Mol:
    pattern = Chem.MolFromSmarts(smarts)
    if pattern is None:
        raise InvalidFilter(f"forbidden motif {name!r} has the invalid SMARTS {smarts!r}; correct it")
    return pattern
