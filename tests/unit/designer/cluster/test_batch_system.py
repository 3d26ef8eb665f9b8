"""A batch system of a plug-in: a subclass of `QueueSettings` that describes it, and nothing else."""

from typing import ClassVar, Literal

import pytest

from designer.cluster.queue_state import QueueState, understood
from designer.config.batch_system import BatchSystem
from designer.config.cluster import QueueSettings

SGE = BatchSystem(
    job="dask_jobqueue.sge:SGEJob",
    charged="project",
    question=("job-state",),
    cancel=("qdel",),
    queued=frozenset({"qw", "hqw"}),
    running=frozenset({"r", "t"}),
    forgotten=("do not exist",),
    column=4,
)


class SGEClusterSettings(QueueSettings):
    kind: Literal["sge"] = "sge"
    system: ClassVar[BatchSystem] = SGE


def test_its_jobs_are_those_of_dask_jobqueue_and_charge_the_project() -> None:
    pytest.importorskip("dask_jobqueue", reason="the slurm extra is not installed")
    from designer.cluster.batch import job_of

    settings = SGEClusterSettings(listen="127.0.0.1", simulation={"account": "polymers", "cores": 2, "queue": "long"})  # type: ignore[arg-type]
    job = job_of("simulation-1", "MD", 1, settings.simulation, settings, "tcp://127.0.0.1:1", None)
    assert type(job).__name__ == "SGEJob"
    assert job.submit_command == "qsub"
    script = job.job_script()
    assert "#$ -P polymers" in script
    assert "#$ -q long" in script
    assert "--resources MD=1" in script


@pytest.mark.parametrize(
    ("out", "expected"),
    [("7 0.5 sim ada r now\n", "running"), ("7 0.5 sim ada qw now\n", "queued"), ("7 0.5 sim ada Eqw now\n", "ended")],
)
def test_its_states_are_read_from_their_column(out: str, expected: str) -> None:
    assert understood(SGE, 0, out, "") == QueueState(expected)  # type: ignore[arg-type]


def test_an_answer_without_the_column_says_nothing() -> None:
    assert understood(SGE, 0, "7 0.5\n", "") is None
