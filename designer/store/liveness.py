"""Whether the process that runs a campaign is alive, judged from the marks that it leaves in the store."""

import socket
import time

import psutil

HEARTBEAT_S = 5.0
"""Time between two heartbeats."""
STALE_AFTER_S = 300.0
"""Age of a heartbeat after which an owner on another host counts as dead."""


def owner_alive(host: str | None, pid: int | None, started_at: float | None, heartbeat_at: float | None) -> bool:
    """Return whether the owner of a campaign lives, as far as one look at its marks tells."""
    if host != socket.gethostname():
        # A clock that was set back makes a heartbeat lie in the future; only one that is near counts.
        return heartbeat_at is not None and abs(time.time() - heartbeat_at) < STALE_AFTER_S
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        # The start time tells our owner from a later process that was given the same number. It moves when somebody
        # sets the clock, so that a fresh heartbeat counts as well.
        same = abs(process.create_time() - (started_at or 0.0)) < 1.0
        fresh = abs(time.time() - (heartbeat_at or 0.0)) < 6 * HEARTBEAT_S
        return (same or fresh) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
