"""Several campaigns on one store: claims, leases, shared results; on SQLite and on PostgreSQL."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from designer.store import CampaignStore, EvaluationRecord, create_store
from designer.store.claims import Leases, claim, release_all
from designer.store.knowledge import briefs, newest_number, news, open_elsewhere
from designer.store.orm import CampaignRow, ClaimRow
from designer.store.ownership import Ownership
from mdcore.chem import Failure, Measurement

pytestmark = pytest.mark.seconds(30)

DIGEST = "0123456789abcdef"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/store.sqlite"


@pytest.fixture
def pair(url: str) -> Iterator[tuple[CampaignStore, CampaignStore]]:
    stores = [open_campaign(url, name) for name in ("ada", "bob")]
    yield stores[0], stores[1]
    for store in stores:
        store.engine.dispose()


def open_campaign(url: str, name: str) -> CampaignStore:
    return CampaignStore.begin(create_store(url), name=name, seed=7, config={}, identity={})


def propose(store: CampaignStore, key: str = "*CC*", digest: str = DIGEST) -> EvaluationRecord:
    return store.propose(
        key=key, psmiles=key, origin="smc", log_prior=None, in_corpus=False, step="initial", settings_digest=digest,
        acquisition=None, predicted={},
    )  # fmt: skip


def finish(store: CampaignStore, record: EvaluationRecord, value: float = 1.0) -> EvaluationRecord:
    measured = Measurement("density", value, 0.01, "g/cm3", "md-quick-2", {"seed": 7})
    return store.finish(
        record.id, (measured,), worker="w", wall_s=9.0, diagnostics={"n": 1}, provenance={"seed": 7}, gpu_hours=2.0
    )


def own(store: CampaignStore, token: str, host: str = "elsewhere") -> None:
    """Make a campaign look as if a process on another host ran it."""
    with store.transaction() as session:
        session.execute(
            update(CampaignRow)
            .where(CampaignRow.id == store.campaign_id)
            .values(owner=token, owner_host=host, owner_pid=1, owner_started_at=0.0, heartbeat_at=time.time(), beats=5)
        )


def claims(store: CampaignStore) -> list[tuple[str, int]]:
    with Session(store.engine) as session:
        return [(row.key, row.campaign_id) for row in session.scalars(select(ClaimRow))]


def test_one_simulates_and_both_have_the_result(pair: tuple[CampaignStore, CampaignStore]) -> None:
    ada, bob = pair
    own(ada, "a"), own(bob, "b")
    first, second = propose(ada), propose(bob)
    leases = Leases()
    granted = claim(ada, first.id, "a", leases)
    assert (granted.state, granted.record.state, granted.record.attempts) == ("granted", "running", 1)
    held = claim(bob, second.id, "b", leases)
    assert (held.state, held.holder, held.record.state) == ("held", "ada", "proposed")
    assert [(record.key, record.psmiles) for record in open_elsewhere(bob, DIGEST)] == [("*CC*", "*CC*")]
    assert open_elsewhere(ada, DIGEST) == []
    done = finish(ada, first, 1.25)
    assert claims(ada) == []
    adopted = claim(bob, second.id, "b", leases)
    assert adopted.state == "adopted"
    assert adopted.record.measured("density").value == 1.25
    assert adopted.record.shared_from == first.id
    assert adopted.record.provenance["shared_from"] == {"campaign": "ada", "evaluation": 1}
    assert adopted.record.gpu_hours == 0.0  # paid once
    assert adopted.record.finished_no == done.finished_no + 1
    assert claims(bob) == []


def test_other_settings_are_another_simulation(pair: tuple[CampaignStore, CampaignStore]) -> None:
    ada, bob = pair
    own(ada, "a")
    finish(ada, claim(ada, propose(ada).id, "a", Leases()).record)
    other = propose(bob, digest="fedcba9876543210")
    assert claim(bob, other.id, "b", Leases()).state == "granted"


def test_a_polymer_that_fails_fails_for_all_and_a_machine_that_fails_does_not(
    pair: tuple[CampaignStore, CampaignStore],
) -> None:
    ada, bob = pair
    own(ada, "a"), own(bob, "b")
    nothing = {"worker": "w", "wall_s": 1.0, "diagnostics": {}, "provenance": {}}
    for key, kind, expected in [("*CC*", "exploded", "adopted"), ("*CO*", "worker", "granted")]:
        record = claim(ada, propose(ada, key).id, "a", Leases()).record
        ada.finish(record.id, Failure(kind, "no"), **nothing)
        assert claim(bob, propose(bob, key).id, "b", Leases()).state == expected


def test_a_lease_ends_with_the_heart_and_not_with_the_clock(
    pair: tuple[CampaignStore, CampaignStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = pair
    own(ada, "a"), own(bob, "b")
    first, second = propose(ada), propose(bob)
    claim(ada, first.id, "a", Leases())
    leases = Leases(lease_s=0.3)
    assert claim(bob, second.id, "b", leases).state == "held"
    with monkeypatch.context() as patch:
        real = time.time
        for jump in (1e6, -1e6):  # the clock of the host jumps by days, both ways
            patch.setattr(time, "time", lambda jump=jump: real() + jump)
            assert claim(bob, second.id, "b", leases).state == "held"
    for _ in range(3):
        time.sleep(0.2)
        with ada.transaction() as session:
            session.execute(
                update(CampaignRow).where(CampaignRow.id == ada.campaign_id).values(beats=CampaignRow.beats + 1)
            )
        assert claim(bob, second.id, "b", leases).state == "held"  # it beats: it lives
    time.sleep(0.4)
    assert claim(bob, second.id, "b", leases).state == "granted"
    assert claims(bob) == [("*CC*", bob.campaign_id)]
    # The old holder comes back: its result counts, and it took nobody's claim away.
    finish(ada, first)
    assert claims(bob) == [("*CC*", bob.campaign_id)]


def test_on_one_host_a_dead_process_holds_nothing(pair: tuple[CampaignStore, CampaignStore]) -> None:
    ada, bob = pair
    own(ada, "a", host=socket.gethostname())
    with ada.transaction() as session:
        session.execute(update(CampaignRow).values(owner_pid=2**22 + 1))
    first, second = propose(ada), propose(bob)
    assert claim(ada, first.id, "a", Leases()).state == "granted"
    assert claim(bob, second.id, "b", Leases()).state == "granted"


def test_a_campaign_that_stops_gives_its_claims_back(pair: tuple[CampaignStore, CampaignStore]) -> None:
    ada, bob = pair
    with Ownership(ada) as ownership:
        claim(ada, propose(ada).id, ownership.token, Leases())
        second = propose(bob)
        assert claim(bob, second.id, "b", Leases()).state == "held"
        release_all(ada)
        assert claim(bob, second.id, "b", Leases()).state == "granted"


def test_campaigns_that_begin_together_make_one_store(url: str) -> None:
    code = (
        "import sys; from designer.store import create_store; sys.stdin.readline(); create_store(sys.argv[1]).dispose()"
    )
    root = str(Path(__file__).parents[4])
    command = [sys.executable, "-c", code, url]
    beginning = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
        )
        for _ in range(4)
    ]
    time.sleep(5.0)  # all have imported what they need, and start at one word
    said = []
    for process in beginning:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in beginning:
        said.append(process.communicate(timeout=120)[1])
    assert [process.returncode for process in beginning] == [0] * 4, said
    open_campaign(url, "ada").engine.dispose()


def test_many_at_once_never_do_one_thing_twice(url: str) -> None:
    keys = [f"*{'C' * n}O*" for n in range(1, 11)]
    granted: list[str] = []
    failed: list[BaseException] = []

    def campaign(name: str) -> None:
        store = open_campaign(url, name)
        store.patience.seconds = 60.0
        try:
            own(store, name)
            leases = Leases()
            waiting = [propose(store, key) for key in keys]
            deadline = time.monotonic() + 60
            while waiting and time.monotonic() < deadline:
                record = waiting.pop(0)
                asked = claim(store, record.id, name, leases)
                if asked.state == "granted":
                    granted.append(record.key)
                    finish(store, asked.record)
                elif asked.state == "held":
                    waiting.append(record)
            assert store.counts()["done"] == len(keys)
        except BaseException as error:  # noqa: BLE001 - shown by the main thread
            failed.append(error)
        finally:
            store.engine.dispose()

    create_store(url).dispose()
    threads = [threading.Thread(target=campaign, args=(f"c{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(granted) == sorted(keys)


def test_news_arrive_in_the_order_of_commits_and_once(pair: tuple[CampaignStore, CampaignStore]) -> None:
    ada, bob = pair
    own(ada, "a"), own(bob, "b")
    records = [claim(ada, propose(ada, f"*{'C' * n}O*").id, "a", Leases()).record for n in range(1, 4)]
    for record in (records[2], records[0], records[1]):
        finish(ada, record)
    seen = news(bob, DIGEST, 0)
    assert [record.id for record in seen] == [records[2].id, records[0].id, records[1].id]
    assert seen[0].campaign == "ada"
    assert news(bob, DIGEST, seen[1].finished_no) == seen[2:]
    assert news(bob, "other", 0) == []
    assert newest_number(bob) == 3
    assert [record.id for record in news(ada, DIGEST, 0, own=False)] == []


def test_briefs_are_the_evaluations_without_what_no_choice_needs(pair: tuple[CampaignStore, CampaignStore]) -> None:
    ada, _ = pair
    own(ada, "a")
    finish(ada, propose(ada, "*CO*"))
    failing = propose(ada, "*CS*")
    ada.finish(failing.id, Failure("exploded", "too hot"), worker="w", wall_s=1.0, diagnostics={}, provenance={})
    propose(ada, "*CN*")
    short = briefs(ada)
    assert [(r.ordinal, r.state, r.key) for r in short] == [(r.ordinal, r.state, r.key) for r in ada.evaluations()]
    assert [m.value for m in short[0].measurements] == [1.0]
    assert short[1].failure == Failure("exploded", "too hot")
