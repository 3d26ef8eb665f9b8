"""State of a job in a batch system: queued, running or ended, and why it waits."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from designer.config.batch_system import BatchSystem

ANSWER_S = 30.0
"""Timeout in s for an answer of the batch system."""

State = Literal["queued", "running", "ended"]


@dataclass(frozen=True)
class QueueState:
    """State of a job.

    Attributes:
        state: Whether it waits, runs or has ended.
        reason: Why it waits, as the batch system reports it; may be empty.
    """

    state: State
    reason: str = ""


def queue_state(system: BatchSystem, job_id: str) -> QueueState | None:
    """Query a batch system about a job.

    Returns:
        The state; None if there is no answer, for example while the controller restarts, which implies nothing about the job.
    """
    command = [*system.question, job_id]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return understood(system, done.returncode, done.stdout, done.stderr)


def understood(system: BatchSystem, returncode: int, out: str, error: str) -> QueueState | None:
    """Return the state given in an answer."""
    if any(words in error for words in system.forgotten):
        return QueueState("ended")
    if returncode != 0:
        return None
    lines = [line.split() for line in out.splitlines() if line.strip()]
    if not lines:
        return QueueState("ended")
    try:
        name, reason = lines[-1][system.column], lines[-1][1:] if system.column == 0 else []
    except IndexError:
        return None
    if name in system.queued:
        return QueueState("queued", "" if reason in ([], ["None"]) else " ".join(reason))
    if name in system.running:
        return QueueState("running")
    return None if name in system.unknown else QueueState("ended")


def cancel(system: BatchSystem, job_ids: Sequence[str]) -> str | None:
    """Cancel queued and running jobs; jobs that have ended are ignored.

    Returns:
        The batch system's error in one line, or None.
    """
    command = [*system.cancel, *job_ids]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(command)}: {' '.join(str(error).split())}"
    return None if done.returncode == 0 else " ".join(f"{done.stdout} {done.stderr}".split())
