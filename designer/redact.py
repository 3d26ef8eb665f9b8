"""Removal of secrets from text of unknown origin. The address of a store hides its password by itself (`designer.store_url.StoreURL`)."""

import re

_HIDDEN = "***"
# PASSWORD is the placeholder in our own messages.
_WITH_SCHEME = re.compile(r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]*:/+)(?P<user>[^\s/@:]*):(?!PASSWORD@)[^\s]*@")
# Without a scheme, a host must follow: atom maps and stereo marks of SMILES, as in [C:1][C@H], contain the same characters.
_WITHOUT_SCHEME = re.compile(
    r"(?P<user>(?<![\w.@])[\w.+-]+):(?!/|PASSWORD@)[^\s'\"]+@(?=\[?[\w.-]+\]?(?:['\"\s/:;,?)]|$))"
)
# In addresses of PostgreSQL, a password may contain spaces and the host may be missing; a port is not a password.
_POSTGRES = r"(?i:\b(?:postgres\w*|pgsql|psql)(?:\+\w+)?):/*"
_NO_PORT = r"(?!\d{1,5}(?:[/?\s'\",;)]|$)|PASSWORD@)"
_WITH_BLANKS = re.compile(rf"(?P<head>{_POSTGRES})(?P<user>[^\s/@:'\"\[]*):{_NO_PORT}(?:(?!://)[^'\"\n])*@")
_WITHOUT_HOST = re.compile(rf"(?P<head>{_POSTGRES})(?P<user>[^\s/@:'\"\[]*):{_NO_PORT}[^\s@'\"]+(?![^\s'\"]*@)")
_OPTION = re.compile(
    r"(?i)((?:\b\w*(?:password|passwd|passphrase|pwd)|\bpass)\s*=\s*)(?:\\?'(?:[^'\\]|\\.)*'?|\"[^\"]*\"?|[^\s&'\",;)]+)"
)

_ADDRESS = re.compile(r"\b(?:sqlite|postgres(?:ql)?)(?:\+\w+)?://[^\s'\",;)]*")
_LOGIN = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@'\"]+@")
_SECRET = re.compile(r"(?i)\b(password|passwd|secret|token|api[_-]?key)(\s*[=:]\s*)[^\s'\",;)]+")


def without_passwords(text: str) -> str:
    """Return text with stars in place of the passwords of addresses, including mistyped ones."""
    text = _WITH_SCHEME.sub(rf"\g<head>\g<user>:{_HIDDEN}@", text)
    text = _WITH_BLANKS.sub(rf"\g<head>\g<user>:{_HIDDEN}@", text)
    text = _WITHOUT_HOST.sub(rf"\g<head>\g<user>:{_HIDDEN}", text)
    text = _WITHOUT_SCHEME.sub(rf"\g<user>:{_HIDDEN}@", text)
    return _OPTION.sub(rf"\g<1>{_HIDDEN}", text)


def holds_password(text: str) -> bool:
    """Return whether text contains an address with a visible password."""
    return without_passwords(text) != text


def without_secrets(text: str) -> str:
    """Return text without addresses of stores, logins, passwords and tokens, for pages that others can read."""
    text = _ADDRESS.sub("(a store)", text)
    text = _LOGIN.sub(r"\1***@", text)
    return _SECRET.sub(r"\1\2***", text)
