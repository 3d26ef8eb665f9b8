"""Text without secrets. A store's address is safe by its type (`designer.store_url.StoreURL`); this is for text of unknown origin."""

import re

_HIDDEN = "***"
# The word PASSWORD is that of our own messages, which say how to write an address.
_WITH_SCHEME = re.compile(r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]*:/+)(?P<user>[^\s/@:]*):(?!PASSWORD@)[^\s]*@")
# Without a scheme a host must follow and end there: atom maps and stereo marks of SMILES, as [C:1][C@H], hold the same signs.
_WITHOUT_SCHEME = re.compile(
    r"(?P<user>(?<![\w.@])[\w.+-]+):(?!/|PASSWORD@)[^\s'\"]+@(?=\[?[\w.-]+\]?(?:['\"\s/:;,?)]|$))"
)
# In addresses of PostgreSQL a password may hold blanks, and its host may be missing or cut off; a port is none.
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
    """Return text in which the passwords of addresses are stars, also of addresses that are mistyped."""
    text = _WITH_SCHEME.sub(rf"\g<head>\g<user>:{_HIDDEN}@", text)
    text = _WITH_BLANKS.sub(rf"\g<head>\g<user>:{_HIDDEN}@", text)
    text = _WITHOUT_HOST.sub(rf"\g<head>\g<user>:{_HIDDEN}", text)
    text = _WITHOUT_SCHEME.sub(rf"\g<user>:{_HIDDEN}@", text)
    return _OPTION.sub(rf"\g<1>{_HIDDEN}", text)


def holds_password(text: str) -> bool:
    """Tell whether text holds an address with a password that is not hidden."""
    return without_passwords(text) != text


def without_secrets(text: str) -> str:
    """Return text fit for pages that others read: no address of a store, no login, no password or token."""
    text = _ADDRESS.sub("(a store)", text)
    text = _LOGIN.sub(r"\1***@", text)
    return _SECRET.sub(r"\1\2***", text)
