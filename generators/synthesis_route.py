"""How a repeat unit is made."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Monomer:
    """A monomer.

    Attributes:
        name: Name, or its SMILES where it has none.
        smiles: Canonical SMILES.
    """

    name: str
    smiles: str


@dataclass(frozen=True)
class Route:
    """How a repeat unit is made.

    Attributes:
        reaction: Name of the polymerisation rule.
        polymer: Class of the polymer.
        monomers: One or two monomers, in the order of the rule.
    """

    reaction: str
    polymer: str
    monomers: tuple[Monomer, ...]

    def __str__(self) -> str:
        """Return one line, such as `polyesterification of terephthalic acid + ethylene glycol`."""
        return f"{self.reaction} of {' + '.join(monomer.name for monomer in self.monomers)}"
