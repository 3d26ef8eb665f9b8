"""Addresses of stores: a path means SQLite; what is shown never holds a password."""

import re
from pathlib import Path

from designer.errors import ForeignStore

_SCHEMES = ("sqlite", "postgresql", "postgres")


def normalise_url(text: str) -> str:
    """Return a SQLAlchemy URL for a URL or a path.

    Raises:
        ValueError: The scheme is none we store in.
    """
    match = re.match(r"^([A-Za-z][A-Za-z0-9+]*)://", text)
    if not match:
        return f"sqlite:///{text}"
    if match[1].split("+")[0] not in _SCHEMES:
        raise ForeignStore(f"store scheme {match[1]!r} is not supported; use a path, sqlite:/// or postgresql://")
    # SQLAlchemy would take another driver than the one we install.
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", text)


def sqlite_path(url: str) -> Path | None:
    """Return the file behind an SQLite URL, or None for another database."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def shown(url: str) -> str:
    """Return a URL fit for messages: the path of a file, or the URL without its passwords."""
    path = sqlite_path(url)
    if path is not None:
        return str(path)
    # The user part ends at the last @: a password may itself hold an @ or a slash that was not escaped.
    head, slashes, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    if at and ":" in user:
        rest = f"{user.partition(':')[0]}:***@{place}"
    return re.sub(r"([?&][^=&]*(?:password|passfile|token|secret)[^=&]*=)[^&]*", r"\1***", head + slashes + rest)


_ADDRESS = re.compile(r"\b(?:sqlite|postgres(?:ql)?)(?:\+\w+)?://[^\s'\",;)]*")
_LOGIN = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@'\"]+@")
_SECRET = re.compile(r"(?i)\b(password|passwd|secret|token|api[_-]?key)(\s*[=:]\s*)[^\s'\",;)]+")


def without_secrets(text: str) -> str:
    """Return text fit for pages that others read: no address of a store, no login, no password or token."""
    text = _ADDRESS.sub("(a store)", text)
    text = _LOGIN.sub(r"\1***@", text)
    return _SECRET.sub(r"\1\2***", text)
