"""`designer route` and `designer enumerate`."""

import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from designer.cli.checks import at_least
from designer.cli.options import Json
from designer.cli.output import answer_stream, write_json
from designer.cli.tables import count
from designer.errors import InvalidRequest
from designer.store.routes import UNLABELLED, is_labelled, route_document
from generators import MonomerLibrary, Route, enumerate_polymers, read_list, routes
from generators.cells import TableWriter
from mdcore.chem import InvalidRepeatUnit, RepeatUnit
from mdcore.chem.files import replacing_text

TELL_EVERY = 10_000


def route_command(
    psmiles: Annotated[str, typer.Argument(help="Repeat unit with two stars, for example '*CC(*)c1ccccc1'.")],
    as_json: Json = False,
) -> int:
    """Find monomers and polymerisations that form a repeat unit."""
    with answer_stream() as stream:
        unit = RepeatUnit.from_psmiles(psmiles)
        found = routes(unit)
        if as_json:
            shown = [route_document(route) for route in found]
            labels = {"unlabelled": True} if is_labelled(unit.key) else {}
            write_json(stream, {"psmiles": unit.psmiles, "key": unit.key, **labels, "routes": shown})
            return 0
        if found and is_labelled(unit.key):
            stream.write(f"routes {UNLABELLED}: isotope labels are ignored\n")
        for route in found:
            stream.write(f"{route}\n    {route.conditions}\n")
            stream.writelines(f"    {monomer.name}: {monomer.smiles}\n" for monomer in route.monomers)
        if not found:
            stream.write("no route known\n")
    return 0


def enumerate_command(
    monomers: Annotated[
        Path,
        typer.Argument(help="List of monomers: a table (CSV, .xlsx, Parquet) with a column smiles, or a SMILES file."),
    ],
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    limit: Annotated[int | None, typer.Option(help="Maximum number of rows.")] = None,
    as_json: Json = False,
) -> int:
    """Write all repeat units that a list of monomers can form."""
    with answer_stream() as stream:
        if limit is not None:
            at_least("--limit", limit, 1)
        entries = read_list(monomers)
        library = MonomerLibrary.of(entries)
        for monomer, why in library.refused:
            sys.stderr.write(f"monomer {monomer.name} is impossible ({why}) and left out\n")
        counts = Counter[str]()
        with replacing_text(out, newline="") as file:
            table = TableWriter(file)
            table.row(("psmiles", "reaction", "polymer", "monomer_1", "monomer_2", "sequence"))
            for key, route in islice(_distinct(library, counts), limit):
                smiles = [monomer.smiles for monomer in route.monomers]
                second = smiles[1] if smiles[1:] else ""
                table.row((key, route.reaction, route.polymer, smiles[0], second, route.sequence))
                counts["rows"] += 1
                if counts["rows"] % TELL_EVERY == 0:
                    sys.stderr.write(f"{counts['rows']} repeat units\n")
            if not counts["rows"]:
                raise InvalidRequest(
                    f"{monomers}: no rule forms a repeat unit from its {count(len(entries), 'structure')}; "
                    "give monomers as C=CC(=O)OC, not repeat units"
                )
        names = ("rows", "repeated", "refused")
        if as_json:
            write_json(stream, {"out": str(out), **{name: counts[name] for name in names}})
        else:
            again = f"; {counts['repeated']} further routes lead to the same units" if counts["repeated"] else ""
            stream.write(f"{counts['rows']} repeat units in {out}{again}\n")
    return 0


def _distinct(library: MonomerLibrary, counts: Counter[str]) -> Iterator[tuple[str, Route]]:
    """Yield each key once; digests of 16 bytes of the keys are kept, about 100 MB for a million."""
    seen: set[bytes] = set()
    for text, route in enumerate_polymers(library):
        try:
            key = RepeatUnit.canonical(text).key
        except InvalidRepeatUnit:
            counts["refused"] += 1
            continue
        digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
        if digest in seen:
            counts["repeated"] += 1
            continue
        seen.add(digest)
        yield key, route
