"""Libraries of monomers by class, and enumeration of their polymers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase

from generators.errors import InvalidList
from generators.lists import Entry
from generators.synthesis.route import Monomer, Route
from generators.synthesis.rule import Rule
from generators.synthesis.rules import polymerisation_rules
from generators.synthesis.stability import impossible


@dataclass(frozen=True)
class MonomerLibrary:
    """Monomers by class of the polymerisation rules.

    Attributes:
        members: Monomers and their molecules by class.
        refused: Monomers that are not stable molecules, with the motif that makes them unstable; they are in no class.
    """

    members: dict[str, tuple[tuple[Monomer, Chem.Mol], ...]]
    refused: tuple[tuple[Monomer, str], ...] = ()

    @classmethod
    def of(cls, entries: Sequence[Entry], classes: Sequence[str] | None = None) -> "MonomerLibrary":
        """Classify a list of monomers.

        Args:
            entries: The monomers.
            classes: Names of the classes to consider; None for all.

        Raises:
            InvalidList: An entry is not a valid SMILES.
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
                raise InvalidList(f"monomer {entry.smiles!r} is not a valid SMILES; correct or remove it")
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
        """Yield the monomers of each polymerisation by a rule; a pair from one class is yielded in one order only."""
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
        """Return the maximum number of polymerisations that `pairs` yields."""
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
    """Yield every repeat unit that the rules make from a monomer library, with its route, without storing them.

    Args:
        library: The monomers.
        keep: Function of a rule and the index of a polymerisation by it; False skips the polymerisation.
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
