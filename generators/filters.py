"""Constraints on candidates, applied before anything is computed for them."""

from functools import cache, lru_cache
from typing import Annotated

import yaml
from pydantic import Field, PrivateAttr, model_validator
from rdkit import Chem, rdBase

from generators.errors import InvalidFilter
from generators.lists import built_in
from mdcore.chem import FORCE_FIELD_ELEMENTS, RepeatUnit
from mdcore.chem.accessibility import sa_score
from mdcore.chem.settings import Settings

MAX_PATTERN_ATOMS, MAX_PATTERN_CHARACTERS = 20, 300
"""Largest SMARTS of a forbidden motif. The cost of a substructure search grows exponentially: for each candidate with fused rings, a chain
of 20 unspecified atoms takes 0.1 s, one of 30 takes 0.8 s."""


class Filters(Settings):
    """Constraints on a repeat unit.

    Attributes:
        elements: Allowed elements.
        min_heavy_atoms, max_heavy_atoms: Allowed range of the number of heavy atoms.
        ring_sizes: Allowed ring sizes.
        max_rings: Maximum number of rings.
        sa_score: Maximum synthetic accessibility score, 1 (easy) to 10 (hard); null for no limit.
        forbidden: SMARTS of additional forbidden motifs by name. Like the built-in ones (`generators/data/motifs.yaml`), they are
            searched in the chain, including bonds between repeat units.
        permitted: Names of built-in forbidden motifs to allow.
        allow_charges: Allow charged atoms, as in nitro groups. Radicals and net charges are never allowed.
    """

    elements: frozenset[str] = FORCE_FIELD_ELEMENTS
    min_heavy_atoms: Annotated[int, Field(ge=1)] = 1
    max_heavy_atoms: Annotated[int, Field(ge=1)] = 45
    ring_sizes: frozenset[int] = frozenset({3, 4, 5, 6, 7, 8})
    max_rings: Annotated[int, Field(ge=0)] = 8
    sa_score: Annotated[float, Field(gt=1.0, le=10.0)] | None = 5.0
    forbidden: dict[str, str] = Field(default_factory=dict)
    permitted: frozenset[str] = frozenset()
    allow_charges: bool = True

    _patterns: tuple[tuple[str, Chem.Mol], ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _check(self) -> "Filters":
        if self.min_heavy_atoms > self.max_heavy_atoms:
            raise ValueError(
                f"min_heavy_atoms {self.min_heavy_atoms} exceeds max_heavy_atoms {self.max_heavy_atoms}; lower min_heavy_atoms"
            )
        foreign = sorted(self.elements - FORCE_FIELD_ELEMENTS)
        if foreign:
            raise ValueError(
                f"the force field has no parameters for {', '.join(foreign)}; "
                f"choose from {', '.join(sorted(FORCE_FIELD_ELEMENTS))}"
            )
        motifs = _motifs()
        unknown = sorted(self.permitted - motifs["unstable"].keys())
        if unknown:
            raise ValueError(f"unknown motif {unknown[0]!r} in permitted; choose from {', '.join(motifs['unstable'])}")
        unstable = {name: smarts for name, smarts in motifs["unstable"].items() if name not in self.permitted}
        kinds = {
            "forbidden motif": {**unstable, **self.forbidden},
            "no force-field parameters for": motifs["without_parameters"],
        }
        self._patterns = tuple(
            (f"{kind} {name}", _pattern(name, smarts)) for kind, own in kinds.items() for name, smarts in own.items()
        )
        return self

    def reason(self, unit: RepeatUnit) -> str | None:
        """Return the reason why a repeat unit is rejected, or None if it is accepted."""
        mol = unit.natural.mol
        heavy = mol.GetNumHeavyAtoms()
        if not self.min_heavy_atoms <= heavy <= self.max_heavy_atoms:
            return f"{heavy} heavy atoms, allowed: {self.min_heavy_atoms} to {self.max_heavy_atoms}"
        foreign = sorted(unit.elements - self.elements - {"H"})
        if foreign:
            return f"element {', '.join(foreign)}"
        sizes = sorted({len(ring) for ring in mol.GetRingInfo().AtomRings()} - self.ring_sizes)
        if sizes:
            return f"ring of {', '.join(map(str, sizes))} atoms"
        if mol.GetRingInfo().NumRings() > self.max_rings:
            return f"{mol.GetRingInfo().NumRings()} rings, allowed: {self.max_rings}"
        if any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms() if atom.GetAtomicNum()):
            return "radical"
        if Chem.GetFormalCharge(mol) or (not self.allow_charges and any(a.GetFormalCharge() for a in mol.GetAtoms())):
            return "charge"
        dimer = _dimer(mol)
        for reason, pattern in self._patterns:
            if dimer.HasSubstructMatch(pattern):
                return reason
        if self.sa_score is not None:
            score = sa_score(unit)
            if score > self.sa_score:
                return f"SA score {score:.2f}, allowed: {self.sa_score}"
        return None

    def __call__(self, unit: RepeatUnit) -> bool:
        """Return whether a repeat unit is accepted."""
        return self.reason(unit) is None


def _dimer(unit: Chem.Mol) -> Chem.Mol:
    """Return two joined units, with the outer stars."""
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


@cache
def _motifs() -> dict[str, dict[str, str]]:
    """Return the built-in motifs by kind and name."""
    motifs: dict[str, dict[str, str]] = yaml.safe_load(built_in("motifs.yaml"))
    return motifs


@lru_cache(maxsize=512)
def _pattern(name: str, smarts: str) -> Chem.Mol:
    if len(smarts) > MAX_PATTERN_CHARACTERS:
        raise InvalidFilter(
            f"forbidden motif {name!r} has a SMARTS of {len(smarts)} characters, the maximum is {MAX_PATTERN_CHARACTERS}; "
            "split it into several motifs"
        )
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(smarts) if smarts.strip() else None
    if pattern is None:
        raise InvalidFilter(f"forbidden motif {name!r} has the invalid SMARTS {smarts!r}; correct it")
    if pattern.GetNumAtoms() > MAX_PATTERN_ATOMS:
        raise InvalidFilter(
            f"forbidden motif {name!r} has {pattern.GetNumAtoms()} atoms, the maximum is {MAX_PATTERN_ATOMS}; "
            "split it into several motifs"
        )
    return pattern
