"""`designer corpus`."""

import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer
from pydantic import ValidationError
from rich.table import Table

from designer.cli.options import Json, Known, OwnMonomers, PerClass, PerRule, Polymers, Reactions
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.config.messages import one_line
from designer.console import VisibleConsole
from designer.errors import InvalidRequest
from designer.text import told_in_quarters
from generators import Corpus, CorpusSettings, load_corpus
from generators.cells import TableWriter
from mdcore.chem.files import replacing_text

MOST_SHOWN = 20
"""Maximum number of unusable lines that are printed."""


def corpus_settings(
    polymers: Path | None,
    monomers: Path | None,
    known: bool,
    reactions: bool,
    max_per_rule: int | None,
    max_per_class: int | None,
) -> CorpusSettings:
    """Return the settings of a corpus from the options.

    Raises:
        InvalidRequest: A value is invalid.
    """
    try:
        return CorpusSettings(
            known=known,
            reactions=reactions,
            polymers=polymers,
            monomers=monomers,
            max_per_rule=max_per_rule or None,
            max_per_class=max_per_class,
        )
    except ValidationError as error:
        raise InvalidRequest(f"corpus: {one_line(error, CorpusSettings)}") from error


def corpus_command(
    polymers: Polymers = None,
    monomers: OwnMonomers = None,
    known: Known = True,
    reactions: Reactions = True,
    max_per_rule: PerRule = 3000,
    max_per_class: PerClass = None,
    out: Annotated[Path | None, typer.Option(help="CSV file to write the repeat units to.")] = None,
    as_json: Json = False,
) -> int:
    """Count the repeat units of a corpus, by source and class."""
    settings = corpus_settings(polymers, monomers, known, reactions, max_per_rule, max_per_class)
    with answer_stream() as stream:
        corpus = load_corpus(settings, progress=told_in_quarters("building the corpus", _tell))
        if out is not None:
            _write(corpus, out)
        if as_json:
            write_json(
                stream,
                {
                    "units": len(corpus),
                    **corpus.summary(),
                    "skipped": list(corpus.skipped),
                    "cache": str(corpus.path) if corpus.path else None,
                    "out": str(out) if out else None,
                },
            )
        else:
            _print(stream, corpus, out)
    return 0


def _write(corpus: Corpus, out: Path) -> None:
    with replacing_text(out, newline="") as file:
        table = TableWriter(file)
        table.row(("psmiles", "source", "polymer", "detail"))
        table.rows((entry.key, entry.source, entry.polymer, entry.detail) for entry in corpus.entries)


def _print(stream: TextIO, corpus: Corpus, out: Path | None) -> None:
    stream.write(f"{len(corpus)} distinct repeat units\n\n")
    names = {"source": "Source", "polymer": "Class of polymer"}
    for what, counts in corpus.summary().items():
        table = Table(box=None, pad_edge=False)
        table.add_column(names[what])
        table.add_column("Repeat units", justify="right")
        table.add_column("Share", justify="right")
        for name, number in sorted(counts.items(), key=lambda item: -item[1]):
            table.add_row(name, str(number), f"{100 * number / len(corpus):.1f} %")
        VisibleConsole(file=stream, width=None if stream.isatty() else 100).print(table)
        stream.write("\n")
    if corpus.skipped:
        stream.write(f"{count(len(corpus.skipped), 'line')} of the list left out:\n")
        stream.writelines(f"  {reason}\n" for reason in corpus.skipped[:MOST_SHOWN])
        if len(corpus.skipped) > MOST_SHOWN:
            stream.write(f"  and {len(corpus.skipped) - MOST_SHOWN} more; --json lists all\n")
    stream.write(f"Cached in {corpus.path}\n")
    if out is not None:
        stream.write(f"Written to {out}\n")


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
