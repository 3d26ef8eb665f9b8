"""Updates of a view in a separate thread while the page is open."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from designer.dashboard.view import View
from designer.errors import DesignerError
from designer.text import duration

INTERVAL_S = 2.0
MOST_OF_THE_TIME = 0.02
"""Maximum share of a core for reading; if it takes more, views are updated less often."""
LONGEST_PAUSE_S = 3.0
"""Maximum interval in s between views."""


class Watched(Protocol):
    """Source of the views of a page."""

    @property
    def latest(self) -> View | None:
        """Return the latest view, or None before the first."""
        ...

    def join(self) -> None:
        """Register a viewer."""
        ...

    def leave(self) -> None:
        """Unregister a viewer."""
        ...


class Watcher:
    """Creates a view every two seconds in a thread that runs while there are viewers; a page never waits for the store.

    Args:
        gather: Creates a view.
        interval_s: Minimum time in s between views.
    """

    def __init__(self, gather: Callable[[], View], interval_s: float = INTERVAL_S) -> None:
        self._gather = gather
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._lookers = 0
        self._stop: threading.Event | None = None
        self._latest: View | None = None
        self._read_at = 0.0

    @property
    def latest(self) -> View | None:
        """Return the latest view, or None before the first."""
        return self._latest

    @property
    def lookers(self) -> int:
        """Return the number of viewers."""
        return self._lookers

    def join(self) -> None:
        """Register a viewer."""
        with self._lock:
            self._lookers += 1
            if self._stop is None:
                self._stop = threading.Event()
                threading.Thread(target=self._work, args=(self._stop,), name="campaign page", daemon=True).start()

    def leave(self) -> None:
        """Unregister a viewer."""
        with self._lock:
            self._lookers -= 1
            if self._lookers <= 0:
                self._end()

    def close(self) -> None:
        """Stop the thread."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _work(self, stop: threading.Event) -> None:
        last = 0.0
        while not stop.is_set():
            begun, before = time.monotonic(), time.thread_time()
            self._read()
            busy = time.thread_time() - before
            # A single slow reading, such as the first one, is not representative.
            pause = min(min(busy, last) / MOST_OF_THE_TIME, LONGEST_PAUSE_S)
            last = busy
            stop.wait(max(self._interval_s - (time.monotonic() - begun), pause))

    def _read(self) -> None:
        try:
            self._latest = self._gather()
            self._read_at = time.monotonic()
        except (DesignerError, SQLAlchemyError) as error:
            # The store will answer again; until then the page states that it is outdated, without the error message of the database.
            if self._latest is not None:
                since = duration(time.monotonic() - self._read_at)
                what = type(error).__name__
                self._latest = replace(self._latest, trouble=f"The store has not answered for {since} ({what}).")
