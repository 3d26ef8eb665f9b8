"""Synthesis routes of repeat units."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Monomer:
    """A monomer.

    Attributes:
        name: Name, or the SMILES if it has none.
        smiles: Canonical SMILES.
    """

    name: str
    smiles: str


@dataclass(frozen=True)
class Route:
    """A polymerisation and its monomers.

    Attributes:
        reaction: Name of the polymerisation rule.
        polymer: Class of the polymer.
        monomers: One or two monomers, in the order of the rule.
        conditions: Reaction conditions in a few words; empty if unknown.
        sequence: Sequence of two monomers of the same kind: `alternates` if the product is the alternating copolymer, `statistical
            copolymer` if the repeat unit represents a statistical copolymer of equal composition, `formal` if the monomers do not form
            such a copolymer. `random orientation` if a monomer with two different groups is incorporated in both orientations, so that
            the repeat unit is one of several in the chain. Empty if not applicable.
    """

    reaction: str
    polymer: str
    monomers: tuple[Monomer, ...]
    conditions: str = ""
    sequence: str = ""

    def __str__(self) -> str:
        """Return one line, such as `polyesterification of terephthalic acid + ethylene glycol`."""
        line = f"{self.reaction} of {' + '.join(monomer.name for monomer in self.monomers)}"
        return f"{line} ({self.sequence})" if self.sequence else line
