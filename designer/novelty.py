"""One word for what is known about a repeat unit, the same in every output."""

from typing import Literal

Novelty = Literal["new", "known", "measured"]


def novelty(in_corpus: bool, *, measured: bool = False) -> Novelty:
    """Return `measured`, `known` or `new`.

    Args:
        in_corpus: Whether the corpus holds it: the list of known polymers and what the polymerisation rules make of common
            monomers.
        measured: Whether the store holds a measurement of it; this is the strongest of the three.
    """
    if measured:
        return "measured"
    return "known" if in_corpus else "new"
