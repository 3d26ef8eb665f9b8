"""State of a job in a batch system: queued, running or ended, and why it waits."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

ANSWER_S = 30.0
"""Timeout in s for an answer of the batch system."""

Kind = Literal["slurm", "pbs", "lsf"]
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


@dataclass(frozen=True)
class _Language:
    """Query command of a batch system and interpretation of its output.

    Attributes:
        question: The command, without the number of the job.
        queued: States of waiting jobs, requeued ones included.
        running: States of jobs with allocated resources.
        unknown: States without information.
        forgotten: Fragments of error messages about jobs that ended long ago.
    """

    question: tuple[str, ...]
    queued: frozenset[str]
    running: frozenset[str]
    unknown: frozenset[str]
    forgotten: tuple[str, ...]


_LANGUAGES: Mapping[Kind, _Language] = {
    "slurm": _Language(
        ("squeue", "-h", "-t", "all", "-o", "%T %r", "-j"),
        frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}),
        frozenset({"RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT"}),
        frozenset(),
        ("Invalid job id",),
    ),
    "pbs": _Language(
        ("qstat",),
        frozenset("QHWTM"),
        frozenset("RSUB"),
        frozenset(),
        ("Unknown Job", "has finished"),
    ),
    "lsf": _Language(
        ("bjobs", "-noheader", "-o", "stat"),
        frozenset({"PEND", "PSUSP", "PROV", "WAIT"}),
        frozenset({"RUN", "USUSP", "SSUSP"}),
        frozenset({"UNKWN"}),
        ("is not found",),
    ),
}  # fmt: skip


def queue_state(kind: Kind, job_id: str) -> QueueState | None:
    """Query a batch system about a job.

    Returns:
        The state; None if there is no answer, for example while the controller restarts, which implies nothing about the job.
    """
    command = [*_LANGUAGES[kind].question, job_id]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return understood(kind, done.returncode, done.stdout, done.stderr)


def understood(kind: Kind, returncode: int, out: str, error: str) -> QueueState | None:
    """Return the state given in an answer."""
    language = _LANGUAGES[kind]
    if any(words in error for words in language.forgotten):
        return QueueState("ended")
    if returncode != 0:
        return None
    lines = [line.split() for line in out.splitlines() if line.strip()]
    if not lines:
        return QueueState("ended")
    # The table of `qstat` has the state before the queue; the others answer with what was asked for.
    name, *reason = lines[-1][-2:-1] if kind == "pbs" else lines[-1]
    if name in language.queued:
        return QueueState("queued", "" if reason in ([], ["None"]) else " ".join(reason))
    if name in language.running:
        return QueueState("running")
    return None if name in language.unknown else QueueState("ended")


_CANCEL: Mapping[Kind, tuple[str, ...]] = {"slurm": ("scancel",), "pbs": ("qdel",), "lsf": ("bkill",)}


def cancel(kind: Kind, job_ids: Sequence[str]) -> str | None:
    """Cancel queued and running jobs; jobs that have ended are ignored.

    Returns:
        The batch system's error in one line, or None.
    """
    command = [*_CANCEL[kind], *job_ids]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(command)}: {' '.join(str(error).split())}"
    return None if done.returncode == 0 else " ".join(f"{done.stdout} {done.stderr}".split())
