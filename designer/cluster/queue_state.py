"""What a batch system says of a job: whether it waits, runs or has ended, and why it waits."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

ANSWER_S = 30.0
"""Time in s that a batch system gets to answer."""

Kind = Literal["slurm", "pbs", "lsf"]
State = Literal["queued", "running", "ended"]


@dataclass(frozen=True)
class QueueState:
    """Where a job is.

    Attributes:
        state: Whether it waits, runs or has ended.
        reason: Why it waits, in the batch system's words; empty where it does not say.
    """

    state: State
    reason: str = ""


@dataclass(frozen=True)
class _Language:
    """How a batch system is asked, and how it answers.

    Attributes:
        question: The command, without the number of the job.
        queued: States of jobs that wait, also for the second time.
        running: States of jobs that have their resources.
        unknown: States that say nothing.
        forgotten: Parts of error messages about jobs that ended some time ago.
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
    """Ask a batch system about a job.

    Returns:
        The answer; None where it gives none now, as while its controller is started anew, which says nothing of the job.
    """
    command = [*_LANGUAGES[kind].question, job_id]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return understood(kind, done.returncode, done.stdout, done.stderr)


def understood(kind: Kind, returncode: int, out: str, error: str) -> QueueState | None:
    """Return the state that an answer tells."""
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
    """Take jobs out of the queue, or end them; those that have ended are no obstacle.

    Returns:
        The batch system's complaint in one line, or None.
    """
    command = [*_CANCEL[kind], *job_ids]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(command)}: {' '.join(str(error).split())}"
    return None if done.returncode == 0 else " ".join(f"{done.stdout} {done.stderr}".split())
