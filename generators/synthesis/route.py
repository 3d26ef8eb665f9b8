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
        conditions: How it is done, in a few words; empty where it is not known.
        sequence: How two monomers of one kind follow each other: `alternates` where the repeat unit is what forms, `statistical
            copolymer` where it stands for one of equal composition, `formal` where the monomers do not copolymerise to it. `random
            orientation` where a monomer whose two groups differ enters the chain either way round, so that the repeat unit is
            one of several in it. Empty where the question does not arise.
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
