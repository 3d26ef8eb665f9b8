"""Batch systems: their commands, the states of their jobs, and the classes that submit jobs to them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BatchSystem:
    """A batch system.

    Attributes:
        job: Class `MODULE:NAME` whose instances are its jobs, a subclass of `dask_jobqueue.core.Job`.
        charged: Option of that class for the account or project to charge.
        question: Command that queries a job, without the number of the job.
        cancel: Command that cancels jobs, without their numbers.
        queued: States of waiting jobs, requeued ones included.
        running: States of jobs with allocated resources.
        unknown: States without information; any other state means that the job has ended.
        forgotten: Fragments of error messages about jobs that ended long ago.
        column: Column of the state in the last line of the answer; the words after it are the reason why a job waits, if the state is
            in the first column.
    """

    job: str
    charged: str
    question: tuple[str, ...]
    cancel: tuple[str, ...]
    queued: frozenset[str]
    running: frozenset[str]
    unknown: frozenset[str] = frozenset()
    forgotten: tuple[str, ...] = ()
    column: int = 0


SLURM = BatchSystem(
    job="dask_jobqueue.slurm:SLURMJob",
    charged="account",
    question=("squeue", "-h", "-t", "all", "-o", "%T %r", "-j"),
    cancel=("scancel",),
    queued=frozenset(
        {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
    ),
    running=frozenset({"RUNNING", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING", "STAGE_OUT"}),
    forgotten=("Invalid job id",),
)
PBS = BatchSystem(
    job="dask_jobqueue.pbs:PBSJob",
    charged="account",
    question=("qstat",),
    cancel=("qdel",),
    queued=frozenset("QHWTM"),
    running=frozenset("RSUB"),
    forgotten=("Unknown Job", "has finished"),
    # The table of `qstat` has the state before the queue.
    column=-2,
)
LSF = BatchSystem(
    job="dask_jobqueue.lsf:LSFJob",
    charged="project",
    question=("bjobs", "-noheader", "-o", "stat"),
    cancel=("bkill",),
    queued=frozenset({"PEND", "PSUSP", "PROV", "WAIT"}),
    running=frozenset({"RUN", "USUSP", "SSUSP"}),
    unknown=frozenset({"UNKWN"}),
    forgotten=("is not found",),
)
