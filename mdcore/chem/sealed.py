"""JSON documents with a digest of their content, so that changed content is detected as well as a truncated file."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdcore.chem.damage import damaged, reading
from mdcore.chem.files import write_whole

_SEAL = "sha256"


def write_sealed(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document with its digest atomically and synchronise it to disk."""
    write_whole(path, json.dumps({**document, _SEAL: _digest(document)}, indent=1))


def read_sealed(path: Path) -> dict[str, Any]:
    """Read a document; a document without a digest is accepted as it is.

    Raises:
        DamagedFile: The file is missing, is not a JSON object, or does not match its digest.
        OSError: The machine could not read it.
    """
    with reading(path):
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise TypeError(f"expected a JSON object, found {type(document).__name__}")
    seal = document.pop(_SEAL, None)
    if seal is not None and seal != _digest(document):
        raise damaged(path, "does not match its digest")
    return document


def _digest(document: Mapping[str, Any]) -> str:
    # Round trip through JSON, so that the digest is that of the values read back.
    plain = json.loads(json.dumps(dict(document)))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
