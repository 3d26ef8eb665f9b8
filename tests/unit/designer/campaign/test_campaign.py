"""The loop on fakes: what is proposed, simulated and recorded, and what survives an interruption."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from instant_trials import Alkanes, InstantCluster, answer

from designer import Campaign, CampaignConfig
from designer.campaign.proposal import Proposal
from designer.campaign.signals import Interrupted
from designer.cluster import Job
from designer.errors import CampaignBusy, CampaignFailed, CampaignMismatch
from designer.store import EvaluationRecord
from designer.store.ownership import Ownership
from mdcore.chem import Failure
from mdcore.measure import SimulationResult

pytestmark = pytest.mark.seconds(20)


def config(tmp_path: Path, **changes: object) -> CampaignConfig:
    document = {
        "name": "trial",
        "seed": 5,
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "refractive_index"}, {"property": "abbe_number"}],
        "stop": {"evaluations": 6},
        **changes,
    }
    return CampaignConfig.model_validate(document)


class Nobody:
    """Finds nothing."""

    def propose(self, n: int, records: Sequence[EvaluationRecord], taken: Collection[str]) -> list[Proposal]:
        return []


def make(config: CampaignConfig, cluster: InstantCluster, proposer: object | None = None) -> Campaign:
    return Campaign(config, proposer=proposer or Alkanes(), start_cluster=lambda: cluster)  # type: ignore[arg-type]


def test_runs_to_the_number_asked_for_with_every_slot_busy(tmp_path: Path) -> None:
    cluster, proposer = InstantCluster(slots=3), Alkanes()
    campaign = make(config(tmp_path), cluster, proposer)
    assert campaign.run() == "6 of 6 evaluations are finished"
    assert campaign.store.counts() == {"proposed": 0, "running": 0, "done": 6, "failed": 0}
    assert len(cluster.submitted) == 6
    assert cluster.most_at_a_time == 3
    assert cluster.closed
    assert max(proposer.pending) == 2  # a candidate is chosen while the other slots are at work
    assert {job.seed for job in cluster.submitted} == {5}
    assert len({job.folder for job in cluster.submitted}) == 6


def test_the_front_is_a_table_with_errors(tmp_path: Path) -> None:
    campaign = make(config(tmp_path), InstantCluster())
    campaign.run()
    front = campaign.pareto_front()
    assert list(front["refractive_index"]) == sorted(front["refractive_index"], reverse=True)
    assert len(front) == 6  # larger units: n rises while the Abbe number falls, so none dominates another
    assert set(front["abbe_number_stderr"]) == {0.001}
    assert {"psmiles", "origin", "in_corpus", "density"} <= set(front.columns)


def test_a_finished_campaign_starts_nothing(tmp_path: Path) -> None:
    make(config(tmp_path), InstantCluster()).run()

    def never() -> InstantCluster:
        raise AssertionError("a cluster was started")

    again = Campaign(config(tmp_path), start_cluster=never)
    assert again.run() == "6 of 6 evaluations are finished"


def test_a_larger_goal_goes_on(tmp_path: Path) -> None:
    make(config(tmp_path), InstantCluster()).run()
    cluster = InstantCluster()
    campaign = make(config(tmp_path, stop={"evaluations": 8}), cluster)
    campaign.run()
    assert len(cluster.submitted) == 2
    assert campaign.store.counts()["done"] == 8


@pytest.mark.parametrize("rounds", [[0], [1], [2, 0, 1], [1, 1, 1, 1, 1]])
def test_whenever_it_dies_nothing_is_lost_or_repeated(tmp_path: Path, rounds: list[int]) -> None:
    finished: list[str] = []

    def counted(job: Job) -> SimulationResult | Failure:
        finished.append(job.substance["psmiles"])
        return answer(job)

    handed_out: dict[int, set[tuple[str, int, Path]]] = {}
    for dies_after in [*rounds, None]:
        cluster = InstantCluster(answer=counted, dies_after=dies_after)
        campaign = make(config(tmp_path), cluster)
        if dies_after is None:
            campaign.run()
        else:
            with pytest.raises(KeyboardInterrupt):
                campaign.run()
        for job in cluster.submitted:
            handed_out.setdefault(job.evaluation_id, set()).add((job.substance["psmiles"], job.seed, job.folder))
    records = campaign.store.evaluations()
    assert [record.ordinal for record in records] == [1, 2, 3, 4, 5, 6]
    assert all(record.state == "done" for record in records)
    assert len(finished) == len(set(finished)) == 6
    assert all(len(ways) == 1 for ways in handed_out.values())  # the same candidate, seed and folder each time
    assert max(record.attempts for record in records) >= 2


def test_a_candidate_recorded_but_never_handed_out_is_handed_out(tmp_path: Path) -> None:
    campaign = make(config(tmp_path), InstantCluster())
    campaign.store.propose(
        key="*CS*", psmiles="*CS*", origin="test", log_prior=None, in_corpus=False, step="initial",
        settings_digest="d", acquisition=None, predicted={},
    )  # fmt: skip
    campaign.run()
    records = campaign.store.evaluations()
    assert len(records) == 6
    assert records[0].psmiles == "*CS*"
    assert records[0].state == "done"


def test_failures_are_rows_and_count(tmp_path: Path) -> None:
    def moody(job: Job) -> SimulationResult | Failure:
        return Failure("exploded", "too hot") if len(job.substance["psmiles"]) % 2 else answer(job)

    campaign = make(config(tmp_path), InstantCluster(answer=moody))
    campaign.run()
    counts = campaign.store.counts()
    assert counts["failed"] == 3
    assert counts["done"] == 3


def test_failures_without_end_stop_the_campaign(tmp_path: Path) -> None:
    broken = InstantCluster(slots=1, answer=lambda job: Failure("internal", "no force field"))
    campaign = make(config(tmp_path, stop={"evaluations": 50, "failures_in_a_row": 3}), broken)
    with pytest.raises(CampaignFailed, match=r"3 consecutive evaluations failed.*no force field; correct the cause"):
        campaign.run()
    assert campaign.store.counts()["failed"] == 3
    repaired = make(config(tmp_path, stop={"evaluations": 5, "failures_in_a_row": 3}), InstantCluster())
    repaired.run()
    assert repaired.store.counts() == {"proposed": 0, "running": 0, "done": 2, "failed": 3}


def test_an_exhausted_generator_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CampaignFailed, match="relax constraints or novelty"):
        make(config(tmp_path), InstantCluster(), Nobody()).run()


def test_wall_time_counts_over_restarts(tmp_path: Path) -> None:
    campaign = make(config(tmp_path, stop={"wall_time_h": 1e-9}), InstantCluster())
    with campaign.store.transaction() as session:
        from designer.store.orm import CampaignRow

        session.get_one(CampaignRow, campaign.store.campaign_id).elapsed_s = 10.0
    assert "running time of" in campaign.run()
    assert campaign.store.counts()["done"] == 0


def test_two_processes_do_not_run_one_campaign(tmp_path: Path) -> None:
    campaign = make(config(tmp_path), InstantCluster())
    with Ownership(campaign.store), pytest.raises(CampaignBusy, match="wait, or stop"):
        make(config(tmp_path), InstantCluster()).run()


def test_another_seed_is_another_campaign(tmp_path: Path) -> None:
    make(config(tmp_path), InstantCluster()).run()
    with pytest.raises(CampaignMismatch, match="in seed"):
        make(config(tmp_path, seed=6), InstantCluster()).run()


def test_an_interrupt_that_an_import_swallows_is_not_lost() -> None:
    program = (
        "import contextlib, signal\n"
        "from designer.campaign.signals import Interrupted, raise_on_signals\n"
        "from designer.interrupts import remember_interrupts\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "remember_interrupts()\n"
        "with raise_on_signals():\n    print('begun')\n"
        "with contextlib.suppress(BaseException):\n    signal.raise_signal(signal.SIGINT)\n"
        "try:\n    with raise_on_signals():\n        print('not stopped')\n"
        "except Interrupted as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.split("\n") == ["begun", "stopped by SIGINT", ""], done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_cleanly_and_the_next_run_goes_on(tmp_path: Path, number: int) -> None:
    def signalling(job: Job) -> SimulationResult | Failure:
        os.kill(os.getpid(), number)
        return answer(job)

    before = signal.getsignal(number)
    cluster = InstantCluster(answer=signalling)
    campaign = make(config(tmp_path), cluster)
    with pytest.raises(Interrupted, match=signal.Signals(number).name):
        campaign.run()
    assert signal.getsignal(number) is before
    assert cluster.closed
    assert campaign.store.counts()["running"] == 2
    assert [event.kind for event in campaign.store.events()] == ["started", "interrupted"]
    resumed = make(config(tmp_path), InstantCluster())
    resumed.run()
    assert resumed.store.counts()["done"] == 6
