"""Polymerisation reactions: from monomers to repeat units.

The table of monomer classes and rules is `data/polymerisation.yaml`. A monomer must offer exactly the functional groups that a
linear chain needs and none that interferes, so networks and half-reacted units do not arise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import yaml
from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions

from generators.copolymerisation import pair_sequence
from generators.errors import InvalidList
from generators.lists import Entry, built_in
from generators.monomer_class import MonomerClass, read_classes
from generators.monomers import impossible, impossible_smiles, react_together
from generators.synthesis_route import Monomer, Route

Reactions = tuple[rdChemReactions.ChemicalReaction, ...]

_VINYL_PAIR = "vinyl pair"

RANDOM_ORIENTATION = "random orientation"
"""What is said where a monomer whose two groups differ enters the chain either way round, and the repeat unit shows one."""


@dataclass(frozen=True)
class Example:
    """Monomers and what a rule makes of them.

    Attributes:
        monomers: SMILES in the order of the rule's classes.
        unit: pSMILES of the repeat unit.
        refused: Monomers that the rule must not accept.
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
        conditions: How it is done, in a few words.
        classes: Classes of its one or two monomers.
        forward: Reactions whose product is the repeat unit with two stars; the first that gives one is taken.
        backward: Disconnections of a repeat unit into monomers. They may propose too much: the forward reaction decides.
        example: Textbook example.
        regular: Keep only the products that are most nearly head to tail, as vinyl monomers polymerise.
        conjugated: Keep only products whose backbone is conjugated.
        kekulised: Disconnect a Kekulised unit: fused diimides count as aromatic, but their anhydrides do not.
        sequence: What two monomers of one kind give: `vinyl pair` for what their Q and e say, or the word itself.
        regioregular: Monomers whose two groups differ all enter the chain the same way round.
        monomer_classes: The classes of its monomers.
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
        """Return the distinct repeat units that monomers give, as canonical SMILES with two stars, sorted.

        Two vinyl monomers whose other groups react with each other give none.
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
                    # A match across a ring or an aromatic atom; not a product.
                    continue
                text = str(Chem.MolToSmiles(product))
                if text in found or text.count("*") != 2 or "." in text:
                    continue
                if self.conjugated and not _is_conjugated(product):
                    continue
                found[text] = _head_to_head(product) if self.regular else 0
        return found

    def route(self, monomers: Sequence[Monomer]) -> Route:
        """Return the route of these monomers by this rule."""
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
    """Count backbone bonds, that to the next unit included, between two carbons that both carry substituents."""
    bulky = [unit.GetAtomWithIdx(i).GetDegree() > 2 for i in _backbone(unit)]
    return sum(one and other for one, other in zip(bulky, [*bulky[1:], bulky[0]], strict=True))


def _is_conjugated(unit: Chem.Mol) -> bool:
    """Return whether a way from star to star leads through aromatic atoms and sp2 or sp carbons alone."""
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


@cache
def polymerisation_rules() -> tuple[tuple[Rule, ...], dict[str, MonomerClass]]:
    """Return the rules and the monomer classes by name."""
    data = yaml.safe_load(built_in("polymerisation.yaml"))
    classes = read_classes(data)
    atoms = {f"{{{name}}}": smarts[1:-1] for name, smarts in data["groups"].items()}

    def reactions(texts: Sequence[str]) -> Reactions:
        return tuple(_reaction(text, atoms) for text in texts)

    rules = tuple(
        Rule(
            name=entry["name"],
            polymer=entry["polymer"],
            conditions=entry["conditions"],
            classes=tuple(classes[name].name for name in entry["monomers"]),
            forward=reactions(entry["forward"]),
            backward=reactions(entry["backward"]),
            example=Example(
                tuple(entry["example"]["monomers"]),
                entry["example"]["unit"],
                tuple(tuple(monomers) for monomers in entry["refuses"]),
            ),
            regular=entry.get("regular", False),
            conjugated=entry.get("conjugated", False),
            kekulised=entry.get("kekulised", False),
            sequence=entry.get("sequence", ""),
            regioregular=entry.get("regioregular", False),
            monomer_classes=tuple(classes[name] for name in entry["monomers"]),
        )
        for entry in data["rules"]
    )
    return rules, classes


@cache
def rules_by_name() -> dict[str, Rule]:
    """Return the rules by name."""
    return {rule.name: rule for rule in polymerisation_rules()[0]}


def recorded_route(reaction: str, polymer: str, monomers: Sequence[Monomer]) -> Route | None:
    """Return a route that was written down, with what the table says about it today; None where a monomer cannot exist.

    Earlier versions had other rules, and monomers that cannot exist. A rule that the table no longer has keeps its name. A
    monomer that is not a valid SMILES, as in a damaged store, counts as one that cannot exist.
    """
    if any(impossible_smiles(monomer.smiles) is not None for monomer in monomers):
        return None
    rule = rules_by_name().get(reaction)
    return Route(reaction, polymer, tuple(monomers)) if rule is None else rule.route(monomers)


def _reaction(text: str, atoms: dict[str, str]) -> rdChemReactions.ChemicalReaction:
    for name, smarts in atoms.items():
        text = text.replace(name, smarts)
    with rdBase.BlockLogs():
        reaction = rdChemReactions.ReactionFromSmarts(text)
        reaction.Initialize()
    return reaction


@dataclass(frozen=True)
class MonomerLibrary:
    """Monomers sorted into the classes of the polymerisation rules.

    Attributes:
        members: Monomers and their molecules by class.
        refused: Monomers that cannot exist, with the motif that says so; they are in no class.
    """

    members: dict[str, tuple[tuple[Monomer, Chem.Mol], ...]]
    refused: tuple[tuple[Monomer, str], ...] = ()

    @classmethod
    def of(cls, entries: Sequence[Entry], classes: Sequence[str] | None = None) -> "MonomerLibrary":
        """Classify a list of monomers.

        Args:
            entries: The monomers.
            classes: Names of the classes to look at; None for all.

        Raises:
            InvalidList: An entry is no valid SMILES.
        """
        known = polymerisation_rules()[1]
        looked_at = {name: known[name] for name in (known if classes is None else dict.fromkeys(classes))}
        members: dict[str, list[tuple[Monomer, Chem.Mol]]] = {name: [] for name in looked_at}
        refused: list[tuple[Monomer, str]] = []
        seen: set[str] = set()
        for entry in entries:
            with rdBase.BlockLogs():
                mol = Chem.MolFromSmiles(entry.smiles)
            if mol is None:
                raise InvalidList(f"monomer {entry.smiles!r} is no valid SMILES; correct or remove it")
            Chem.RemoveStereochemistry(mol)
            smiles = Chem.MolToSmiles(mol)
            if smiles in seen:
                continue
            seen.add(smiles)
            monomer = Monomer(entry.name or smiles, smiles)
            motif = impossible(mol)
            if motif is not None:
                refused.append((monomer, motif))
                continue
            for name, monomer_class in looked_at.items():
                if mol in monomer_class:
                    members[name].append((monomer, mol))
        return cls({name: tuple(rows) for name, rows in members.items()}, tuple(refused))

    def pairs(self, rule: Rule) -> Iterator[tuple[tuple[Monomer, Chem.Mol], ...]]:
        """Yield the monomers of each polymerisation by a rule; a pair from one class comes in one order only."""
        first = self.members[rule.classes[0]]
        if len(rule.classes) == 1:
            for member in first:
                yield (member,)
            return
        same = rule.classes[0] == rule.classes[1]
        for i, one in enumerate(first):
            for other in first[i + 1 :] if same else self.members[rule.classes[1]]:
                if one[0].smiles != other[0].smiles:
                    yield (one, other)

    def size(self, rule: Rule) -> int:
        """Return the number of polymerisations that `pairs` yields at most."""
        first = len(self.members[rule.classes[0]])
        if len(rule.classes) == 1:
            return first
        if rule.classes[0] == rule.classes[1]:
            return first * (first - 1) // 2
        return first * len(self.members[rule.classes[1]])


def enumerate_polymers(
    library: MonomerLibrary,
    keep: Callable[[Rule, int], bool] | None = None,
) -> Iterator[tuple[str, Route]]:
    """Yield every repeat unit that the rules make from a monomer library, with its route; nothing is held in memory.

    Args:
        library: The monomers.
        keep: Called with a rule and the number of a polymerisation under it; False skips that polymerisation.
    """
    rules, _ = polymerisation_rules()
    for rule in rules:
        for number, members in enumerate(library.pairs(rule)):
            if keep is not None and not keep(rule, number):
                continue
            texts = rule.products([mol for _, mol in members])
            if texts:
                made = rule.route([monomer for monomer, _ in members])
                for text in texts:
                    yield text, made
