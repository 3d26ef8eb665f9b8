"""The table of atomic, bond and ring refractions."""

# Spectral lines keep their capital letters.

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from rdkit import Chem


@dataclass(frozen=True)
class Increment:
    """One row of the table.

    Attributes:
        kind: `atom` (the pattern's first atom), `bond` (its first two atoms) or `ring` (the pattern is the ring's size).
        name: Human-readable name, also used in flags.
        pattern: SMARTS, or the ring's size.
        r_C: Contribution at 656.3 nm, in cm3/mol.
        r_D: At 589.3 nm.
        r_F: At 486.1 nm.
        r_g: At 435.8 nm, None if not known.
        relative_error: Relative standard error of this row in addition to that of the method.
        dispersion_error: The same for `r_F - r_C`.
        source: Source of the value.
    """

    kind: Literal["atom", "bond", "ring"]
    name: str
    pattern: str
    r_C: float
    r_D: float
    r_F: float
    r_g: float | None
    relative_error: float
    dispersion_error: float
    source: str

    @property
    def is_estimate(self) -> bool:
        """Whether the value is an estimate without a measured compound."""
        return self.source.startswith("estimate")

    @property
    def query(self) -> Chem.Mol:
        """The pattern as a compiled SMARTS query."""
        return _compiled(self.pattern)


@cache
def _compiled(pattern: str) -> Chem.Mol:
    query = Chem.MolFromSmarts(pattern)
    if query is None:
        raise ValueError(f"pattern {pattern!r} in the refraction table is not valid SMARTS; correct the table")
    return query


@cache
def increments(kind: Literal["atom", "bond", "ring"]) -> tuple[Increment, ...]:
    """Return the rows of one kind in order of precedence: the first that matches applies."""
    text = files("mdcore.optics").joinpath("refraction_increments.csv").read_text(encoding="utf-8")
    return tuple(
        Increment(
            kind=kind,
            name=row["name"],
            pattern=row["smarts"],
            r_C=float(row["r_C"]),
            r_D=float(row["r_D"]),
            r_F=float(row["r_F"]),
            r_g=float(row["r_g"]) if row["r_g"] else None,
            relative_error=float(row["relative_error"]),
            dispersion_error=float(row["dispersion_error"]),
            source=row["source"],
        )
        for row in csv.DictReader(text.splitlines())
        if row["kind"] == kind
    )
