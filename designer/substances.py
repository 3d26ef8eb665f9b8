"""Substances from their documents in JSON types, each read once."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdcore.substances import Substance


def read_substance(document: Mapping[str, Any]) -> "Substance":
    """Return the substance that a document describes.

    Raises:
        MDCoreError: The kind is unknown, or a field, repeat unit or molecule is not valid; also a ValueError.
    """
    return _read(json.dumps(dict(document), sort_keys=True))


@lru_cache(maxsize=20_000)
def _read(text: str) -> "Substance":
    from mdcore.substances import substance_of

    return substance_of(json.loads(text))
