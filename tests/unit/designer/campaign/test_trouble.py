"""Faults of the machine: the work is handed out again, and no polymer is blamed."""

import errno
from pathlib import Path

import pytest
from instant_trials import Alkanes, InstantCluster

import designer.campaign.loop as loop
from designer import Campaign, CampaignConfig
from designer.cluster import Finished, Job, Message, Returned, Trouble
from designer.cluster.task import run_job, trouble_of
from designer.errors import CampaignFailed
from designer.store.records import MACHINE_FAILURES
from mdcore.chem.damage import damaged
from mdcore.chem.errors import DamagedFile
from mdcore.settings import SimulationSettings


class Troubled(InstantCluster):
    """Gives back the jobs of some polymers, each so often; ends the others."""

    def __init__(self, times: dict[str, int], kind: str = "infrastructure") -> None:
        super().__init__(slots=2)
        self.times, self.kind = times, kind

    def messages(self, timeout_s: float) -> list[Message]:
        heard = super().messages(timeout_s)
        for message in heard:
            if isinstance(message, Finished):
                job = next(job for job in self.submitted if job.evaluation_id == message.evaluation_id)
                if self.times.get(job.substance["psmiles"], 0):
                    self.times[job.substance["psmiles"]] -= 1
                    return [Returned(message.evaluation_id, Trouble(self.kind, "the folder cannot be used"))]
        return heard


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TROUBLE_PAUSE_S", 0.0)


def campaign(tmp_path: Path, cluster: InstantCluster, evaluations: int = 4) -> Campaign:
    document = {
        "name": "trial",
        "seed": 5,
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "density"}],
        "stop": {"evaluations": evaluations},
    }
    return Campaign(CampaignConfig.model_validate(document), proposer=Alkanes(), start_cluster=lambda: cluster)


def test_what_comes_back_a_few_times_is_done_in_the_end(tmp_path: Path) -> None:
    own = campaign(tmp_path, Troubled({"*CO*": 4, "*CCO*": 1}))
    own.run()
    assert own.store.counts()["done"] == 4


def test_a_folder_that_can_never_be_used_ends_as_a_failure_of_the_infrastructure(tmp_path: Path) -> None:
    own = campaign(tmp_path, Troubled({"*CO*": 1000}))
    own.run()
    assert own.store.counts() == {"proposed": 0, "running": 0, "done": 3, "failed": 1}
    (failed,) = [record for record in own.store.evaluations() if record.state == "failed"]
    assert failed.failure is not None
    assert (failed.failure.kind, failed.failure.message) == ("infrastructure", "the folder cannot be used")
    assert failed.failure.kind in MACHINE_FAILURES  # so nothing is learned about the polymer


def test_a_full_disk_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = campaign(tmp_path, Troubled({"*CO*": 60}, kind="disk"))
    own.run()
    assert own.store.counts()["done"] == 4
    monkeypatch.setattr(loop, "TROUBLE_LIMIT_S", -1.0)
    with pytest.raises(CampaignFailed, match=r"no evaluation has finished for .* h: the folder cannot be used"):
        campaign(tmp_path / "other", Troubled({"*CO*": 60}, kind="disk")).run()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk"),
        (OSError(errno.EIO, "Input/output error"), "infrastructure"),
        (OSError(errno.EROFS, "Read-only file system"), "infrastructure"),
        (PermissionError(errno.EACCES, "Permission denied"), "infrastructure"),
        (OSError(errno.ESTALE, "Stale file handle"), "infrastructure"),
        (damaged(Path("x"), "is missing"), "infrastructure"),
    ],
)
def test_every_error_of_the_machine_is_trouble_and_no_failure_of_a_polymer(
    tmp_path: Path, error: OSError, kind: str
) -> None:
    settings = SimulationSettings.model_validate({"preset": "quick"}).model_dump(mode="json")
    job = Job(1, "trial-1", {"kind": "homopolymer", "psmiles": "*CO*"}, settings, 5, tmp_path / "folder", ("density",))

    def failing(*_: object, **__: object) -> None:
        raise error

    outcome = run_job(job, failing, tmp_path / "folder")
    assert isinstance(outcome.result, Trouble)
    assert outcome.result.kind == kind == trouble_of(error, tmp_path).kind
    assert str(tmp_path / "folder") in outcome.result.message
    assert "\n" not in outcome.result.message
    assert isinstance(error, DamagedFile) == ("is missing" in str(error))
