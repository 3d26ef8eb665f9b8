"""Short digests that identify settings in a store."""

import hashlib
from typing import Any

from mdcore.settings.asked import digest_of

DIGITS = 16
"""Hexadecimal digits of a settings digest."""


def settings_digest_of(document: Any) -> str:
    """Return the settings digest of a document in JSON types."""
    return digest_of(document)[:DIGITS]


def outside_digest(fidelity: str) -> str:
    """Return the settings digest of the measurements made outside at a fidelity."""
    return hashlib.sha256(f"outside {fidelity}".encode()).hexdigest()[:DIGITS]
