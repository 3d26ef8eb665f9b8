"""The training corpus of the language models."""

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
"""Incremented whenever the same settings give a different corpus."""

Progress = Callable[[float], None]


class CorpusSettings(Settings):
    """Contents of a corpus.

    Attributes:
        known: Include the built-in list of known polymers.
        reactions: Include the repeat units that the polymerisation rules generate from the monomers.
        polymers: Additional list of repeat units (a table with a column psmiles or smiles, or a SMILES file).
        monomers: List of monomers to use instead of the built-in one.
        max_per_rule: Maximum number of polymerisations per rule, evenly distributed over its pairs of monomers, to balance the
            polymer classes; null for all.
        max_per_class: Maximum number of generated repeat units per polymer class, evenly distributed; null for all.
        max_heavy_atoms: Maximum number of heavy atoms of a repeat unit; larger ones are excluded.
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
        source: `known`, `user` or `reaction`; the first that contains it.
        polymer: Class of the polymer, empty if unknown.
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
        skipped: Entries of a user's list that are not valid repeat units, with the reason.
        path: File of the corpus, cached or shipped.
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
        """Return the number of repeat units by source and by polymer class."""
        return {
            "source": dict(Counter(entry.source for entry in self.entries)),
            "polymer": dict(Counter(entry.polymer or "unknown" for entry in self.entries)),
        }

    @classmethod
    def of(cls, keys: Collection[str], source: str = "user") -> Self:
        """Return a corpus of canonical keys without further information."""
        return cls(tuple(CorpusEntry(key, source, "", "") for key in dict.fromkeys(keys)))


def build_corpus(settings: CorpusSettings, progress: Progress | None = None) -> Corpus:
    """Build a corpus without using the cache; see `generators.corpus_cache.load_corpus`.

    Raises:
        InvalidList: A user's list cannot be read, or the corpus would be empty.
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
            "the corpus settings give an empty corpus; set known or reactions to true, or give a list of valid pSMILES in polymers"
        )
    chosen = _balanced(list(entries.values()), settings.max_per_class)
    return Corpus(tuple(chosen), tuple(skipped))


def _balanced(entries: list[CorpusEntry], limit: int | None) -> list[CorpusEntry]:
    """Keep at most `limit` generated repeat units of each class, evenly distributed over their order."""
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
    """Remove stereochemistry, which the language models do not represent."""
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
    """Return a digest of all inputs of a corpus except the settings."""
    digest = hashlib.sha256(str(VERSION).encode())
    for name in ("known_polymers.csv", "monomers.csv", "polymerisation.yaml", "motifs.yaml"):
        digest.update(built_in(name).encode())
    return digest.hexdigest()
