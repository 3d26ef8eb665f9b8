"""The table of polymerisation rules, `data/polymerisation.yaml`.

A monomer must have exactly the functional groups that a linear chain needs and no group that interferes, so networks and
half-reacted units do not occur.
"""

from collections.abc import Sequence
from functools import cache

import yaml
from rdkit import rdBase
from rdkit.Chem import rdChemReactions

from generators.lists import built_in
from generators.synthesis.monomer_class import MonomerClass, read_classes
from generators.synthesis.route import Monomer, Route
from generators.synthesis.rule import Example, Reactions, Rule
from generators.synthesis.stability import impossible_smiles


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
    """Return a stored route with conditions and sequence of the present table, or None if a monomer is not a stable molecule.

    Earlier versions had other rules and accepted unstable monomers. The name of a rule that was removed is kept. A monomer with an
    invalid SMILES, as in a damaged store, counts as unstable.
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
