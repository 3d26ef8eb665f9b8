"""Kills a worker process whose simulation hangs, even inside a library that never returns to Python.

The limit follows from the speed of the simulation in ns/day, which gives the expected times of the next report and of the end. The timer is
that of `faulthandler`, whose thread does not need the interpreter; it writes a traceback and ends the process.
"""

import faulthandler
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mdcore.measure import Progress

LOG = "hang.log"
_MARK = "Timeout ("
_REARM_S = 1.0


@dataclass(frozen=True)
class HangLimits:
    """Limits for the detection of hung simulations; see `designer.config.cluster.HangSettings`."""

    factor: float
    at_least_s: float
    attempts: int


def hangs(folder: Path) -> int:
    """Return the number of hangs recorded in this folder."""
    path = folder / LOG
    return path.read_text(encoding="utf-8", errors="replace").count(_MARK) if path.exists() else 0


@contextmanager
def watched(folder: Path, limits: HangLimits, record_interval_ps: float) -> Iterator[Callable[[Progress], None]]:
    """Watch the block; yields a function to call with every progress report.

    Args:
        folder: Folder for the tracebacks of hangs.
        limits: When the simulation counts as hung.
        record_interval_ps: Simulated time between two reports, in ps.
    """
    with (folder / LOG).open("a", encoding="utf-8") as log:
        watch = _Watch(log.fileno(), limits, record_interval_ps)
        watch.arm(limits.at_least_s)
        try:
            yield watch.heard
        finally:
            faulthandler.cancel_dump_traceback_later()


class _Watch:
    def __init__(self, descriptor: int, limits: HangLimits, record_interval_ps: float) -> None:
        self._descriptor, self._limits, self._interval_ps = descriptor, limits, record_interval_ps
        self._armed = 0.0
        self._end: tuple[str, float] | None = None

    def arm(self, seconds: float) -> None:
        faulthandler.dump_traceback_later(max(seconds, 1e-3), exit=True, file=self._descriptor)
        self._armed = time.monotonic()

    def heard(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._armed < _REARM_S:
            return
        silence = self._limits.at_least_s
        if progress.ns_per_day:
            # 1 ns/day is 1000 ps in 86,400 s.
            silence = max(silence, self._limits.factor * self._interval_ps * 86.4 / progress.ns_per_day)
        self.arm(min(silence, self._until_end(progress, now)))

    def _until_end(self, progress: Progress, now: float) -> float:
        """Return the time in s until the latest end, computed from the first known speed."""
        if progress.remaining_s is not None and self._end is None:
            self._end = progress.stage, now + max(self._limits.at_least_s, self._limits.factor * progress.remaining_s)
        return float("inf") if self._end is None else self._end[1] - now
