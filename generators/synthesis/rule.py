"""Polymerisation rules: from monomers to repeat units."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions

from generators.synthesis.copolymerisation import pair_sequence
from generators.synthesis.monomer_class import MonomerClass
from generators.synthesis.route import Monomer, Route
from generators.synthesis.stability import react_together

Reactions = tuple[rdChemReactions.ChemicalReaction, ...]

_VINYL_PAIR = "vinyl pair"

RANDOM_ORIENTATION = "random orientation"
"""Sequence of a route in which a monomer with two different groups is incorporated in both orientations."""


@dataclass(frozen=True)
class Example:
    """Example of a rule: monomers and their repeat unit.

    Attributes:
        monomers: SMILES in the order of the rule's classes.
        unit: pSMILES of the repeat unit.
        refused: Sets of monomers that the rule must reject.
    """

    monomers: tuple[str, ...]
    unit: str
    refused: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Rule:
    """A polymerisation rule.

    Attributes:
        name: Name of the reaction.
        polymer: Class of the polymer.
        conditions: Reaction conditions in a few words.
        classes: Names of the classes of its one or two monomers.
        forward: Reactions whose product is the repeat unit with two stars; the first with a product is used.
        backward: Disconnections of a repeat unit into monomers; their results are verified with the forward reaction.
        example: Textbook example.
        regular: Keep only the products with the most head-to-tail bonds, as in vinyl polymerisation.
        conjugated: Keep only products with a conjugated backbone.
        kekulised: Disconnect a Kekulised unit, because fused diimides count as aromatic but their anhydrides do not.
        sequence: Sequence of two monomers of the same kind (see `Route`), or `vinyl pair` to determine it from their Q and e.
        regioregular: Whether monomers with two different groups all have the same orientation.
        monomer_classes: Classes of its monomers.
    """

    name: str
    polymer: str
    conditions: str
    classes: tuple[str, ...]
    forward: Reactions
    backward: Reactions
    example: Example
    regular: bool = False
    conjugated: bool = False
    kekulised: bool = False
    sequence: str = ""
    regioregular: bool = False
    monomer_classes: tuple[MonomerClass, ...] = ()

    def products(self, monomers: Sequence[Chem.Mol]) -> tuple[str, ...]:
        """Return the distinct repeat units of the given monomers, as canonical SMILES with two stars, sorted.

        The result is empty for two vinyl monomers with other groups that react with each other.
        """
        if self.sequence == _VINYL_PAIR and react_together(monomers[0], monomers[1]) is not None:
            return ()
        for reaction in self.forward:
            found = self._products(reaction, monomers)
            if found:
                fewest = min(found.values())
                return tuple(sorted(text for text, count in found.items() if count == fewest))
        return ()

    def _products(self, reaction: rdChemReactions.ChemicalReaction, monomers: Sequence[Chem.Mol]) -> dict[str, int]:
        found: dict[str, int] = {}
        with rdBase.BlockLogs():
            for product, *_ in reaction.RunReactants(tuple(monomers)):
                try:
                    Chem.SanitizeMol(product)
                except (Chem.MolSanitizeException, ValueError):
                    # A match across a ring or an aromatic atom, not a product.
                    continue
                text = str(Chem.MolToSmiles(product))
                if text in found or text.count("*") != 2 or "." in text:
                    continue
                if self.conjugated and not _is_conjugated(product):
                    continue
                found[text] = _head_to_head(product) if self.regular else 0
        return found

    def route(self, monomers: Sequence[Monomer]) -> Route:
        """Return the route from the given monomers by this rule."""
        return Route(self.name, self.polymer, tuple(monomers), self.conditions, self._sequence(monomers))

    def _sequence(self, monomers: Sequence[Monomer]) -> str:
        if self.sequence == _VINYL_PAIR:
            return pair_sequence(*(monomer.smiles for monomer in monomers))
        if self.sequence or self.regioregular:
            return self.sequence
        symmetric = all(
            _is_symmetric(known, monomer.smiles) for known, monomer in zip(self.monomer_classes, monomers, strict=False)
        )
        return "" if symmetric else RANDOM_ORIENTATION


@lru_cache(maxsize=16_384)
def _is_symmetric(known: MonomerClass, smiles: str) -> bool:
    return known.is_symmetric(Chem.MolFromSmiles(smiles))


def _backbone(unit: Chem.Mol) -> tuple[int, ...]:
    stars = [atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0]
    return tuple(Chem.GetShortestPath(unit, *stars)[1:-1])


def _head_to_head(unit: Chem.Mol) -> int:
    """Count backbone bonds between two substituted carbons, including the bond to the next unit."""
    bulky = [unit.GetAtomWithIdx(i).GetDegree() > 2 for i in _backbone(unit)]
    return sum(one and other for one, other in zip(bulky, [*bulky[1:], bulky[0]], strict=True))


def _is_conjugated(unit: Chem.Mol) -> bool:
    """Return whether there is a path from star to star through aromatic atoms and sp2 or sp carbons only."""
    flat = (Chem.HybridizationType.SP2, Chem.HybridizationType.SP)
    start, end = (atom.GetNeighbors()[0].GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0)
    reached, border = {start}, [start]
    while border:
        atom = unit.GetAtomWithIdx(border.pop())
        if not (atom.GetIsAromatic() or (atom.GetAtomicNum() == 6 and atom.GetHybridization() in flat)):
            continue
        if atom.GetIdx() == end:
            return True
        fresh = {neighbour.GetIdx() for neighbour in atom.GetNeighbors()} - reached
        reached |= fresh
        border += fresh
    return False
