"""What the evaluations of a store are of: homopolymers without a document, other substances with one."""

from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import Engine, or_, select

from designer.errors import InvalidRequest
from designer.store.orm import CandidateRow
from designer.store.records import EvaluationRecord
from designer.store.transactions import Patience, read
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

    return Homopolymer(unit_of(record.psmiles))


def composition_of_record(record: EvaluationRecord) -> "Composition | None":
    """Return what the surrogates see of it; None for substances without repeat units."""
    return unit_of(record.psmiles) if record.substance is None else read_substance(record.substance).composition


def structures_of_record(record: EvaluationRecord) -> tuple[str, ...]:
    """Return SMILES of what a drawing of it shows, side by side."""
    return (record.psmiles,) if record.substance is None else read_substance(record.substance).structures


def key_of_label(engine: Engine, text: str) -> str | None:
    """Return the key of the substance in a store, other than a homopolymer, that has this label or key; None if none has.

    Raises:
        InvalidRequest: Several have this label, since it rounds their fractions.
    """
    named = or_(CandidateRow.psmiles == text, CandidateRow.key == text)
    query = select(CandidateRow.key).where(CandidateRow.substance.is_not(None), named).distinct()
    keys = read(engine, Patience(), lambda session: list(session.scalars(query)))
    if len(keys) > 1:
        raise InvalidRequest(f"{text!r} is the label of {len(keys)} substances; give the number of the evaluation")
    return keys[0] if keys else None


@lru_cache(maxsize=200_000)
def unit_of(psmiles: str) -> RepeatUnit:
    """Parse a repeat unit that the store holds, once; known data may have elements that no force field covers."""
    return RepeatUnit.from_psmiles(psmiles, elements=None)
