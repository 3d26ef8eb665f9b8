"""One word for what is known about a repeat unit, the same in every output."""

from typing import Literal

Novelty = Literal["new", "known", "measured", ""]


def novelty(in_corpus: bool, *, measured: bool = False, homopolymer: bool = True) -> Novelty:
    """Return `measured`, `known` or `new`; empty text for other substances than homopolymers, which no corpus holds.

    Args:
        in_corpus: Whether the corpus holds it: the list of known polymers and what the polymerisation rules make of common
            monomers.
        measured: Whether the store holds a measurement of it; this is the strongest of the three.
        homopolymer: Whether it is a homopolymer.
    """
    if measured:
        return "measured"
    if not homopolymer:
        return ""
    return "known" if in_corpus else "new"
