import json
import os
import socket
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from designer.cli.main import run
from designer.errors import CampaignBusy, CampaignMismatch, ForeignStore, MissingFile, StoreLocked, UnknownCampaign
from designer.store import (
    CampaignStore,
    EvaluationRecord,
    PredictedValue,
    create_store,
    export,
    liveness,
    open_store,
    ownership,
)
from designer.store import engine as connections
from designer.store.columns import RECORD_COLUMNS
from designer.store.orm import SCHEMA_VERSION, CampaignRow
from designer.store.ownership import Ownership, is_running
from mdcore.chem import Failure, Measurement

NOTHING = {"worker": "host:1", "wall_s": 2.0, "diagnostics": {}, "provenance": {}}


@pytest.fixture
def store(tmp_path: Path) -> CampaignStore:
    engine = create_store(f"sqlite:///{tmp_path}/store.sqlite")
    yield CampaignStore.begin(engine, name="trial", seed=7, config={"a": 1}, identity={"seed": 7, "objectives": ["n"]})
    engine.dispose()


def propose(store: CampaignStore, key: str = "*CC*") -> EvaluationRecord:
    return store.propose(
        key=key, psmiles=key, origin="smc", log_prior=-3.5, in_corpus=False, step="initial", settings_digest="d",
        acquisition=0.5, predicted={"density": PredictedValue(1.0, 0.1)},
    )  # fmt: skip


def density(value: float) -> Measurement:
    return Measurement("density", value, 0.01, "g/cm3", "md-quick-2", {"seed": 7})


def test_an_evaluation_goes_through_its_states(store: CampaignStore) -> None:
    record = propose(store)
    assert (record.state, record.ordinal, record.seed, record.attempts) == ("proposed", 1, 7, 0)
    assert record.predicted == {"density": PredictedValue(1.0, 0.1)}
    assert store.start(record.id).state == "running"
    store.progress(record.id, "sampling", 0.4, 120.0, 60.0)
    (told,) = store.evaluations("running")
    assert (told.stage, told.fraction, told.ns_per_day, told.remaining_s) == ("sampling", 0.4, 120.0, 60.0)
    done = store.finish(record.id, (density(1.05),), **NOTHING)
    assert done.state == "done"
    assert done.measured("density") == density(1.05)
    assert done.measured("abbe_number") is None
    assert store.counts() == {"proposed": 0, "running": 0, "done": 1, "failed": 0}
    assert store.evaluations() == (done,)


def test_a_failure_is_a_row(store: CampaignStore) -> None:
    record = store.start(propose(store).id)
    failed = store.finish(record.id, Failure("exploded", "too hot"), **NOTHING)
    assert failed.state == "failed"
    assert failed.failure == Failure("exploded", "too hot", {})
    assert failed.measurements == ()


def test_a_second_outcome_changes_nothing(store: CampaignStore) -> None:
    record = store.start(propose(store).id)
    first = store.finish(record.id, (density(1.05),), **NOTHING)
    assert store.finish(record.id, (density(9.99),), **NOTHING) == first
    assert store.finish(record.id, Failure("worker", "late"), **NOTHING) == first


def test_a_transaction_that_breaks_leaves_no_trace(store: CampaignStore) -> None:
    record = store.start(propose(store).id)
    twice = (density(1.0), density(2.0))  # one property twice at one fidelity breaks a rule of the schema
    with pytest.raises(Exception, match="UNIQUE"):
        store.finish(record.id, twice, **NOTHING)
    (after,) = store.evaluations()
    assert after.state == "running"
    assert after.measurements == ()


def test_one_candidate_is_evaluated_once(store: CampaignStore) -> None:
    propose(store)
    with pytest.raises(Exception, match="UNIQUE"):
        propose(store)
    assert len(store.evaluations()) == 1


def test_a_campaign_is_found_again_and_guarded(store: CampaignStore) -> None:
    engine = store.engine
    again = CampaignStore.begin(
        engine, name="trial", seed=7, config={"a": 2}, identity={"seed": 7, "objectives": ["n"]}
    )
    assert again.campaign_id == store.campaign_id
    assert store.campaign().config == {"a": 2}
    assert [event.kind for event in store.events()] == ["config"]
    with pytest.raises(CampaignMismatch, match="differs from the stored one in objectives; choose a new name"):
        CampaignStore.begin(engine, name="trial", seed=7, config={}, identity={"seed": 7, "objectives": ["rho"]})
    CampaignStore.begin(engine, name="other", seed=7, config={}, identity={})
    with pytest.raises(UnknownCampaign, match=r"--campaign \(held: trial, other\)"):
        CampaignStore.find(engine)
    with pytest.raises(UnknownCampaign, match="'third' is not in the store"):
        CampaignStore.find(engine, "third")
    assert CampaignStore.find(engine, "trial").campaign_id == store.campaign_id


def make_foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (id INTEGER)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("opener", [create_store, open_store])
def test_a_foreign_database_is_refused_and_untouched(tmp_path: Path, opener) -> None:
    path = tmp_path / "cookbook.sqlite"
    make_foreign(path)
    before = path.read_bytes()
    with pytest.raises(ForeignStore, match="database of another program; give the path"):
        opener(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize("opener", [create_store, open_store])
def test_a_text_file_is_refused_and_untouched(tmp_path: Path, opener) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk, eggs\n")
    with pytest.raises(ForeignStore, match="is not an SQLite database; give the path"):
        opener(f"sqlite:///{path}")
    assert path.read_text() == "milk, eggs\n"


def test_a_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    create_store(url).dispose()
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(ForeignStore, match=f"has schema 99, this program {SCHEMA_VERSION}; update this program"):
        open_store(url)


def test_a_missing_store_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="does not exist; start a campaign"):
        open_store(f"sqlite:///{tmp_path}/store.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", None])
def test_a_creation_that_was_interrupted_is_completed(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "store.sqlite"
    if content is None:  # killed after the header was written, before the tables
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
        assert path.stat().st_size > 0
    else:
        path.write_bytes(content)
    engine = create_store(f"sqlite:///{path}")
    CampaignStore.begin(engine, name="trial", seed=1, config={}, identity={})
    engine.dispose()


def test_a_locked_store_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "OPENING_TIMEOUT_S", 0.1)
    monkeypatch.setattr(connections, "RUNNING_TIMEOUT_S", 0.5)
    url = f"sqlite:///{tmp_path}/store.sqlite"
    create_store(url).dispose()
    holder = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    engine = open_store(url)
    with pytest.raises(StoreLocked, match="locked by another program; stop it, or wait"):
        CampaignStore.begin(engine, name="trial", seed=1, config={}, identity={})
    holder.execute("ROLLBACK")
    CampaignStore.begin(engine, name="trial", seed=1, config={}, identity={})
    engine.dispose()
    holder.close()


def test_one_process_owns_a_campaign_at_a_time(store: CampaignStore) -> None:
    assert not is_running(store)
    with Ownership(store):
        assert is_running(store)
        with (
            pytest.raises(CampaignBusy, match=f"running in process {os.getpid()} on .*; wait, or stop"),
            Ownership(store),
        ):
            pass
    assert not is_running(store)
    with Ownership(store):
        pass


@pytest.mark.parametrize(
    ("host", "age_s", "busy"),
    [
        ("elsewhere", 1.0, True),  # another host, heartbeat fresh
        ("elsewhere", 2 * liveness.STALE_AFTER_S, False),  # another host, heartbeat stopped
        (socket.gethostname(), 1.0, False),  # this host, process gone: taken over at once
    ],
)
def test_an_owner_that_died_is_replaced(
    store: CampaignStore, host: str, age_s: float, busy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "WATCH_S", 0.1)
    gone = 2**22 + 1  # above the largest process id of Linux
    with store.transaction() as session:
        session.execute(
            update(CampaignRow).values(owner="x", owner_host=host, owner_pid=gone, heartbeat_at=time.time() - age_s)
        )
    if busy:
        with pytest.raises(CampaignBusy), Ownership(store):
            pass
    else:
        with Ownership(store):
            assert store.campaign().owner_pid == os.getpid()


def test_heartbeats_count_the_time_and_notice_a_takeover(store: CampaignStore) -> None:
    with Ownership(store, heartbeat_s=0.05) as owner:
        time.sleep(0.3)
        assert 0.1 < store.campaign().elapsed_s < 5.0
        with store.transaction() as session:
            session.execute(update(CampaignRow).values(owner="somebody else"))
        assert owner.lost.wait(timeout=5.0)
    assert is_running(store) or store.campaign().owner_pid == os.getpid()  # the new owner's mark is left alone


def test_campaigns_that_a_later_version_would_refuse_are_read(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    aims = ("density", "refractive_index", "abbe_number", "radius_of_gyration", "isothermal_compressibility")
    config = {
        "name": "trial",
        "objectives": [{"property": name} for name in aims],
        "limits": [{"property": "density", "low": 900}],
        "stop": {"evaluations": 2},
    }
    path = str(tmp_path / "s.sqlite")
    with CampaignStore.begin(create_store(path), name="trial", seed=1, config=config, identity={}) as own:
        record = propose(own)
        own.finish(record.id, (density(0.9),), **NOTHING)
    assert run(["status", path]) == 0
    assert "1 done" in capfd.readouterr().out
    assert run(["export", path]) == 0
    assert ",density,0.9,0.01,g/cm3," in capfd.readouterr().out
    with sqlite3.connect(path) as file:
        file.execute("UPDATE campaign SET config = ?", (json.dumps(config | {"later": 1}),))
    file.close()
    assert run(["status", path]) == 2
    err = capfd.readouterr().err
    assert f"error: configuration of campaign 'trial' in '{path}': unknown key 'later'" in err
    assert err.count("\n") == 1


def test_the_columns_of_an_export_are_those_of_a_record_and_its_own() -> None:
    """A misspelt column would be empty without a word."""
    own = {
        "campaign",
        "property",
        "value",
        "stderr",
        "unit",
        "fidelity",
        "program",
        "git_revision",
        "host",
        "platform",
        "provenance",
    }
    assert set(export.COLUMNS) == own | set(RECORD_COLUMNS)
