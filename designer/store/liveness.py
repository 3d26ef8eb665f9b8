"""Whether the process that runs a campaign is alive, judged from the marks that it leaves in the store."""

import socket
import time

import psutil

HEARTBEAT_S = 5.0
"""Time between two heartbeats."""
STALE_AFTER_S = 300.0
"""Age of a heartbeat after which an owner on another host counts as dead."""


def owner_alive(host: str | None, pid: int | None, started_at: float | None, heartbeat_at: float | None) -> bool:
    """Return whether the owner of a campaign is alive, judged from its present marks."""
    if host != socket.gethostname():
        # After a clock was set back, a heartbeat may lie in the future; only recent ones count.
        return heartbeat_at is not None and abs(time.time() - heartbeat_at) < STALE_AFTER_S
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        # The start time distinguishes the owner from a later process with the same number. It changes when somebody
        # sets the clock, so that a fresh heartbeat counts as well.
        same = abs(process.create_time() - (started_at or 0.0)) < 1.0
        fresh = abs(time.time() - (heartbeat_at or 0.0)) < 6 * HEARTBEAT_S
        return (same or fresh) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
