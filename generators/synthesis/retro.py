"""Retrosynthesis: monomers and polymerisations that make a repeat unit."""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import permutations

from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions

from generators.backbone import backbone_cuts
from generators.lists import common_monomers
from generators.synthesis.copolymerisation import ALTERNATES, FORMAL
from generators.synthesis.route import Monomer, Route
from generators.synthesis.rule import Rule
from generators.synthesis.rules import polymerisation_rules
from generators.synthesis.stability import impossible
from mdcore.chem import InvalidRepeatUnit, RepeatUnit


@cache
def _names() -> dict[str, str]:
    """Names of the built-in monomers by canonical SMILES."""
    return {_canonical(entry.smiles): entry.name for entry in common_monomers()}


def _canonical(smiles: str) -> str:
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))


def route(unit: RepeatUnit) -> Route | None:
    """Return the best route to a repeat unit, or None if no route is known.

    Routes are sorted by these criteria: formal copolymerisations last; size of the largest monomer outside the built-in list of common
    monomers, because several simple monomers are more accessible than a complex one; number of such monomers; regularity of the chain;
    length of the monomers. Every route is verified: its rule, applied to its monomers, gives the repeat unit.
    """
    found = routes(unit)
    return found[0] if found else None


def routes(unit: RepeatUnit) -> tuple[Route, ...]:
    """Return all routes that the disconnections give, best first; see `route`. Stereochemistry and isotopes are ignored."""
    unit = unit.natural
    flat = unit.key.replace("@", "").replace("/", "").replace("\\", "")
    return _routes(unit.key if flat == unit.key else RepeatUnit.from_psmiles(flat, elements=None).key)


@lru_cache(maxsize=4096)
def _routes(key: str) -> tuple[Route, ...]:
    found: dict[tuple[str, frozenset[str]], Route] = {}
    for text in _spellings(key):
        mol = Chem.MolFromSmiles(text)
        # Fused diimides count as aromatic, but their anhydrides do not.
        plain = Chem.Mol(mol)
        Chem.Kekulize(plain, clearAromaticFlags=True)
        for rule in polymerisation_rules()[0]:
            for reaction in rule.backward:
                for monomers in _precursors(reaction, plain if rule.kekulised else mol):
                    label = (rule.name, frozenset(monomers))
                    if label not in found:
                        verified = _forward(rule, monomers, key)
                        if verified is not None:
                            found[label] = verified
    return tuple(sorted(found.values(), key=preference))


def preference(found: Route) -> tuple[bool, int, int, bool, int]:
    """Return the sort key of routes, best first; see `route`."""
    own = [_heavy_atoms(monomer.smiles) for monomer in found.monomers if monomer.smiles not in _names()]
    return (
        found.sequence == FORMAL,
        max(own, default=0),
        len(own),
        found.sequence not in ("", ALTERNATES),
        sum(len(monomer.smiles) for monomer in found.monomers),
    )


@lru_cache(maxsize=16384)
def _heavy_atoms(smiles: str) -> int:
    return int(Chem.MolFromSmiles(smiles).GetNumHeavyAtoms())


def _spellings(key: str) -> Iterator[str]:
    """Yield the cuts of the unit, and of two units if one may be half of the product of a reaction."""
    texts = backbone_cuts(key)
    yield from texts
    if len(texts) <= 3:
        unit = RepeatUnit.from_psmiles(key, elements=None)
        yield str(Chem.MolToSmiles(unit.oligomer(2, ("*[At]", "*[At]")))).replace("[At]", "*")


def _precursors(reaction: rdChemReactions.ChemicalReaction, mol: Chem.Mol) -> set[tuple[str, ...]]:
    found = set()
    with rdBase.BlockLogs():
        for product, *_ in reaction.RunReactants((mol,)):
            try:
                Chem.SanitizeMol(product)
            except (Chem.MolSanitizeException, ValueError):
                continue
            parts = tuple(sorted(Chem.MolToSmiles(product).split(".")))
            if len(parts) <= 2 and not any("*" in part for part in parts):
                found.add(parts)
    return found


def _forward(rule: Rule, monomers: tuple[str, ...], key: str) -> Route | None:
    """Return the route if its rule makes the polymer from the monomers."""
    if len(set(monomers)) != len(rule.classes):
        return None
    for order in permutations(monomers):
        members = [member for text, name in zip(order, rule.classes, strict=True) if (member := _member(text, name))]
        if len(members) < len(order):
            continue
        for text in rule.products([mol for _, mol in members]):
            try:
                made = RepeatUnit.from_psmiles(text, elements=None).key
            except InvalidRepeatUnit:
                continue
            if made == key:
                return rule.route([monomer for monomer, _ in members])
    return None


@lru_cache(maxsize=16384)
def _member(smiles: str, name: str) -> tuple[Monomer, Chem.Mol] | None:
    """Return a monomer and its molecule if it is stable and belongs to a class."""
    found = _monomer(smiles)
    return found if found is not None and found[1] in polymerisation_rules()[1][name] else None


@lru_cache(maxsize=16384)
def _monomer(smiles: str) -> tuple[Monomer, Chem.Mol] | None:
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or impossible(mol) is not None:
        return None
    Chem.RemoveStereochemistry(mol)
    text = str(Chem.MolToSmiles(mol))
    return Monomer(_names().get(text, text), text), mol
