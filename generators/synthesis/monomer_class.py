"""Classes of monomers, defined by required and excluded functional groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rdkit import Chem

Groups = Mapping[str, Chem.Mol]
"""SMARTS of functional groups by name; a pattern matches exactly the atoms of the group, so that matches can be counted."""

_TWO_ENDS = 2


@dataclass(frozen=True)
class Alternative:
    """One set of conditions for membership in a class.

    Attributes:
        needs: Exact numbers of functional groups; groups in one tuple are counted together.
        at_most: Maximum numbers of other groups.
        refuses: Groups that must be absent, because they would react as well.
    """

    needs: tuple[tuple[tuple[str, ...], int], ...]
    at_most: tuple[tuple[str, int], ...]
    refuses: tuple[str, ...]

    def holds(self, mol: Chem.Mol, groups: Groups) -> bool:
        """Return whether a molecule satisfies the conditions."""
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
        alternatives: Sets of conditions, of which one must be satisfied.
        groups: The functional groups of the conditions.
    """

    name: str
    alternatives: tuple[Alternative, ...]
    groups: Groups

    def __contains__(self, mol: Chem.Mol) -> bool:
        """Return whether a molecule belongs to the class."""
        return any(alternative.holds(mol, self.groups) for alternative in self.alternatives)

    def is_symmetric(self, mol: Chem.Mol) -> bool:
        """Return whether the two reacting groups of a molecule are equivalent by symmetry.

        The reacting groups are the first of `needs`. True if their number is not two, because there is no orientation then.
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
        KeyError: A class refers to a group, set or class that is not in the table.
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
                groups[group]  # Raises KeyError for an unknown name.
            found.append(Alternative(needs, at_most, refuses))
        return tuple(found)

    return {name: MonomerClass(name, alternatives(name), groups) for name in data["classes"]}
