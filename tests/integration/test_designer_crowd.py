"""Fifty programs that `ask` and fifty that `tell`, at once, on one store: each row once, and no lock is refused."""

import contextlib
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from crowd import Listed, ask, member, tell

from designer import Campaign, CampaignConfig

pytestmark = pytest.mark.seconds(90)

CROWD = 50
LONGEST_S = 180.0
"""Longest time of the crowd, beside other tests; a request that a lock refuses answers with an error."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def document(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    document: dict[str, object] = {
        "name": "crowd",
        "folder": str(tmp_path / "run"),
        "objectives": [{"property": "refractive_index"}],
        "cluster": {"kind": "outside"},
        "stop": {"evaluations": 3 * CROWD},
    }
    if request.param == "postgres":
        document["store"] = request.getfixturevalue("postgres_url")
    return document


def at_once(document: dict[str, object], tasks: list[tuple[Callable[..., object], tuple[object, ...]]]) -> list[object]:
    """Do each task in a program of its own, all begun together; return what came of them, in order."""
    programs = multiprocessing.get_context("forkserver")
    programs.set_forkserver_preload(["designer.campaign.campaign", "generators", "mdcore.chem"])
    with contextlib.ExitStack() as stack:
        pipes = []
        for do, arguments in tasks:
            here, there = programs.Pipe()
            process = programs.Process(target=member, args=(document, do, arguments, there))
            process.start()
            stack.callback(process.join)
            stack.callback(process.kill)
            pipes.append(here)
        assert [pipe.recv() for pipe in pipes] == ["ready"] * len(tasks)
        started = time.monotonic()
        for pipe in pipes:
            pipe.send("go")
        answers = [pipe.recv() for pipe in pipes]
        assert time.monotonic() - started < LONGEST_S
        return answers


@pytest.mark.slow
def test_a_crowd_of_askers_and_tellers_gets_each_row_once(document: dict[str, object]) -> None:
    config = CampaignConfig.model_validate(document)
    with Campaign(config, proposer=Listed()) as campaign:
        handed_out = campaign.ask(CROWD)
    assert len({record.key for record in handed_out}) == CROWD
    answers = at_once(document, [*([(ask, ())] * CROWD), *((tell, (record.ordinal,)) for record in handed_out)])
    reserved, recorded = answers[:CROWD], answers[CROWD:]
    assert all(isinstance(key, str) for key in reserved), reserved
    assert len({*reserved, *(record.key for record in handed_out)}) == 2 * CROWD
    assert recorded == [(1, ())] * CROWD
    with Campaign(config, proposer=Listed()) as campaign:
        records = campaign.store.evaluations()
        assert campaign.store.counts()["done"] == CROWD
    assert sorted(record.ordinal for record in records) == list(range(1, 2 * CROWD + 1))
    measured = {r.ordinal: [m.value for m in r.measurements] for r in records if r.state == "done"}
    assert measured == {record.ordinal: [pytest.approx(1.4 + 0.002 * record.ordinal)] for record in handed_out}
