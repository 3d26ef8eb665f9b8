"""The repeat units that language models learn from."""

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import Field

from generators.errors import InvalidList
from generators.lists import built_in, common_monomers, known_polymers, read_list
from generators.synthesis.library import MonomerLibrary, enumerate_polymers
from generators.synthesis.rule import Rule
from generators.synthesis.rules import polymerisation_rules
from mdcore.chem import InvalidRepeatUnit, RepeatUnit
from mdcore.chem.settings import Settings

VERSION = 2
"""Raised whenever the same settings give another corpus."""

Progress = Callable[[float], None]


class CorpusSettings(Settings):
    """What a corpus holds.

    Attributes:
        known: Include the project's list of known polymers.
        reactions: Include what the polymerisation rules make from the monomers.
        polymers: A user's own list of repeat units (a table with a column psmiles or smiles, or a SMILES file).
        monomers: A user's own monomers, in place of the project's list.
        max_per_rule: Most polymerisations of each rule, spread evenly over its pairs of monomers, so that no class drowns
            the others; None for all.
        max_per_class: Most repeat units that the reactions give each class of polymer, spread evenly over what they make; None
            for all.
        max_heavy_atoms: Larger repeat units are left out.
    """

    known: bool = True
    reactions: bool = True
    polymers: Path | None = None
    monomers: Path | None = None
    max_per_rule: int | None = Field(default=3000, ge=1)
    max_per_class: int | None = Field(default=None, ge=1)
    max_heavy_atoms: int = Field(default=70, ge=2)


@dataclass(frozen=True)
class CorpusEntry:
    """One repeat unit of a corpus.

    Attributes:
        key: Canonical key, itself a pSMILES.
        source: `known`, `user` or `reaction`; the first that brought it.
        polymer: Class of the polymer, empty where it is not known.
        detail: Name of a known polymer; polymerisation and monomers of the others.
    """

    key: str
    source: str
    polymer: str
    detail: str


@dataclass(frozen=True)
class Corpus:
    """Distinct repeat units.

    Attributes:
        entries: The repeat units, known ones first.
        skipped: Lines of a user's list that are no repeat units the engine can use, with the reason.
        path: File that holds it: in the cache, or the one that is shipped.
    """

    entries: tuple[CorpusEntry, ...]
    skipped: tuple[str, ...] = ()
    path: Path | None = field(default=None, compare=False)
    keys: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset(entry.key for entry in self.entries))

    @property
    def units(self) -> Sequence[str]:
        """Canonical keys of the repeat units."""
        return tuple(entry.key for entry in self.entries)

    def __contains__(self, key: object) -> bool:
        """Return whether a canonical key, or a repeat unit, is in the corpus."""
        return (key.key if isinstance(key, RepeatUnit) else key) in self.keys

    def __len__(self) -> int:
        """Return the number of distinct repeat units."""
        return len(self.entries)

    def summary(self) -> dict[str, dict[str, int]]:
        """Return how many repeat units there are by source and by class of polymer."""
        return {
            "source": dict(Counter(entry.source for entry in self.entries)),
            "polymer": dict(Counter(entry.polymer or "unknown" for entry in self.entries)),
        }

    @classmethod
    def of(cls, keys: Collection[str], source: str = "user") -> Self:
        """Return a corpus of canonical keys without further knowledge about them."""
        return cls(tuple(CorpusEntry(key, source, "", "") for key in dict.fromkeys(keys)))


def build_corpus(settings: CorpusSettings, progress: Progress | None = None) -> Corpus:
    """Build a corpus without looking at the cache; see `generators.corpus_cache.load_corpus`.

    Raises:
        InvalidList: A user's list cannot be read, or the settings leave nothing.
    """
    skipped: list[str] = []
    entries: dict[str, CorpusEntry] = {}
    for text, source, polymer, detail in _candidates(settings, progress):
        try:
            unit = RepeatUnit.from_psmiles(_flat(text))
        except InvalidRepeatUnit as error:
            if source == "user":
                skipped.append(str(error))
            continue
        if unit.key not in entries and unit.n_heavy_atoms <= settings.max_heavy_atoms:
            entries[unit.key] = CorpusEntry(unit.key, source, polymer, detail)
    if not entries:
        raise InvalidList(
            "the corpus settings leave no repeat unit; allow known polymers, reactions or give a list with valid pSMILES"
        )
    chosen = _balanced(list(entries.values()), settings.max_per_class)
    return Corpus(tuple(chosen), tuple(skipped))


def _balanced(entries: list[CorpusEntry], limit: int | None) -> list[CorpusEntry]:
    """Keep at most `limit` repeat units of each class that the reactions make, evenly spread over their order."""
    if limit is None:
        return entries
    sizes = Counter(entry.polymer for entry in entries if entry.source == "reaction")
    seen: Counter[str] = Counter()
    kept = []
    for entry in entries:
        size = sizes[entry.polymer]
        if entry.source == "reaction" and size > limit:
            number = seen[entry.polymer]
            seen[entry.polymer] += 1
            if (number + 1) * limit // size == number * limit // size:
                continue
        kept.append(entry)
    return kept


def _flat(text: str) -> str:
    """Drop the marks of stereochemistry, which the language models do not write."""
    return text.replace("@", "").replace("/", "").replace("\\", "")


def _candidates(settings: CorpusSettings, progress: Progress | None) -> Iterator[tuple[str, str, str, str]]:
    if settings.known:
        for entry, polymer in zip(known_polymers(), _families(), strict=True):
            yield entry.smiles, "known", polymer, entry.name
    if settings.polymers is not None:
        for entry in read_list(settings.polymers):
            yield entry.smiles, "user", "", entry.name
    if not settings.reactions:
        return
    monomers = read_list(settings.monomers) if settings.monomers is not None else common_monomers()
    library = MonomerLibrary.of(monomers)
    sizes = {rule.name: library.size(rule) for rule in polymerisation_rules()[0]}
    limit = settings.max_per_rule
    total = sum(size if limit is None else min(size, limit) for size in sizes.values())
    done = 0

    def keep(rule: Rule, number: int) -> bool:
        nonlocal done
        size = sizes[rule.name]
        if limit is not None and size > limit and (number + 1) * limit // size == number * limit // size:
            return False
        done += 1
        if progress is not None and done % 50 == 0:
            progress(min(1.0, done / total))
        return True

    for text, route in enumerate_polymers(library, keep):
        detail = f"{route.reaction}: {' + '.join(monomer.name for monomer in route.monomers)}"
        yield text, "reaction", route.polymer, detail


def _families() -> list[str]:
    return [row["family"] for row in csv.DictReader(built_in("known_polymers.csv").splitlines())]


def inputs_digest() -> str:
    """Return a digest of everything but the settings that decides what a corpus holds."""
    digest = hashlib.sha256(str(VERSION).encode())
    for name in ("known_polymers.csv", "monomers.csv", "polymerisation.yaml", "motifs.yaml"):
        digest.update(built_in(name).encode())
    return digest.hexdigest()
