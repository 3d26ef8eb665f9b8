"""Polymerisation reactions: from monomers to repeat units.

The monomer classes and rules are SMiPoly's (Ohno et al. 2023, doi 10.1021/acs.jcim.3c00329; see `data/polymerisation.yaml`). A
monomer must offer exactly the functional groups that a linear chain needs, so networks and half-reacted units do not arise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import yaml
from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions

from generators.errors import InvalidList
from generators.lists import Entry, built_in
from generators.synthesis_route import Monomer, Route


@dataclass(frozen=True)
class MonomerClass:
    """Monomers with the same functional groups.

    Attributes:
        name: SMiPoly's name of the class.
        groups: Number of functional groups a monomer of the class has, None for any but zero.
        include: SMARTS of the group.
        exclude: SMARTS that a monomer must not match.
    """

    name: str
    groups: int | None
    include: tuple[Chem.Mol, ...]
    exclude: tuple[Chem.Mol, ...]

    def __contains__(self, mol: Chem.Mol) -> bool:
        """Return whether a molecule belongs to the class."""
        atoms = [match for pattern in self.include for match in mol.GetSubstructMatches(pattern)]
        enough = bool(atoms) if self.groups is None else _count_groups(atoms) == self.groups
        return enough and not any(mol.HasSubstructMatch(pattern) for pattern in self.exclude)


@dataclass(frozen=True)
class Rule:
    """A polymerisation rule.

    Attributes:
        name: Name of the reaction.
        polymer: Class of the polymer.
        classes: Classes of its one or two monomers.
        reaction: The reaction; its product is the repeat unit with two stars.
        regular: Keep only the products that are most nearly head to tail, as vinyl monomers polymerise.
    """

    name: str
    polymer: str
    classes: tuple[str, ...]
    reaction: rdChemReactions.ChemicalReaction
    regular: bool = False

    def products(self, monomers: Sequence[Chem.Mol]) -> tuple[str, ...]:
        """Return the distinct repeat units that monomers give, as canonical SMILES with two stars, sorted."""
        found: dict[str, int] = {}
        with rdBase.BlockLogs():
            for product, *_ in self.reaction.RunReactants(tuple(monomers)):
                try:
                    Chem.SanitizeMol(product)
                except (Chem.MolSanitizeException, ValueError):
                    # A match across a ring or an aromatic atom; not a product.
                    continue
                text = Chem.MolToSmiles(product)
                if text.count("*") == 2 and "." not in text:
                    found[str(text)] = _head_to_head(product) if self.regular else 0
        fewest = min(found.values(), default=0)
        return tuple(sorted(text for text, count in found.items() if count == fewest))


def _head_to_head(unit: Chem.Mol) -> int:
    """Count backbone bonds, that to the next unit included, between two carbons that both carry substituents."""
    stars = [atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0]
    path = Chem.GetShortestPath(unit, *stars)[1:-1]
    bulky = [unit.GetAtomWithIdx(i).GetDegree() > 2 for i in path]
    return sum(one and other for one, other in zip(bulky, [*bulky[1:], bulky[0]], strict=True))


def _count_groups(matches: Sequence[tuple[int, ...]]) -> int:
    """Count matches that are not the same group seen twice: those that share no hetero end with an earlier one."""
    seen: list[frozenset[int]] = []
    for match in matches:
        atoms = frozenset(match)
        if not any(len(atoms & other) >= len(atoms) - 1 and len(atoms) > 1 for other in seen):
            seen.append(atoms)
    return len(seen)


@cache
def polymerisation_rules() -> tuple[tuple[Rule, ...], dict[str, MonomerClass]]:
    """Return the rules and the monomer classes by name."""
    data = yaml.safe_load(built_in("polymerisation.yaml"))
    classes = {
        name: MonomerClass(
            name,
            None if entry["groups"] == "any" else int(entry["groups"]),
            tuple(Chem.MolFromSmarts(smarts) for smarts in entry["include"]),
            tuple(Chem.MolFromSmarts(smarts) for smarts in entry["exclude"]),
        )
        for name, entry in data["classes"].items()
    }
    rules = []
    for entry in data["rules"]:
        reaction = rdChemReactions.ReactionFromSmarts(entry["smarts"])
        with rdBase.BlockLogs():
            reaction.Initialize()
        names = tuple(entry[key] for key in ("first", "second") if key in entry)
        rules.append(Rule(entry["name"], entry["polymer"], names, reaction, entry.get("regular", False)))
    return tuple(rules), classes


@dataclass(frozen=True)
class MonomerLibrary:
    """Monomers sorted into the classes of the polymerisation rules.

    Attributes:
        members: Monomers and their molecules by class.
    """

    members: dict[str, tuple[tuple[Monomer, Chem.Mol], ...]]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "MonomerLibrary":
        """Classify a list of monomers.

        Raises:
            InvalidList: An entry is no valid SMILES.
        """
        _, classes = polymerisation_rules()
        members: dict[str, list[tuple[Monomer, Chem.Mol]]] = {name: [] for name in classes}
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
            for name, monomer_class in classes.items():
                if mol in monomer_class:
                    members[name].append((monomer, mol))
        return cls({name: tuple(rows) for name, rows in members.items()})

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
            monomers = tuple(monomer for monomer, _ in members)
            for text in rule.products([mol for _, mol in members]):
                yield text, Route(rule.name, rule.polymer, monomers)
