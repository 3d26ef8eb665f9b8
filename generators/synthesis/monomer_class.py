"""Classes of monomers: which functional groups a molecule must offer, and which it must not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rdkit import Chem

Groups = Mapping[str, Chem.Mol]
"""SMARTS of functional groups by name; a pattern matches the atoms of the group and no others, so that matches can be counted."""

_TWO_ENDS = 2


@dataclass(frozen=True)
class Alternative:
    """One way to belong to a class.

    Attributes:
        needs: Numbers of functional groups that a monomer must have exactly; groups that stand together are counted together.
        at_most: Upper limits of others.
        refuses: Groups that it must not have, because they would react too.
    """

    needs: tuple[tuple[tuple[str, ...], int], ...]
    at_most: tuple[tuple[str, int], ...]
    refuses: tuple[str, ...]

    def holds(self, mol: Chem.Mol, groups: Groups) -> bool:
        """Return whether a molecule satisfies it."""
        return (
            all(count_groups(mol, [groups[name] for name in names]) == number for names, number in self.needs)
            and all(count_groups(mol, [groups[name]]) <= number for name, number in self.at_most)
            and not any(mol.HasSubstructMatch(groups[name]) for name in self.refuses)
        )


@dataclass(frozen=True, eq=False)
class MonomerClass:
    """Monomers that react in the same way.

    Attributes:
        name: Name of the class.
        alternatives: Conditions of which one must hold.
        groups: The functional groups they speak of.
    """

    name: str
    alternatives: tuple[Alternative, ...]
    groups: Groups

    def __contains__(self, mol: Chem.Mol) -> bool:
        """Return whether a molecule belongs to the class."""
        return any(alternative.holds(mol, self.groups) for alternative in self.alternatives)

    def is_symmetric(self, mol: Chem.Mol) -> bool:
        """Return whether the two groups by which a molecule polymerises are equivalent in it.

        The first of the `needs` names them. True where another number of groups reacts than two: nothing can be turned round.
        """
        for alternative in self.alternatives:
            names, number = alternative.needs[0]
            if number == _TWO_ENDS and alternative.holds(mol, self.groups):
                ranks = list(Chem.CanonicalRankAtoms(mol, breakTies=False))
                matches = {frozenset(m) for name in names for m in mol.GetSubstructMatches(self.groups[name])}
                return len({tuple(sorted(ranks[i] for i in match)) for match in matches}) == 1
        return True


def count_groups(mol: Chem.Mol, patterns: Sequence[Chem.Mol]) -> int:
    """Count the sets of atoms that match one of the patterns."""
    return len(
        {frozenset(match) for pattern in patterns for match in mol.GetSubstructMatches(pattern, maxMatches=10_000)}
    )


def read_classes(data: Mapping[str, Any]) -> dict[str, MonomerClass]:
    """Return the classes of a rule table by name.

    Raises:
        ValueError: A SMARTS is invalid.
        KeyError: A class names a group, set or class that the table lacks.
    """
    groups = {}
    for name, smarts in data["groups"].items():
        pattern = Chem.MolFromSmarts(smarts)
        if pattern is None:
            raise ValueError(f"group {name!r} has the invalid SMARTS {smarts!r}; correct it")
        groups[name] = pattern

    def expand(names: Sequence[str]) -> list[str]:
        return [member for name in names for member in data["sets"].get(name, [name])]

    def alternatives(name: str) -> tuple[Alternative, ...]:
        found: list[Alternative] = []
        for entry in data["classes"][name]:
            if isinstance(entry, str):
                found += alternatives(entry)
                continue
            needs = tuple((tuple(key.split(" + ")), number) for key, number in entry["needs"].items())
            tolerated = {member for names, _ in needs for member in names} | set(entry.get("allows", ()))
            refuses = tuple(dict.fromkeys(g for g in expand(entry.get("refuses", ())) if g not in tolerated))
            at_most = tuple(entry.get("at_most", {}).items())
            for group in [*tolerated, *refuses, *(key for key, _ in at_most)]:
                groups[group]  # An unknown name ends here, not in the middle of a run.
            found.append(Alternative(needs, at_most, refuses))
        return tuple(found)

    return {name: MonomerClass(name, alternatives(name), groups) for name in data["classes"]}
