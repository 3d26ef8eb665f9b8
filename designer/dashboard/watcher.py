"""Keeps a view fresh in a thread of its own, while somebody looks at it."""

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
"""Share of a core that reading may take: where it takes more, views come less often."""
LONGEST_PAUSE_S = 3.0
"""A change shows within five seconds all the same."""


class Watched(Protocol):
    """Where a page takes its views from."""

    @property
    def latest(self) -> View | None:
        """Return the newest view, None before there is one."""
        ...

    def join(self) -> None:
        """Tell that somebody has begun to look."""
        ...

    def leave(self) -> None:
        """Tell that somebody looks no more."""
        ...


class Watcher:
    """Makes a view every two seconds in a thread that lives while somebody looks; a page never waits for the store.

    Args:
        gather: Makes a view.
        interval_s: Least time from one view to the next.
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
        """Return the newest view, None before there is one."""
        return self._latest

    @property
    def lookers(self) -> int:
        """Return how many look."""
        return self._lookers

    def join(self) -> None:
        """Tell that somebody has begun to look."""
        with self._lock:
            self._lookers += 1
            if self._stop is None:
                self._stop = threading.Event()
                threading.Thread(target=self._work, args=(self._stop,), name="campaign page", daemon=True).start()

    def leave(self) -> None:
        """Tell that somebody looks no more."""
        with self._lock:
            self._lookers -= 1
            if self._lookers <= 0:
                self._end()

    def close(self) -> None:
        """End the thread."""
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
            # One costly reading, as the first one, says nothing about the next.
            pause = min(min(busy, last) / MOST_OF_THE_TIME, LONGEST_PAUSE_S)
            last = busy
            stop.wait(max(self._interval_s - (time.monotonic() - begun), pause))

    def _read(self) -> None:
        try:
            self._latest = self._gather()
            self._read_at = time.monotonic()
        except (DesignerError, SQLAlchemyError) as error:
            # The store will answer again; until then the page tells that it shows the past, never the database's own words.
            if self._latest is not None:
                since = duration(time.monotonic() - self._read_at)
                what = type(error).__name__
                self._latest = replace(self._latest, trouble=f"The store has not answered for {since} ({what}).")
