"""Address of a store: the path of an SQLite file, or the URL of a database, which are never confused."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

from pydantic_core import core_schema

from designer.errors import ForeignStore
from designer.redact import without_passwords

if TYPE_CHECKING:
    from sqlalchemy import URL

_POSTGRES = "postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVER = "psycopg"
_SECRET_OPTION = re.compile(r"(?i)passw|passphrase|pwd|secret|token|^pass$")
_EXPLICIT_PATH = re.compile(r"^(/(?!/)|\.{1,2}[/\\]|~|\\|[A-Za-z]:[\\/])")
_MISTYPED = re.compile(r"(?i)^(?:[a-z][a-z0-9+.-]+:/|(?:sqlite|postgres\w*|pgsql|psql)(?:\+\w+)?:)")
_LOGIN = re.compile(r"[^\s/@:]+:[^@]+@|(?i:\bpass(?:word|wd)\s*=)")


@dataclass(frozen=True)
class _Address:
    """The parts of an address, as SQLAlchemy's URL has them; reading a campaign file does not load SQLAlchemy."""

    driver: str
    database: str | None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict, hash=False)


class StoreURL:
    """The address of a store. Its password is replaced by stars whenever it is printed, formatted or written as JSON.

    Only `reveal` returns the password, for the connection to the database.

    Use `parse` for user input, and `of_path` for a file.
    """

    __slots__ = ("_address", "_options", "_path", "_shown")

    def __init__(self, address: _Address, options: Mapping[str, str], path: str | None) -> None:
        self._address, self._options, self._path = address, dict(options), path
        self._shown = _shown(address, self._options) if path is None else path

    @classmethod
    def parse(cls, text: "StoreURL | str | os.PathLike[str]") -> "StoreURL":
        """Parse the address of a store: a path, `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`.

        A path is taken literally. In URLs, special characters are percent-encoded.

        Raises:
            ForeignStore: The database is not supported, or the address is malformed. The message contains no password.
        """
        if isinstance(text, StoreURL):
            return text
        if not isinstance(text, str):
            return cls.of_path(text)
        if match := re.match(r"^([A-Za-z][A-Za-z0-9+.-]*)://(.*)$", text, re.DOTALL):
            kind, _, driver = match[1].lower().partition("+")
            if kind == "sqlite" and driver in ("", "pysqlite"):
                return cls._of_sqlite_url(match[2])
            if kind in ("postgresql", "postgres"):
                return _of_postgres_url(f"postgresql+{driver or _DRIVER}", match[2])
            raise ForeignStore(f"store scheme {match[1]!r} is not supported; use a path, sqlite:///PATH or {_POSTGRES}")
        if not _EXPLICIT_PATH.match(text) and (_MISTYPED.match(text) or _LOGIN.search(text)):
            raise ForeignStore(
                f"the store's address is neither a path nor a URL; write {_POSTGRES} or sqlite:///PATH, or ./NAME if "
                "this is the name of a file"
            )
        return cls.of_path(text)

    @classmethod
    def of_path(cls, path: str | os.PathLike[str]) -> "StoreURL":
        """Return the address of an SQLite file, with any characters in its name.

        Raises:
            ForeignStore: It is not a possible name of a file.
        """
        name = os.fspath(path)
        if not name.strip() or "\0" in name or not _encodable(name):
            raise ForeignStore(
                f"the path of a store, {name!r}, is not the name of a file; give the path of a store file"
            )
        # Absolute, since SQLite gives ":memory:" and "file:..." a special meaning.
        return cls(_Address("sqlite", str(Path(name).absolute())), {}, name)

    @classmethod
    def of_engine_url(cls, url: "URL") -> "StoreURL":
        """Return the address that an engine connects to."""
        address = _Address(
            url.drivername, url.database, url.username, url.password, url.host, url.port, dict(url.query)
        )
        return cls(address, {}, url.database if url.get_backend_name() == "sqlite" else None)

    @classmethod
    def _of_sqlite_url(cls, rest: str) -> "StoreURL":
        if sign := next((sign for sign in "?#" if sign in rest), None):
            raise ForeignStore(
                f"sqlite://{without_passwords(rest)}: {sign!r} has a special meaning in URLs, and addresses of stores have no "
                f"options; write {'%3F' if sign == '?' else '%23'} for the character, or give the plain path"
            )
        if not rest.startswith("/") or rest == "/":
            raise ForeignStore(
                f"sqlite://{without_passwords(rest)} does not name a file; write sqlite:///RELATIVE, sqlite:////ABSOLUTE or the plain path"
            )
        return cls.of_path(unquote(rest[1:]))

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None for a database server."""
        return None if self._path is None else Path(self._path)

    def reveal(self) -> "tuple[URL, dict[str, str]]":
        """Return SQLAlchemy's URL with the password, and the secret options of the driver."""
        from sqlalchemy import URL

        own = self._address
        url = URL.create(own.driver, own.user, own.password, own.host, own.port, own.database, own.query)
        return url, dict(self._options)

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"StoreURL({self._shown!r})"

    def __format__(self, spec: str) -> str:
        return format(self._shown, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoreURL):
            return NotImplemented
        return (self._address, self._options) == (other._address, other._options)

    def __hash__(self) -> int:
        return hash(self._address)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, str]:
        return {"type": "string"}

    @classmethod
    def _validated(cls, value: Any) -> "StoreURL":
        if not isinstance(value, (StoreURL, str, os.PathLike)):
            raise ValueError(f"the address of a store must be a path or {_POSTGRES}, got a {type(value).__name__}")
        return cls.parse(value)


def _encodable(name: str) -> bool:
    """Return whether the operating system can encode a name; lone surrogates cannot be encoded."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _of_postgres_url(driver: str, rest: str) -> StoreURL:
    place, query = _split_query(rest)
    # A password may contain an unescaped @ or slash; a host cannot.
    login, at, place = place.rpartition("@")
    user, colon, password = login.partition(":")
    server, _, database = place.partition("/")
    name = f"postgresql://{user}{':***' if colon else ''}{at}"
    match = re.match(r"^(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?$", server, re.DOTALL)
    if match is None or (match["port"] is not None and not re.fullmatch(r"[0-9]{1,5}", match["port"])):
        # Without an @, this may be a login with a missing host.
        raise ForeignStore(
            f"the address {name if at else 'postgresql://'}... has no port after the colon of its host; write {_POSTGRES}"
        )
    if not database:
        raise ForeignStore(f"the address {name}{server} does not name a database; write {_POSTGRES}")
    options = dict(parse_qsl(query, keep_blank_values=True))
    secret = {key: value for key, value in options.items() if _SECRET_OPTION.search(key)}
    among_options = secret.pop("password", None)
    address = _Address(
        driver,
        unquote(database),
        unquote(user) or None,
        unquote(password) if colon else among_options,
        match["host"].strip("[]") or None,
        int(match["port"]) if match["port"] else None,
        {key: value for key, value in options.items() if not _SECRET_OPTION.search(key)},
    )
    return StoreURL(address, secret, None)


def _split_query(rest: str) -> tuple[str, str]:
    """Split a URL at the ? of its options, which may not be in its login."""
    place, _, query = rest.partition("?")
    if "@" in query and "@" not in place and not re.match(r"^\w+=", query):
        raise ForeignStore(
            f"the user or password of a postgresql:// address contains a ?; encode it as %3F, as in {_POSTGRES}"
        )
    return place, query


def _shown(address: _Address, options: Mapping[str, str]) -> str:
    """Return an address as SQLAlchemy renders it, without the usual driver; its password and secret options are stars."""
    login = "" if address.user is None else quote(address.user, safe=" +")
    if address.user is not None:
        login += "@" if address.password is None else ":***@"
    host = address.host or ""
    place = f"[{host}]" if ":" in host else host
    if address.port is not None:
        place += f":{address.port}"
    if address.database is not None:
        place += f"/{quote(address.database, safe=' +/')}"
    listed = [
        (key, item)
        for key, value in sorted(address.query.items())
        for item in ([value] if isinstance(value, str) else value)
    ]
    shown = [f"{quote_plus(key)}={quote_plus(item)}" for key, item in listed] + [f"{key}=***" for key in options]
    return f"{address.driver.removesuffix(f'+{_DRIVER}')}://{login}{place}{'?' if shown else ''}{'&'.join(shown)}"
