"""Loading of a corpus: the shipped file, or a cache of corpora that were built before."""

import csv
import gzip
import hashlib
import io
import json
import zlib
from dataclasses import replace
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path

from generators.corpus import Corpus, CorpusEntry, CorpusSettings, Progress, build_corpus, inputs_digest
from generators.errors import InvalidList
from mdcore.chem import RepeatUnit
from mdcore.chem.files import write_whole

SHIPPED = "corpus.csv.gz"
"""The default corpus, in `generators/data`; `python -m generators.corpus_cache` builds it again."""
BUILT_FROM = "corpus.json"
"""Record of the inputs of the shipped corpus."""
_COLUMNS = ("key", "source", "polymer", "detail")


def load_corpus(
    settings: CorpusSettings | None = None, cache_dir: Path | None = None, progress: Progress | None = None
) -> Corpus:
    """Return a corpus: the default one from the shipped file, others from the cache if they were built before.

    Args:
        settings: Contents of the corpus.
        cache_dir: Cache folder; by default `polymer-designer` in the user's cache folder.
        progress: Called with the fraction built, 0 to 1.

    Raises:
        InvalidList: A user's list cannot be read, or the corpus would be empty.
    """
    settings = settings if settings is not None else CorpusSettings()
    if cache_dir is None:
        from platformdirs import user_cache_path

        cache_dir = user_cache_path("polymer-designer")
    path = Path(cache_dir) / f"corpus-{_fingerprint(settings)}.csv.gz"
    if settings == CorpusSettings() and _ships(rdkit=True):
        with as_file(_data(SHIPPED)) as path:
            corpus = unpack(path.read_bytes())
    elif (cached := _cached(path)) is not None:
        corpus = cached
    else:
        shipped = settings == CorpusSettings() and _ships(rdkit=False)
        corpus = _rekeyed(unpack(_data(SHIPPED).read_bytes())) if shipped else build_corpus(settings, progress)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, pack(corpus))
    if progress is not None:
        progress(1.0)
    return replace(corpus, path=path)


def _cached(path: Path) -> Corpus | None:
    """Return a cached corpus, or None if there is no readable file."""
    try:
        return unpack(path.read_bytes())
    except (EOFError, OSError, ValueError, KeyError, zlib.error):
        return None


def pack(corpus: Corpus) -> bytes:
    """Return a corpus as a compressed CSV file, deterministic for a given corpus."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows((entry.key, entry.source, entry.polymer, entry.detail) for entry in corpus.entries)
    writer.writerows(("", "skipped", "", reason) for reason in corpus.skipped)
    return gzip.compress(text.getvalue().encode(), mtime=0)


def unpack(data: bytes) -> Corpus:
    """Return the corpus that `pack` wrote.

    Raises:
        ValueError: The columns differ. A damaged file raises the errors of `gzip`.
    """
    rows = csv.DictReader(io.StringIO(gzip.decompress(data).decode()))
    if tuple(rows.fieldnames or ()) != _COLUMNS:
        raise ValueError(f"a corpus must have the columns {', '.join(_COLUMNS)}, got {rows.fieldnames}; build it again")
    entries = [CorpusEntry(*(row[column] for column in _COLUMNS)) for row in rows]
    return Corpus(
        tuple(entry for entry in entries if entry.key), tuple(entry.detail for entry in entries if not entry.key)
    )


def write_shipped(folder: Path) -> Corpus:
    """Build the default corpus and write it to a folder, with a record of its inputs."""
    corpus = build_corpus(CorpusSettings())
    write_whole(folder / SHIPPED, pack(corpus))
    write_whole(folder / BUILT_FROM, json.dumps({"inputs": inputs_digest(), "rdkit": _rdkit()}, indent=1) + "\n")
    return corpus


def _ships(*, rdkit: bool) -> bool:
    """Return whether the shipped corpus was built from the present lists and rules and, with `rdkit`, this version of RDKit."""
    built_from = json.loads(_data(BUILT_FROM).read_text(encoding="utf-8"))
    return built_from["inputs"] == inputs_digest() and (not rdkit or built_from["rdkit"] == _rdkit())


def _data(name: str) -> Traversable:
    return files("generators") / "data" / name


def _rekeyed(corpus: Corpus) -> Corpus:
    """Return the corpus with keys of this version of RDKit, because canonical SMILES may differ between versions."""
    entries: dict[str, CorpusEntry] = {}
    for entry in corpus.entries:
        key = RepeatUnit.from_psmiles(entry.key).key
        entries.setdefault(key, replace(entry, key=key))
    return Corpus(tuple(entries.values()), corpus.skipped)


def _fingerprint(settings: CorpusSettings) -> str:
    digest = hashlib.sha256()
    # Without the defaults: a setting that a later version adds leaves the name as it was.
    stated = settings.model_dump(mode="json", exclude_defaults=True)
    digest.update(json.dumps([_rdkit(), stated, inputs_digest()]).encode())
    for path in (settings.polymers, settings.monomers):
        if path is not None:
            try:
                digest.update(path.read_bytes())
            except OSError as error:
                raise InvalidList(
                    f"list {path} cannot be read ({error.strerror}); give a UTF-8 CSV or SMILES file"
                ) from error
    return digest.hexdigest()[:20]


def _rdkit() -> str:
    from rdkit import rdBase

    return str(rdBase.rdkitVersion)


if __name__ == "__main__":
    write_shipped(Path(str(_data(""))))
