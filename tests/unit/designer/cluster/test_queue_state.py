"""What batch systems answer, in their own words, and what that means."""

import stat
from pathlib import Path

import pytest

from designer.cluster.queue_state import QueueState, cancel, queue_state, understood
from designer.config.batch_system import LSF, PBS, SLURM

QSTAT = """Job id            Name             User              Time Use S Queue
----------------  ---------------- ----------------  -------- - -----
123.pbs           designer-sim-1   ada               00:00:03 {} gpu
"""


@pytest.mark.parametrize(
    ("system", "returncode", "out", "error", "expected"),
    [
        (SLURM, 0, "PENDING Resources\n", "", QueueState("queued", "Resources")),
        (SLURM, 0, "PENDING None\n", "", QueueState("queued")),
        (
            SLURM, 0, "PENDING ReqNodeNotAvail, UnavailableNodes:gpu1\n", "",
            QueueState("queued", "ReqNodeNotAvail, UnavailableNodes:gpu1"),
        ),
        (SLURM, 0, "RUNNING None\n", "", QueueState("running")),
        (SLURM, 0, "COMPLETING TimeLimit\n", "", QueueState("ended")),
        (SLURM, 0, "TIMEOUT TimeLimit\n", "", QueueState("ended")),
        (SLURM, 0, "", "", QueueState("ended")),
        (SLURM, 1, "", "slurm_load_jobs error: Invalid job id specified\n", QueueState("ended")),
        (SLURM, 1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n", None),
        (PBS, 0, QSTAT.format("Q"), "", QueueState("queued")),
        (PBS, 0, QSTAT.format("R"), "", QueueState("running")),
        (PBS, 0, QSTAT.format("C"), "", QueueState("ended")),
        (PBS, 35, "", "qstat: 123.pbs Job has finished, use -x or -H to obtain historical job information\n", QueueState("ended")),
        (PBS, 153, "", "qstat: Unknown Job Id 123.pbs\n", QueueState("ended")),
        (PBS, 255, "", "qstat: cannot connect to server pbs (errno=111)\n", None),
        (LSF, 0, "PEND\n", "", QueueState("queued")),
        (LSF, 0, "RUN\n", "", QueueState("running")),
        (LSF, 0, "EXIT\n", "", QueueState("ended")),
        (LSF, 0, "UNKWN\n", "", None),
        (LSF, 255, "", "Job <123> is not found\n", QueueState("ended")),
        (LSF, 255, "", "LSF is down. Please wait ...\n", None),
    ],
)  # fmt: skip
def test_answers_are_understood(system, returncode: int, out: str, error: str, expected: QueueState | None) -> None:
    assert understood(system, returncode, out, error) == expected


def test_a_command_that_is_not_there_says_nothing_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert queue_state(LSF, "1") is None
    assert "bkill" in str(cancel(LSF, ["1"]))
    said = tmp_path / "bkill"
    said.write_text('#!/bin/sh\necho "$@"\n')
    said.chmod(said.stat().st_mode | stat.S_IXUSR)
    assert cancel(LSF, ["1", "2"]) is None
