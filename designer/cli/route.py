"""`designer route` and `designer enumerate`."""

import csv
import sys
from itertools import islice
from pathlib import Path

from designer.cli.checks import at_least
from designer.cli.output import answer_stream, write_json
from designer.store.routes import route_document
from generators import MonomerLibrary, enumerate_polymers, read_list, routes
from mdcore.chem import InvalidRepeatUnit, RepeatUnit

TELL_EVERY = 10_000


def route_command(psmiles: str, *, as_json: bool) -> int:
    """Tell which polymerisations of which monomers make a repeat unit, the best first."""
    with answer_stream() as stream:
        unit = RepeatUnit.from_psmiles(psmiles)
        found = routes(unit)
        if as_json:
            shown = [route_document(route) for route in found]
            write_json(stream, {"psmiles": unit.psmiles, "key": unit.key, "routes": shown})
            return 0
        for route in found:
            stream.write(f"{route}\n")
            stream.writelines(f"    {monomer.name}: {monomer.smiles}\n" for monomer in route.monomers)
        if not found:
            stream.write("no route known\n")
    return 0


def enumerate_command(monomers: Path, out: Path, limit: int | None, *, as_json: bool) -> int:
    """Write every repeat unit that the rules make from a list of monomers, one row at a time."""
    with answer_stream() as stream:
        if limit is not None:
            at_least("--limit", limit, 1)
        library = MonomerLibrary.of(read_list(monomers))
        rows = refused = 0
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("psmiles", "reaction", "polymer", "monomer_1", "monomer_2"))
            for text, route in islice(enumerate_polymers(library), limit):
                try:
                    key = RepeatUnit.canonical(text).key
                except InvalidRepeatUnit:
                    refused += 1
                    continue
                smiles = [monomer.smiles for monomer in route.monomers]
                writer.writerow((key, route.reaction, route.polymer, smiles[0], smiles[1] if smiles[1:] else ""))
                rows += 1
                if rows % TELL_EVERY == 0:
                    sys.stderr.write(f"{rows} repeat units\n")
        if as_json:
            write_json(stream, {"out": str(out), "rows": rows, "refused": refused})
        else:
            stream.write(f"{rows} repeat units in {out}\n")
    return 0
