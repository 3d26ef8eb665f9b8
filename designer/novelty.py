"""Novelty of a repeat unit, in one word."""

from typing import Literal

Novelty = Literal["new", "known", "measured", ""]


def novelty(in_corpus: bool, *, measured: bool = False, homopolymer: bool = True) -> Novelty:
    """Return `measured`, `known` or `new`; empty text for other substances than homopolymers, which no corpus holds.

    Args:
        in_corpus: Whether the corpus contains it: the list of known polymers and the products of the polymerisation rules from common
            monomers.
        measured: Whether the store contains a measurement of it, which takes precedence.
        homopolymer: Whether it is a homopolymer.
    """
    if measured:
        return "measured"
    if not homopolymer:
        return ""
    return "known" if in_corpus else "new"
