"""Where a store is: the path of an SQLite file, or the URL of a database; a path is never read as a URL, nor a URL as a path."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from pydantic_core import core_schema
from sqlalchemy import URL

from designer.errors import ForeignStore
from designer.redact import without_passwords

_POSTGRES = "postgresql://USER:PASSWORD@HOST/DATABASE"
_DRIVER = "psycopg"
_SECRET_OPTION = re.compile(r"(?i)passw|passphrase|pwd|secret|token|^pass$")
_EXPLICIT_PATH = re.compile(r"^(/(?!/)|\.{1,2}[/\\]|~|\\|[A-Za-z]:[\\/])")
_MISTYPED = re.compile(r"(?i)^(?:[a-z][a-z0-9+.-]+:/|(?:sqlite|postgres\w*|pgsql|psql)(?:\+\w+)?:)")
_LOGIN = re.compile(r"[^\s/@:]+:[^@]+@|(?i:\bpass(?:word|wd)\s*=)")


class StoreURL:
    """The address of a store. However it is printed, formatted or written as JSON, its password is stars.

    Only `reveal` gives the password away, and only what connects to the database calls it.

    Use `parse` for what a user wrote, and `of_path` for a file.
    """

    __slots__ = ("_options", "_path", "_shown", "_url")

    def __init__(self, url: URL, options: Mapping[str, str], path: str | None) -> None:
        self._url, self._options, self._path = url, dict(options), path
        self._shown = _shown(url, self._options) if path is None else path

    @classmethod
    def parse(cls, text: "StoreURL | str | os.PathLike[str]") -> "StoreURL":
        """Return the address that a user wrote: a path, `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/DATABASE`.

        A path is taken literally. In URLs, %20 stands for a space and so on.

        Raises:
            ForeignStore: It is an address of a database that we do not store in, or mistyped. No message repeats a password.
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
                f"the store's address is neither a path nor a URL; write {_POSTGRES} or sqlite:///PATH, or ./NAME if a "
                "file is really called so"
            )
        return cls.of_path(text)

    @classmethod
    def of_path(cls, path: str | os.PathLike[str]) -> "StoreURL":
        """Return the address of an SQLite file, whatever characters its name holds.

        Raises:
            ForeignStore: No file can have this name.
        """
        name = os.fspath(path)
        if not name.strip() or "\0" in name or not _encodable(name):
            raise ForeignStore(
                f"the path of a store, {name!r}, is not the name of a file; give the path of a store file"
            )
        # Absolute, since SQLite reads ":memory:" and "file:..." as something else than a file of this name.
        return cls(URL.create("sqlite", database=str(Path(name).absolute())), {}, name)

    @classmethod
    def of_engine_url(cls, url: URL) -> "StoreURL":
        """Return the address that an engine connects to."""
        return cls(url, {}, url.database if url.get_backend_name() == "sqlite" else None)

    @classmethod
    def _of_sqlite_url(cls, rest: str) -> "StoreURL":
        if sign := next((sign for sign in "?#" if sign in rest), None):
            raise ForeignStore(
                f"sqlite://{without_passwords(rest)}: {sign!r} has a meaning of its own in URLs and store addresses take no "
                f"options; write {'%3F' if sign == '?' else '%23'} for the character, or give the plain path"
            )
        if not rest.startswith("/") or rest == "/":
            raise ForeignStore(
                f"sqlite://{without_passwords(rest)} names no file; write sqlite:///RELATIVE, sqlite:////ABSOLUTE or the plain path"
            )
        return cls.of_path(unquote(rest[1:]))

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None for a database server."""
        return None if self._path is None else Path(self._path)

    def reveal(self) -> tuple[URL, dict[str, str]]:
        """Return what connects to the database, with its password: SQLAlchemy's URL, and the driver's secret options."""
        return self._url, dict(self._options)

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"StoreURL({self._shown!r})"

    def __format__(self, spec: str) -> str:
        return format(self._shown, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoreURL):
            return NotImplemented
        return (self._url, self._options) == (other._url, other._options)

    def __hash__(self) -> int:
        return hash(self._url)

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
            raise ValueError(f"a {type(value).__name__} is not the address of a store; write a path or {_POSTGRES}")
        return cls.parse(value)


def _encodable(name: str) -> bool:
    """Tell whether the operating system has a name for it; it has none for halves of surrogate pairs, which are not text."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _of_postgres_url(driver: str, rest: str) -> StoreURL:
    place, query = _split_query(rest)
    # A password may hold an @ or a slash that was not escaped; a host cannot.
    login, at, place = place.rpartition("@")
    user, colon, password = login.partition(":")
    server, _, database = place.partition("/")
    name = f"postgresql://{user}{':***' if colon else ''}{at}"
    match = re.match(r"^(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?$", server, re.DOTALL)
    if match is None or (match["port"] is not None and not re.fullmatch(r"[0-9]{1,5}", match["port"])):
        # Without an @ this may be a login whose host was forgotten.
        raise ForeignStore(
            f"the address {name if at else 'postgresql://'}... has no port after the colon of its host; write {_POSTGRES}"
        )
    if not database:
        raise ForeignStore(f"the address {name}{server} names no database; write {_POSTGRES}")
    options = dict(parse_qsl(query, keep_blank_values=True))
    secret = {key: value for key, value in options.items() if _SECRET_OPTION.search(key)}
    among_options = secret.pop("password", None)
    url = URL.create(
        driver,
        username=unquote(user) or None,
        password=unquote(password) if colon else among_options,
        host=match["host"].strip("[]") or None,
        port=int(match["port"]) if match["port"] else None,
        database=unquote(database),
        query={key: value for key, value in options.items() if not _SECRET_OPTION.search(key)},
    )
    return StoreURL(url, secret, None)


def _split_query(rest: str) -> tuple[str, str]:
    """Split a URL at the ? of its options, which may not be in its login."""
    place, _, query = rest.partition("?")
    if "@" in query and "@" not in place and not re.match(r"^\w+=", query):
        raise ForeignStore(
            f"the user or password of a postgresql:// address holds a ?; write %3F for it, as in {_POSTGRES}"
        )
    return place, query


def _shown(url: URL, options: Mapping[str, str]) -> str:
    text = url.set(drivername=url.drivername.removesuffix(f"+{_DRIVER}")).render_as_string(hide_password=True)
    if options:
        text += ("&" if url.query else "?") + "&".join(f"{key}=***" for key in options)
    return text
