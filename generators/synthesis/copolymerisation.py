"""Sequence of two vinyl monomers in a copolymer, from the reactivity ratios of the Q-e scheme."""

import math
from dataclasses import dataclass
from functools import cache

from rdkit import Chem

from generators.synthesis.q_e import QE, flat_molecule, qe

ALTERNATES = "alternates"
STATISTICAL = "statistical copolymer"
FORMAL = "formal"

_ALTERNATING_BONDS = 0.9
"""Minimum fraction of bonds between unlike units, at equal composition, in a copolymer that counts as alternating."""

_WIDEST_FEED = 30.0
"""Largest ratio of the monomers in the feed at which a copolymer of equal composition counts as accessible."""

_LARGEST_DONOR_E = 0.3
"""Largest e of a monomer that alternates with an acceptor; ethylene and vinyl chloride do, two acceptors do not."""


@dataclass(frozen=True)
class ReactivityRatios:
    """Reactivity ratios of two monomers in radical copolymerisation.

    Attributes:
        first: k11 / k12.
        second: k22 / k21.
    """

    first: float
    second: float

    @classmethod
    def of(cls, one: QE, other: QE) -> "ReactivityRatios":
        """Return r1 = Q1/Q2 exp(-e1 (e1 - e2)) and r2 likewise, so that r1 r2 = exp(-(e1 - e2)^2)."""
        return cls(
            one.q / other.q * math.exp(-one.e * (one.e - other.e)),
            other.q / one.q * math.exp(-other.e * (other.e - one.e)),
        )

    @property
    def alternating_bonds(self) -> float:
        """Fraction of bonds between unlike units in a copolymer of equal composition.

        In the terminal model, such a copolymer forms from the feed f1/f2 = sqrt(r2/r1), in which each radical adds the other monomer
        with probability 1 / (1 + sqrt(r1 r2)).
        """
        return 1.0 / (1.0 + math.sqrt(self.first * self.second))

    @property
    def feed(self) -> float:
        """Ratio f1/f2 of the monomers in the feed that gives a copolymer of equal composition."""
        return math.sqrt(self.second / self.first)


def pair_sequence(one: str, other: str) -> str:
    """Return the sequence of two vinyl monomers: `alternates`, `statistical copolymer` or `formal`.

    Two monomers alternate if both reactivity ratios are below one, nine of ten bonds join unlike units, and one of them is not an
    acceptor. They form a statistical copolymer, whose mean composition the alternating repeat unit represents, if a feed of at most 30
    to 1 gives equal composition and neither is an alkene with allylic hydrogen, which terminates radical chains, or if both are
    hydrocarbons that the same coordination catalyst or acid polymerises. 1,1-Diarylethenes, which do not homopropagate, are excluded
    from statistical copolymers. Otherwise the repeat unit is formal: the copolymer would consist mostly of one monomer, or would not form.

    Args:
        one: SMILES of a monomer.
        other: SMILES of the other monomer.
    """
    ratios = ReactivityRatios.of(qe(one), qe(other))
    has_donor = min(qe(one).e, qe(other).e) < _LARGEST_DONOR_E
    if has_donor and max(ratios.first, ratios.second) < 1.0 and ratios.alternating_bonds >= _ALTERNATING_BONDS:
        return ALTERNATES
    if any(flat_molecule(smiles).HasSubstructMatch(_DIARYLETHENE) for smiles in (one, other)):
        return FORMAL
    reachable = 1.0 / _WIDEST_FEED <= ratios.feed <= _WIDEST_FEED and not (_is_allylic(one) or _is_allylic(other))
    if reachable or _share_ionic_or_coordination(one, other):
        return STATISTICAL
    return FORMAL


_DIARYLETHENE = Chem.MolFromSmarts("[CX3;H2]=[CX3](-c)-c")


def _is_allylic(smiles: str) -> bool:
    """Return whether a double bond has only alkyl substituents, from which its radicals abstract hydrogen."""
    mol = flat_molecule(smiles)
    return any(mol.HasSubstructMatch(pattern) for pattern in _allylic_alkenes())


@cache
def _allylic_alkenes() -> tuple[Chem.Mol, ...]:
    alkyl = "[CX4;!$(C(F)F)]"
    texts = (
        f"[CX3;H2]=[CX3;H1]-{alkyl}",
        f"[CX3;H2]=[CX3;H0](-{alkyl})-{alkyl}",
        f"[CX3;R;H1;$(C-{alkyl})]=[CX3;R;H1]-{alkyl}",
    )
    return tuple(Chem.MolFromSmarts(text) for text in texts)


def _share_ionic_or_coordination(one: str, other: str) -> bool:
    mols = [flat_molecule(one), flat_molecule(other)]
    if any(atom.GetAtomicNum() != 6 for mol in mols for atom in mol.GetAtoms()):
        return False
    return any(all(mol.HasSubstructMatch(pattern) for mol in mols) for pattern in _hydrocarbon_kinds())


@cache
def _hydrocarbon_kinds() -> tuple[Chem.Mol, ...]:
    coordination = "[CX3;H2,$(C1=CC2**C1C2)]=[CX3;H1,H2;$(C-[CX4]),$(C-c),H2]"
    cationic = "[CX3;H2,$([CH;r5]-c),$([CH;r5]-[CX4]-c)]=[CX3;$(C-c),$(C([CX4])[CX4])]"
    return tuple(Chem.MolFromSmarts(smarts) for smarts in (coordination, cationic))
