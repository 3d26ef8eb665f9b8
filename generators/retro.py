"""From a repeat unit back to the monomers and the polymerisation that make it."""

from collections.abc import Iterator
from functools import cache, lru_cache

from rdkit import Chem, rdBase
from rdkit.Chem import rdChemReactions, rdMolDescriptors

from generators.lists import Entry, common_monomers
from generators.reactions import MonomerLibrary, polymerisation_rules
from generators.smc.moves import backbone_cuts
from generators.synthesis_route import Monomer, Route
from mdcore.chem import InvalidRepeatUnit, RepeatUnit

_ESTER = "([#0][OX2,SX2:1].[#0][CX3:2]=[OX1:3].[CX3:4](=[OX1:5])-[OX2,SX2:6])"
_AMIDE = "([#0][NX3:1].[#0][CX3:2]=[OX1:3].[CX3:4](=[OX1:5])-[NX3:6])"
_IMIDE = (
    "([#0][#6:1].[#6:2]-[N;R:3]([#6;R:4]=[OX1:5])[#6;R:6]=[OX1:7].[#0][N;R:8]([#6;R:9]=[OX1:10])[#6;R:11]=[OX1:12])"
)
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "vinyl addition": ("[#0][CX4:1]-[CX4:2][#0]>>[C:1]=[C:2]",),
    "1,4-addition of dienes": ("[#0][CX4:1][CX3:2]=[CX3:3][CX4:4][#0]>>[C:1]=[C:2][C:3]=[C:4]",),
    "cyclic olefin addition": ("[#0][CX4;R:1]-[CX4;R:2][#0]>>[C:1]=[C:2]",),
    "epoxide ring opening": ("[#0][CX4:1][CX4:2][OX2:3][#0]>>[C:1]1[C:2][O:3]1",),
    "lactone ring opening": ("([#0][OX2:1].[#0][CX3:2]=[OX1:3])>>[O:1][C:2]=[O:3]",),
    "lactam ring opening": ("([#0][NX3:1].[#0][CX3:2]=[OX1:3])>>[N:1][C:2]=[O:3]",),
    "hydroxy acid condensation": ("([#0][OX2:1].[#0][CX3:2]=[OX1:3])>>([O:1].O[C:2]=[O:3])",),
    "amino acid condensation": ("([#0][NX3:1].[#0][CX3:2]=[OX1:3])>>([N:1].O[C:2]=[O:3])",),
    "oxidative coupling of phenols": ("([#0][OX2:1].[#0][c:2])>>([O:1].[c:2])",),
    "ring-opening metathesis": ("([#0][CX3:1]=[CX3:2].[#0][CX4:3])>>[C:2]=[C:1][C:3]",),
    "alternating vinyl copolymerisation": ("[#0][CX4:1][CX4:2]-[CX4:3][CX4:4][#0]>>([C:1]=[C:2].[C:3]=[C:4])",),
    "alternating vinyl and cyclic olefin copolymerisation": (
        "[#0][CX4:1][CX4:2]-[CX4:3][CX4:4][#0]>>([C:1]=[C:2].[C:3]=[C:4])",
    ),
    "polyesterification of two hydroxy acids": (f"{_ESTER}>>([*:1].O[C:2]=[O:3].O[C:4]=[O:5].[*:6])",),
    "polyesterification": (f"{_ESTER}>>([*:1].O[C:2]=[O:3].O[C:4]=[O:5].[*:6])",),
    "polycarbonate formation": ("([#0][OX2,SX2:1].[OX2,SX2:2][CX3](=[OX1])[#0])>>([*:1].[*:2].[C-]#[O+])",),
    "anhydride and epoxide ring opening": (
        "([#0][CX3:1]=[OX1:2].[CX3:3](=[OX1:4])[OX2:5][CX4:6][CX4:7][OX2:8][#0])"
        ">>([*:1](=[*:2])[*:5][*:3]=[*:4].[*:6]1[*:7][*:8]1)",
    ),
    "aromatic substitution of dihalosulfones": (
        "([#0][c:1].[c:2]-[OX2:3].[#0][OX2:4])>>(Cl[c:1].Cl[c:2].[O:3].[O:4])",
        "([#0][c:1].[c:2]-[OX2:3].[#0][OX2:4])>>(F[c:1].F[c:2].[O:3].[O:4])",
    ),
    "aromatic substitution of difluorobenzophenone": (
        "([#0][c:1].[c:2]-[OX2:3].[#0][OX2:4])>>(F[c:1].F[c:2].[O:3].[O:4])",
    ),
    "polyamidation": (f"{_AMIDE}>>([N:1].O[C:2]=[O:3].O[C:4]=[O:5].[N:6])",),
    "polyamidation of two amino acids": (f"{_AMIDE}>>([N:1].O[C:2]=[O:3].O[C:4]=[O:5].[N:6])",),
    "polyimidation": (f"{_IMIDE}>>([#6:1]N.[#6:2]N.[#6:4](=[O:5])O[#6:6]=[O:7].[#6:9](=[O:10])O[#6:11]=[O:12])",),
    "polyoxazolidone formation": (
        "([#0][#6:1].[#6:2]-[N;R:3]1[C;R:4][C;R:5][O;R:6][C;R]1=[OX1].[#0][N;R:7]1[C;R:8][C;R:9][O;R:10][C;R]1=[OX1])"
        ">>([#6:1]N=C=O.[#6:2]N=C=O.[C:4]1[C:5][O:6]1.[C:8]1[C:9][O:10]1)",
    ),
    "polyurethane formation": (
        "([#0][OX2,SX2:1].[OX2,SX2:2]-[CX3:3](=[O,S;X1:4])[NX3;H1:5].[NX3;H1:6][CX3:7](=[O,S;X1:8])[#0])"
        ">>([*:1].[*:2].[*:4]=[*:3]=[N;H0:5].[N;H0:6]=[*:7]=[*:8])",
    ),
    "polyurea formation": (
        "([#0][NX3;H1:1].[NX3;H1:2]-[CX3:3](=[OX1:4])[NX3;H1:5].[NX3;H1:6][CX3:7](=[OX1:8])[#0])"
        ">>([N:1].[N:2].[*:4]=[*:3]=[N;H0:5].[N;H0:6]=[*:7]=[*:8])",
    ),
}
"""Disconnections by rule. They may propose too much: a route counts only if its forward application gives the unit back."""


@cache
def _disconnections() -> tuple[tuple[str, rdChemReactions.ChemicalReaction], ...]:
    found = []
    for rule in polymerisation_rules()[0]:
        for smarts in _TEMPLATES.get(rule.name, ()):
            reaction = rdChemReactions.ReactionFromSmarts(smarts)
            with rdBase.BlockLogs():
                reaction.Initialize()
            found.append((rule.name, reaction))
    return tuple(found)


@cache
def _names() -> dict[str, str]:
    """Names of the project's monomers by canonical SMILES."""
    return {_canonical(entry.smiles): entry.name for entry in common_monomers()}


def _canonical(smiles: str) -> str:
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))


def route(unit: RepeatUnit) -> Route | None:
    """Return a polymerisation and monomers that make a repeat unit, or None where none is known.

    Of several routes the one with the most monomers from the project's list of common ones comes first, then the one with the
    shortest monomers. Every route has been checked: its rule, applied to its monomers, gives the unit back.
    """
    found = routes(unit)
    return found[0] if found else None


def routes(unit: RepeatUnit) -> tuple[Route, ...]:
    """Return every route that the disconnections find, the best first; see `route`. Neither stereochemistry nor isotopes are looked at."""
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
        for name, reaction in _disconnections():
            for monomers in _precursors(reaction, plain if name == "polyimidation" else mol):
                label = (name, frozenset(monomers))
                if label not in found:
                    verified = _forward(name, monomers, key)
                    if verified is not None:
                        found[label] = verified
    known = _names()
    return tuple(
        sorted(
            found.values(),
            key=lambda item: (
                sum(monomer.smiles not in known for monomer in item.monomers),
                sum(len(monomer.smiles) for monomer in item.monomers),
            ),
        )
    )


def _spellings(key: str) -> Iterator[str]:
    """Yield the cuts of the unit, and those of two units where one may be half of what a reaction makes."""
    texts = backbone_cuts(key)
    yield from texts
    if len(texts) <= 2:
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
            if _is_strained(product):
                continue
            parts = tuple(sorted(Chem.MolToSmiles(product).split(".")))
            if len(parts) <= 2 and not any("*" in part for part in parts):
                found.add(parts)
    return found


def _is_strained(mol: Chem.Mol) -> bool:
    """Return whether a ring bridges an aromatic one, as in a cyclic anhydride of terephthalic acid: no such monomer exists."""
    bridgeheads: list[int] = []
    # The types that RDKit ships name another class here.
    rdMolDescriptors.CalcNumBridgeheadAtoms(mol, bridgeheads)  # type: ignore[arg-type]
    return any(mol.GetAtomWithIdx(index).GetIsAromatic() for index in bridgeheads)


def _forward(name: str, monomers: tuple[str, ...], key: str) -> Route | None:
    """Return the route if its rule turns the monomers into the polymer."""
    known = _names()
    library = MonomerLibrary.of([Entry(known.get(_canonical(text), ""), text) for text in monomers])
    rule = next(rule for rule in polymerisation_rules()[0] if rule.name == name)
    for members in library.pairs(rule):
        if len({monomer.smiles for monomer, _ in members}) != len(monomers):
            continue
        for text in rule.products([mol for _, mol in members]):
            try:
                made = RepeatUnit.from_psmiles(text, elements=None).key
            except InvalidRepeatUnit:
                continue
            if made == key:
                return Route(rule.name, rule.polymer, tuple(Monomer(m.name, m.smiles) for m, _ in members))
    return None
