"""Transactions with retries, for stores that are temporarily locked, full or unreachable."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from designer.errors import StoreLocked, StoreReadOnly
from designer.store.engine import writing
from designer.store.opening import locked
from designer.store_url import StoreURL

T = TypeVar("T")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0


@dataclass
class Patience:
    """Time to wait for a store.

    Attributes:
        seconds: Time in s; zero fails immediately.
        note: Called with a line of text when the wait begins and ends.
    """

    seconds: float = 0.0
    note: Callable[[str], None] = field(default=lambda text: None)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open a writing transaction.

    Raises:
        StoreLocked: The database is locked.
        StoreReadOnly: It is read-only.
    """
    try:
        with Session(writing(engine), expire_on_commit=False) as session, session.begin():
            yield session
    except (OperationalError, InterfaceError) as error:
        raise _trouble(engine, error) from error


def read(engine: Engine, patience: Patience, action: Callable[[Session], T]) -> T:
    """Return the result of `action`, which reads, with retries while the store is unreachable."""

    def once() -> T:
        try:
            with Session(engine) as session:
                return action(session)
        except (OperationalError, InterfaceError) as error:
            raise _trouble(engine, error) from error

    return _persist(once, patience)


def write(engine: Engine, patience: Patience, action: Callable[[Session], T]) -> T:
    """Return the result of `action` in one writing transaction, with retries while the store is unreachable.

    A connection can break after the commit and before its confirmation: actions must be idempotent.
    """

    def once() -> T:
        with transaction(engine) as session:
            return action(session)

    return _persist(once, patience)


def _persist(once: Callable[[], T], patience: Patience) -> T:
    deadline, pause, told = time.monotonic() + patience.seconds, FIRST_PAUSE_S, False
    while True:
        try:
            result = once()
        except StoreLocked as error:
            if time.monotonic() >= deadline:
                raise
            if not told:
                patience.note(f"waiting up to {patience.seconds / 60:.0f} min: {error}")
                told = True
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        else:
            if told:
                patience.note("the store answers again")
            return result


def _trouble(engine: Engine, error: DBAPIError) -> StoreLocked | StoreReadOnly:
    return locked(StoreURL.of_engine_url(engine.url), error)
