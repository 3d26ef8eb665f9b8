"""Fifty `ask` and fifty `tell` at once on one store: each row once, and no lock is refused."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from designer import Campaign, CampaignConfig
from designer.campaign.proposal import Proposal
from designer.store import EvaluationRecord
from generators import Candidate
from mdcore.chem import RepeatUnit

CROWD = 50
PATIENCE_S = 60.0
"""Within this time nothing may be refused for a lock."""
UNITS = tuple(RepeatUnit.from_psmiles(f"*{'C' * a}O{'C' * b}S*") for b in range(1, 17) for a in range(1, b + 1))


class Listed:
    """Proposes from a fixed list, as soon as it is asked."""

    def propose(self, n: int, records: Sequence[EvaluationRecord], taken: Collection[str]) -> list[Proposal]:
        free = [unit for unit in UNITS if unit.key not in taken]
        return [Proposal(Candidate(unit, None, "list"), in_corpus=False, step="initial") for unit in free[:n]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> CampaignConfig:
    document = {
        "name": "crowd",
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "refractive_index"}],
        "cluster": {"kind": "outside"},
        "stop": {"evaluations": 3 * CROWD},
    }
    if request.param == "postgres":
        document["store"] = request.getfixturevalue("postgres_url")
    return CampaignConfig.model_validate(document)


def once(config: CampaignConfig, do: Callable[[Campaign], object]) -> object:
    """Do one thing as a command does it: open the store, act, close it."""
    with Campaign(config, proposer=Listed()) as campaign:
        return do(campaign)


@pytest.mark.slow
def test_a_crowd_of_askers_and_tellers_gets_each_row_once(config: CampaignConfig) -> None:
    with Campaign(config, proposer=Listed()) as campaign:
        handed_out = campaign.ask(CROWD)
    assert len({record.key for record in handed_out}) == CROWD
    together = threading.Barrier(2 * CROWD)

    def ask(_: int) -> object:
        together.wait()
        return once(config, lambda campaign: campaign.ask(1))

    def tell(ordinal: int) -> object:
        row = {
            "candidate": ordinal,
            "property": "refractive_index",
            "value": 1.4 + 0.002 * ordinal,
            "stderr": 0.01,
            "unit": "1",
        }
        together.wait()
        return once(config, lambda campaign: campaign.tell([(2, row)]))

    started = time.monotonic()
    with ThreadPoolExecutor(2 * CROWD) as pool:
        asked = [pool.submit(ask, n) for n in range(CROWD)]
        told = [pool.submit(tell, record.ordinal) for record in handed_out]
        reserved = [future.result() for future in asked]
        recorded = [future.result() for future in told]
    assert time.monotonic() - started < PATIENCE_S
    keys = [record.key for (record,) in reserved]  # type: ignore[misc]
    assert len(set(keys) | {record.key for record in handed_out}) == 2 * CROWD
    assert {(answer.recorded, answer.refused) for answer in recorded} == {(1, ())}  # type: ignore[attr-defined]
    with Campaign(config, proposer=Listed()) as campaign:
        records = campaign.store.evaluations()
        assert campaign.store.counts()["done"] == CROWD
    assert sorted(record.ordinal for record in records) == list(range(1, 2 * CROWD + 1))
    measured = {r.ordinal: [m.value for m in r.measurements] for r in records if r.state == "done"}
    assert measured == {record.ordinal: [pytest.approx(1.4 + 0.002 * record.ordinal)] for record in handed_out}
