"""JSON documents that carry a digest of their content, so that a changed digit is found as well as a cut file."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdcore.chem.damage import damaged, reading
from mdcore.chem.files import write_whole

_SEAL = "sha256"


def write_sealed(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document with its digest, whole and synchronised to disk."""
    write_whole(path, json.dumps({**document, _SEAL: _digest(document)}, indent=1))


def read_sealed(path: Path) -> dict[str, Any]:
    """Read a document; one that was written without a digest is taken as it is.

    Raises:
        DamagedFile: The file is missing, is no JSON object, or does not match its digest.
        OSError: The machine could not read it.
    """
    with reading(path):
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise TypeError(f"a JSON object belongs here, found {type(document).__name__}")
    seal = document.pop(_SEAL, None)
    if seal is not None and seal != _digest(document):
        raise damaged(path, "does not match its digest")
    return document


def _digest(document: Mapping[str, Any]) -> str:
    # Through JSON once, so that tuples and lists, 1.0 and its text, are what they will be when read back.
    plain = json.loads(json.dumps(dict(document)))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
