"""Polymers with experimental data, for comparison."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class KnownPolymer:
    """A polymer with measured properties.

    Attributes:
        name: Its name.
        abbreviation: Its name in plots.
        psmiles: Its repeat unit.
        values: Registry name to value in the registry's unit.
        source: Source of the values.
    """

    name: str
    abbreviation: str
    psmiles: str
    values: dict[str, float]
    source: str


@cache
def known_polymers() -> tuple[KnownPolymer, ...]:
    """Return the polymers of `known.csv`."""
    text = files("designer.report").joinpath("known.csv").read_text(encoding="utf-8")
    head = ("name", "abbreviation", "psmiles", "source")
    return tuple(
        KnownPolymer(
            name=row["name"],
            abbreviation=row["abbreviation"],
            psmiles=row["psmiles"],
            values={name: float(value) for name, value in row.items() if name not in head and value},
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def known_with(names: Sequence[str]) -> list[KnownPolymer]:
    """Return the known polymers with a value of each of these properties."""
    return [known for known in known_polymers() if all(name in known.values for name in names)]
