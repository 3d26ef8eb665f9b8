"""What batch systems answer, in their own words, and what that means."""

import stat
from pathlib import Path

import pytest

from designer.cluster.queue_state import QueueState, cancel, queue_state, understood

PBS = """Job id            Name             User              Time Use S Queue
----------------  ---------------- ----------------  -------- - -----
123.pbs           designer-sim-1   ada               00:00:03 {} gpu
"""


@pytest.mark.parametrize(
    ("kind", "returncode", "out", "error", "expected"),
    [
        ("slurm", 0, "PENDING Resources\n", "", QueueState("queued", "Resources")),
        ("slurm", 0, "PENDING None\n", "", QueueState("queued")),
        (
            "slurm", 0, "PENDING ReqNodeNotAvail, UnavailableNodes:gpu1\n", "",
            QueueState("queued", "ReqNodeNotAvail, UnavailableNodes:gpu1"),
        ),
        ("slurm", 0, "RUNNING None\n", "", QueueState("running")),
        ("slurm", 0, "COMPLETING TimeLimit\n", "", QueueState("ended")),
        ("slurm", 0, "TIMEOUT TimeLimit\n", "", QueueState("ended")),
        ("slurm", 0, "", "", QueueState("ended")),
        ("slurm", 1, "", "slurm_load_jobs error: Invalid job id specified\n", QueueState("ended")),
        ("slurm", 1, "", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n", None),
        ("pbs", 0, PBS.format("Q"), "", QueueState("queued")),
        ("pbs", 0, PBS.format("R"), "", QueueState("running")),
        ("pbs", 0, PBS.format("C"), "", QueueState("ended")),
        ("pbs", 35, "", "qstat: 123.pbs Job has finished, use -x or -H to obtain historical job information\n", QueueState("ended")),
        ("pbs", 153, "", "qstat: Unknown Job Id 123.pbs\n", QueueState("ended")),
        ("pbs", 255, "", "qstat: cannot connect to server pbs (errno=111)\n", None),
        ("lsf", 0, "PEND\n", "", QueueState("queued")),
        ("lsf", 0, "RUN\n", "", QueueState("running")),
        ("lsf", 0, "EXIT\n", "", QueueState("ended")),
        ("lsf", 0, "UNKWN\n", "", None),
        ("lsf", 255, "", "Job <123> is not found\n", QueueState("ended")),
        ("lsf", 255, "", "LSF is down. Please wait ...\n", None),
    ],
)  # fmt: skip
def test_answers_are_understood(kind, returncode: int, out: str, error: str, expected: QueueState | None) -> None:
    assert understood(kind, returncode, out, error) == expected


def test_a_command_that_is_not_there_says_nothing_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert queue_state("lsf", "1") is None
    assert "bkill" in str(cancel("lsf", ["1"]))
    said = tmp_path / "bkill"
    said.write_text('#!/bin/sh\necho "$@"\n')
    said.chmod(said.stat().st_mode | stat.S_IXUSR)
    assert cancel("lsf", ["1", "2"]) is None
