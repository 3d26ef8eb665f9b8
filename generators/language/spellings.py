"""Standard spellings of a polymer as rows of token ids."""

from functools import lru_cache

from generators.backbone import backbone_cuts
from generators.errors import InexpressibleUnit
from generators.language.notation import encode
from generators.language.vocabulary import Vocabulary


@lru_cache(maxsize=16384)
def standard_spellings(key: str, vocabulary: Vocabulary) -> tuple[tuple[int, ...], ...]:
    """Return the spellings of a polymer in both directions and for every cut of its backbone at a single bond outside rings.

    Args:
        key: Canonical key.
        vocabulary: Tokens to use.
    """
    found: dict[tuple[int, ...], None] = {}
    for text in backbone_cuts(key):
        for reverse in (False, True):
            try:
                found[tuple(encode(text, vocabulary, reverse=reverse))] = None
            except InexpressibleUnit:
                continue
    return tuple(found)
