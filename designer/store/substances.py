"""What the evaluations of a store are of: homopolymers without a document, other substances with one."""

from functools import lru_cache
from typing import TYPE_CHECKING

from designer.store.records import EvaluationRecord
from designer.substances import read_substance
from mdcore.chem import RepeatUnit

if TYPE_CHECKING:
    from mdcore.chem import Composition
    from mdcore.substances import Substance


def substance_of_record(record: EvaluationRecord) -> "Substance":
    """Return what an evaluation is of.

    Raises:
        MDCoreError: The store holds a document of a kind that this program does not know, or that is not valid.
    """
    if record.substance is not None:
        return read_substance(record.substance)
    from mdcore.substances import Homopolymer

    return Homopolymer(RepeatUnit.from_psmiles(record.psmiles))


def composition_of_record(record: EvaluationRecord) -> "Composition | None":
    """Return what the surrogates see of it; None for substances without repeat units."""
    return unit_of(record.psmiles) if record.substance is None else read_substance(record.substance).composition


def structures_of_record(record: EvaluationRecord) -> tuple[str, ...]:
    """Return SMILES of what a drawing of it shows, side by side."""
    return (record.psmiles,) if record.substance is None else read_substance(record.substance).structures


@lru_cache(maxsize=200_000)
def unit_of(psmiles: str) -> RepeatUnit:
    """Parse a repeat unit that the store holds, once; known data may have elements that no force field covers."""
    return RepeatUnit.from_psmiles(psmiles, elements=None)
