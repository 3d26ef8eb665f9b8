"""Pinning of a single-threaded simulation to one core.

OpenMM's CPU platform runs every step in worker threads, even if `Threads` is 1. On a machine with idle cores the scheduler spreads
these threads, and every hand-over wakes an idle core, which in small cells takes as long as the force calculation. On a single core
it is a plain context switch.
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
"""CPU utilisation of an undisturbed single-threaded simulation; the core is released if the utilisation falls below it."""
MIN_WATCH_S = 5.0
"""Shortest time over which the utilisation is measured."""


class OwnCore:
    """Pin this thread, the threads it starts and those of libraries to a core that no other simulation has claimed.

    A claim is a locked file in the folder for temporary files and ends with its process. Other programs do not claim cores, so
    `check` measures whether the core is shared, and releases it in that case. Nothing is pinned if the operating system does not
    support affinity, only one core is allowed, or all cores are claimed.

    Args:
        folder: Folder of the claims; the same for all simulations of a machine.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = Path(tempfile.gettempdir()) if folder is None else folder
        self._claim: int | None = None
        self._allowed: set[int] = set()
        self._since = (0.0, 0.0)
        self.core: int | None = None

    def __enter__(self) -> "OwnCore":
        """Claim a core and pin the threads to it."""
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
        """Restore the previous affinity."""
        self._release()

    def check(self) -> None:
        """Release the core if another program has used it since the last check, as pinning then slows the simulation down."""
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
            # Read access is enough for a lock, and all that another user's file grants; O_NONBLOCK in case it is a pipe.
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
        """Pin this thread and those of libraries: OpenMM reuses some threads in later contexts."""
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
