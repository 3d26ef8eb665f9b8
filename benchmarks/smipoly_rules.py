"""The polymerisation rules compared with those of the package SMiPoly, for its 1,083 monomers.

    python -m benchmarks.smipoly_rules --json [--quick]

Both generate all repeat units from the same monomers, except pairs of vinyl monomers, whose number is not informative about the rules:
for these, the monomers are compared. Units are compared by canonical key. For each unit that only SMiPoly generates, the first
condition of our monomer class that a monomer does not meet is counted under SMiPoly's rule. Needs the package `smipoly`
and `shared/data` beside the repository.
"""

import contextlib
import os
import pickle
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.resources import files

import pandas as pd
from rdkit import Chem, rdBase

from benchmarks.common import DATA, answer, command_line, figure
from generators.lists import Entry
from generators.synthesis.library import MonomerLibrary
from generators.synthesis.monomer_class import Alternative, MonomerClass, count_groups
from generators.synthesis.rules import polymerisation_rules, rules_by_name
from generators.synthesis.stability import impossible
from mdcore.chem import InvalidRepeatUnit, RepeatUnit

VINYL = ("radical polymerisation", "coordination polymerisation", "cationic polymerisation", "anionic polymerisation")
CYCLIC = ("cyclic olefin addition", "cationic cyclic olefin addition", "radical cyclic olefin addition")
COUNTERPARTS = {
    1: VINYL,
    2: ("epoxide ring opening",),
    3: CYCLIC,
    4: ("lactone ring opening",),
    5: ("lactam ring opening",),
    6: ("hydroxy acid condensation",),
    7: ("amino acid condensation", "phosphorylating amino acid condensation"),
    8: ("oxidative coupling of phenols",),
    104: ("polyesterification", "polyesterification of diacid chlorides", "polythioesterification"),
    105: ("polyesterification of two hydroxy acids",),
    106: ("interfacial polycarbonate synthesis",),
    108: ("polyamidation", "polyamidation of diacid chlorides", "phosphorylation polyamidation"),
    109: ("polyamidation of two amino acids",),
    110: ("polyimidation",),
    111: ("polyurethane formation", "polythiourethane formation"),
    112: ("anhydride and epoxide ring opening",),
    113: ("polyoxazolidone formation",),
    114: ("aromatic substitution of dihalosulfones",),
    115: ("aromatic substitution of dihaloketones",),
    1050: ("ring-opening metathesis",),
}
"""Our rules by the number of SMiPoly's rule."""
HOMOPOLYMERS = {1: "vinyl", 3: "cOle", 1050: "cycCH"}
"""SMiPoly's rules for a single olefin monomer, with its class of the monomer."""
ANOTHER = "ours makes another unit"
PAIRS = ("vinyl copolymerisation", "vinyl copolymerisation with an internal olefin")


def main() -> None:
    arguments = command_line(__doc__, "every tenth monomer").parse_args()
    table = pd.read_csv(DATA / "smipoly" / "202207_smip_monset.csv")
    smiles = list(table["SMILES"])[:: 10 if arguments.quick else 1]
    classified, theirs = peer(smiles)
    library = MonomerLibrary.of([Entry("", text) for text in smiles])
    ours = own(library)
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    only: Counter[str] = Counter()
    for key, (number, monomers) in theirs.items():
        if key not in ours:
            only[name_of(number)] += 1
            reasons[name_of(number)][why_not(number, monomers)] += 1
    fresh = Counter(rule for key, rule in ours.items() if key not in theirs)
    vinyl = {canonical(text) for text in classified.loc[classified["vinyl"], "smip_cand_mons"]}
    own_vinyl = {monomer.smiles for monomer, _ in library.members["vinyl comonomer"]}
    figures = {
        "monomers": figure(len(smiles), "1"),
        "monomers_that_cannot_exist": figure(len(library.refused), "1"),
        "repeat_units": figure(len(ours), "1", None, len(theirs)),
        "repeat_units_of_both": figure(len(ours.keys() & theirs.keys()), "1"),
        "repeat_units_of_ours_alone": figure(sum(fresh.values()), "1"),
        "repeat_units_of_the_peer_alone": figure(sum(only.values()), "1"),
        "repeat_units_of_the_peer_alone_from_monomers_that_ours_takes": figure(
            sum(n for counts in reasons.values() for why, n in counts.items() if why.startswith(ANOTHER)), "1"
        ),
        "vinyl_monomers_in_pairs": figure(len(own_vinyl), "1", None, len(vinyl)),
        "vinyl_monomers_of_both": figure(len(own_vinyl & vinyl), "1"),
    }
    answer(
        "smipoly_rules",
        figures,
        keep=not arguments.quick,
        peer_alone={rule: dict(counts.most_common(12)) for rule, counts in sorted(reasons.items())},
        ours_alone=dict(fresh.most_common()),
        vinyl_of_the_peer_alone=sorted(vinyl - own_vinyl),
        vinyl_of_ours_alone=sorted(own_vinyl - vinyl),
        refused={monomer.smiles: why for monomer, why in library.refused},
    )


def name_of(number: int) -> str:
    """Return SMiPoly's number of a rule with our name."""
    return f"{number} ({COUNTERPARTS[number][0] if number not in (1, 3) else {1: 'vinyl', 3: 'cyclic olefin'}[number]})"


def canonical(smiles: str) -> str:
    mol = Chem.MolFromSmiles(smiles)
    Chem.RemoveStereochemistry(mol)
    return Chem.MolToSmiles(mol)


def key_of(text: str) -> str | None:
    try:
        return RepeatUnit.canonical(text.replace("@", "").replace("/", "").replace("\\", "")).key
    except InvalidRepeatUnit:
        return None


def own(library: MonomerLibrary) -> dict[str, str]:
    """Return the keys generated by our rules with the first rule of each, except vinyl pairs."""
    found: dict[str, str] = {}
    for rule in polymerisation_rules()[0]:
        if rule.name not in PAIRS:
            for members in library.pairs(rule):
                for text in rule.products([mol for _, mol in members]):
                    if (key := key_of(text)) is not None:
                        found.setdefault(key, rule.name)
    return found


def peer(smiles: list[str]) -> tuple[pd.DataFrame, dict[str, tuple[int, tuple[str, ...]]]]:
    """Return SMiPoly's classes of the monomers, and the keys that it generates with the rule and monomers of each."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    with warnings.catch_warnings(), rdBase.BlockLogs():
        warnings.simplefilter("ignore")
        from smipoly.smip import monc, polg

        classified = monc.moncls(pd.DataFrame({"SMILES": smiles}), "SMILES")
        # SMiPoly prints the names of its classes.
        with contextlib.redirect_stdout(sys.stderr):
            olefins = monc.olecls(classified[["SMILES"]].copy(), "SMILES")["ole_cls"]
        classified["cycCH"] = [row["cycCH"][0] is True for row in olefins]
        made = polg.biplym(classified, targ=["exc_ole"])
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for row in made.itertuples():
        for text in flatten(row.polym):
            if text.count("*") == 2 and (key := key_of(text)) is not None:
                monomers = tuple(one for one in (row.mon1, row.mon2) if isinstance(one, str) and one)
                found.setdefault(key, (int(row.Ps_rxnL), monomers))
    reactions = pickle.loads((files("smipoly") / "rules" / "ps_rxn.pkl").read_bytes())  # noqa: S301 - a file of the installed package
    for number, column in HOMOPOLYMERS.items():
        for text in classified.loc[classified[column].astype(bool), "smip_cand_mons"]:
            for unit in run(reactions[number], text):
                if (key := key_of(unit)) is not None:
                    found.setdefault(key, (number, (text,)))
    return classified, found


def flatten(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from flatten(item)


def run(reaction, smiles: str) -> set[str]:
    found = set()
    with rdBase.BlockLogs():
        for product, *_ in reaction.RunReactants((Chem.MolFromSmiles(smiles),)):
            try:
                Chem.SanitizeMol(product)
            except (Chem.MolSanitizeException, ValueError):
                continue
            text = Chem.MolToSmiles(product)
            if text.count("*") == 2 and "." not in text:
                found.add(text)
    return found


def why_not(number: int, monomers: tuple[str, ...]) -> str:
    """Return the first condition of our classes that a monomer of SMiPoly's rule does not meet."""
    mols = [Chem.MolFromSmiles(text) for text in monomers]
    for mol in mols:
        if (motif := impossible(mol)) is not None:
            return f"monomer cannot exist: {motif}"
    if number == 106:
        return "a diol and carbon monoxide: ours takes phosgene or diphenyl carbonate"
    classes = polymerisation_rules()[1]
    shortest: list[str] = []
    for name in COUNTERPARTS[number]:
        names = rules_by_name()[name].classes
        orders = [mols, mols[::-1]] if len(mols) == 2 else [mols]
        for order in orders:
            missed = [
                why
                for mol, wanted in zip(order, names, strict=True)
                if (why := first_miss(classes[wanted], mol)) is not None
            ]
            if missed and (not shortest or len(missed) < len(shortest)):
                shortest = missed
    return shortest[0] if shortest else f"{ANOTHER}: {COUNTERPARTS[number][0]}"


def first_miss(monomer_class: MonomerClass, mol: Chem.Mol) -> str | None:
    """Return the condition that excludes a molecule from a class, for the alternative that it is closest to."""
    if mol in monomer_class:
        return None
    misses = [_miss(alternative, monomer_class, mol) for alternative in monomer_class.alternatives]
    return f"{monomer_class.name}: {min(misses, key=lambda miss: miss[0])[1]}"


def _miss(alternative: Alternative, monomer_class: MonomerClass, mol: Chem.Mol) -> tuple[int, str]:
    groups = monomer_class.groups
    for group in alternative.refuses:
        if mol.HasSubstructMatch(groups[group]):
            interfering = f"{group} interferes"
            break
    else:
        interfering = ""
    for names, number in alternative.needs:
        found = count_groups(mol, [groups[name] for name in names])
        if found != number:
            return (2, f"{found} of {' or '.join(names)} where {number} are needed")
    for name, number in alternative.at_most:
        found = count_groups(mol, [groups[name]])
        if found > number:
            return (1, f"{found} of {name} where {number} may be")
    return (0, interfering)


if __name__ == "__main__":
    main()
