"""A core of its own for a simulation on one thread.

OpenMM's CPU platform hands every step to threads of its own, also where `Threads` is 1. On a machine with idle cores the system
spreads these threads, and each hand-over wakes a sleeping core; in small cells that takes as long as the forces. On one core it
is a plain change of threads.
"""

import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

try:
    import fcntl
except ImportError:  # Windows, which has no affinity in Python either
    fcntl = None  # type: ignore[assignment]

MIN_SHARE = 0.85
"""Part of a core that a simulation on one thread uses while nothing else runs there; below it the core is given up."""
MIN_WATCH_S = 5.0
"""Shortest time that the part is measured over."""


class OwnCore:
    """Keep this thread, those it starts and those of libraries on one core that no other simulation has claimed.

    Cores are claimed by locked files in the folder of temporary files, and a claim ends with its process. What else runs on the
    machine claims nothing, so `check` looks whether the core is shared all the same and then gives it up. Where the system
    knows no affinity, only one core is allowed or all are claimed, nothing happens.

    Args:
        folder: Where the claims lie; all simulations of a machine must name the same.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = Path(tempfile.gettempdir()) if folder is None else folder
        self._claim: int | None = None
        self._allowed: set[int] = set()
        self._since = (0.0, 0.0)
        self.core: int | None = None

    def __enter__(self) -> "OwnCore":
        """Claim a core and move to it."""
        if fcntl is None or not hasattr(os, "sched_setaffinity"):
            return self
        self._allowed = os.sched_getaffinity(0)
        if len(self._allowed) > 1:
            for core in sorted(self._allowed, key=_sibling):
                if self._claimed(core):
                    self.core = core
                    self._move({core})
                    self._since = _clocks()
                    break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Go back to all cores that were allowed before."""
        self._release()

    def check(self) -> None:
        """Give the core up if something else used it since the last check: simulations that run here lose more than they gain."""
        if self.core is None:
            return
        wall, used = (now - then for now, then in zip(_clocks(), self._since, strict=True))
        if wall >= MIN_WATCH_S:
            self._since = _clocks()
            if used < MIN_SHARE * wall:
                self._release()

    def _claimed(self, core: int) -> bool:
        path = self._folder / f"mdcore-core-{core}.lock"
        with suppress(OSError):
            # Reading is all that a lock needs, and what another user's file allows; a pipe in its place holds nobody up.
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
            claim = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(claim)
                return False
            self._claim = claim
            return True
        return False

    def _move(self, cores: set[int]) -> None:
        """Move this thread and those of libraries: OpenMM keeps some of its threads from one context to the next."""
        others = {thread.native_id for thread in threading.enumerate()} - {threading.get_native_id()}
        for thread in _threads():
            with suppress(OSError):
                if thread not in others and os.sched_getaffinity(thread) == self._allowed:
                    os.sched_setaffinity(thread, cores)

    def _release(self) -> None:
        if self._claim is None:
            return
        for thread in _threads():
            with suppress(OSError):
                if os.sched_getaffinity(thread) == {self.core}:
                    os.sched_setaffinity(thread, self._allowed)
        os.close(self._claim)
        self._claim = self.core = None


def _threads() -> list[int]:
    """Return the system's numbers of all threads of this process."""
    return [int(path.name) for path in Path("/proc/self/task").iterdir()]


def _sibling(core: int) -> tuple[int, int]:
    """Return how many hardware threads of the same core come before this one, and its number: whole cores first."""
    try:
        listed = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list").read_text()
    except OSError:
        return 0, core
    spans = [span.split("-") for span in listed.strip().split(",") if span]
    return sum(max(0, min(core, int(span[-1]) + 1) - int(span[0])) for span in spans), core


def _clocks() -> tuple[float, float]:
    """Return the wall time and the processor time of all threads of this process in s."""
    return time.monotonic(), time.process_time()
