"""However a campaign ends, the one file of its store is whole; who is killed, or still at work, is told how to copy it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from designer.cli.main import run
from designer.store import CampaignStore, create_store, imported_records, open_store
from designer.store.imported import ImportedRecord, add_imported
from designer.store.ownership import Ownership
from designer.store.store import campaign_names
from mdcore.chem import Measurement

pytestmark = pytest.mark.seconds(60)

ROOT = Path(__file__).parents[2]

# A campaign of three evaluations without a cluster; then the line that is appended says how the process ends.
SCRIPT = """
import os, sys, time
from designer import Campaign, CampaignConfig
from designer.campaign.proposal import Proposal
from designer.cluster import Finished, Outcome
from generators import Candidate
from mdcore.chem import Measurement, RepeatUnit
from mdcore.measure import SimulationResult

class Listed:
    def propose(self, n, records, taken):
        units = [RepeatUnit.from_psmiles(f"*{'C' * i}O*") for i in range(1, 9)]
        return [Proposal(Candidate(u, None, "list"), in_corpus=False, step="initial") for u in units if u.key not in taken][:n]

class Instant:
    dashboard, slots, jobs, ended = None, 1, [], 0
    def submit(self, job):
        self.jobs.append(job)
    def messages(self, timeout_s):
        if self.ended == 3 and at_the_end is not None:
            at_the_end()
        job = self.jobs.pop()
        self.ended += 1
        measured = Measurement("density", 1.0, 0.01, "g/cm3", "md-quick-2")
        return [Finished(job.evaluation_id, Outcome(SimulationResult((measured,), {}, {}), "test:1", 1.0))]
    def close(self):
        pass

def wait():
    print("ready", flush=True)
    time.sleep(60)

def fail():
    raise RuntimeError("a bug")

at_the_end = None
config = CampaignConfig.model_validate({
    "name": "trial", "folder": sys.argv[1], "objectives": [{"property": "density"}], "stop": {"evaluations": 4},
    "optics": {"kind": "additive"},
})
campaign = Campaign(config, proposer=Listed(), start_cluster=Instant)
"""
# How it ends: the code, a signal that is sent when it says so, and the evaluations that the file must hold; one of four is running.
ENDS = {
    "finished": ("campaign.run()", None, 4),
    "finished and then read": ("campaign.run(); campaign.pareto_front()", None, 4),
    "interrupted": ("at_the_end = wait; campaign.run()", signal.SIGINT, 4),
    "terminated": ("at_the_end = wait; campaign.run()", signal.SIGTERM, 4),
    "interrupted within a with": ("at_the_end = wait\nwith campaign: campaign.run()", signal.SIGINT, 4),
    "error": ("at_the_end = fail; campaign.run()", None, 4),
    "never closed": ("campaign.ask(3)", None, 3),
    "never closed, sys.exit": ("campaign.ask(3); sys.exit(3)", None, 3),
    "never closed, in a thread": (
        "import threading; threading.Thread(target=campaign.ask, args=(3,)).start()",
        None,
        3,
    ),
    "collected": ("import gc; campaign.ask(3); del campaign; gc.collect(); os._exit(0)", None, 3),
    "context manager": ("with campaign: campaign.ask(3)\nos._exit(0)", None, 3),
    "closed": ("campaign.ask(3); campaign.close(); os._exit(0)", None, 3),
}


def start(folder: Path, end: str) -> subprocess.Popen[str]:
    script = folder.with_suffix(".py")
    script.write_text(SCRIPT + end + "\n")
    return subprocess.Popen(
        [sys.executable, str(script), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def copied_alone(store: Path) -> Path:
    copy = store.parent / "elsewhere" / "copy.sqlite"
    copy.parent.mkdir(exist_ok=True)
    return Path(shutil.copy(store, copy))


def evaluations(file: Path) -> int:
    with CampaignStore.find(open_store(file)) as store:
        return sum(store.counts().values())


@pytest.mark.parametrize("end", ENDS)
def test_the_one_file_is_whole_after_every_end(tmp_path: Path, end: str) -> None:
    code, number, expected = ENDS[end]
    process = start(tmp_path / "run", code)
    if number is not None:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert ("a bug" in errors) == (end == "error")
    assert evaluations(copied_alone(tmp_path / "run" / "store.sqlite")) == expected, errors


def test_a_store_in_use_says_how_to_copy_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    process = start(tmp_path / "run", "at_the_end = wait; campaign.run()")
    store = tmp_path / "run" / "store.sqlite"
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    try:
        # While it runs: both commands say so, the copy by `backup` is whole, and a copy of the file alone is recognised.
        for command in (["status"], ["export", "--format", "csv"]):
            assert run([command[0], str(store), *command[1:]]) == 0
            err = capfd.readouterr().err
            assert f"{store} is in use" in err
            assert f"designer backup {store} OUT" in err
        assert run(["backup", str(store), str(tmp_path / "copy.sqlite"), "--json"]) == 0
        document = json.loads(capfd.readouterr().out)
        assert document["campaigns"] == {"trial": 4}
        assert document["bytes"] == (tmp_path / "copy.sqlite").stat().st_size
        assert list(tmp_path.glob("copy*")) == [tmp_path / "copy.sqlite"]
        shutil.copy(store, tmp_path / "torn.sqlite")
        assert run(["status", str(tmp_path / "torn.sqlite"), "--json"]) == 0
        out, err = capfd.readouterr()
        assert "was copied while campaign 'trial' was running" in err
        assert json.loads(out)["campaign"] == "trial"
    finally:
        process.kill()
        process.communicate()
    assert run(["status", str(tmp_path / "copy.sqlite")]) == 0
    out, err = capfd.readouterr()
    assert (out.splitlines()[:2], err) == (["Campaign trial: stopped", out.splitlines()[1]], "")
    assert out.splitlines()[1].startswith("3 done")


def test_a_kill_leaves_a_log_that_status_merges_and_tells(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    process = start(tmp_path / "run", "at_the_end = wait; campaign.run()")
    store = tmp_path / "run" / "store.sqlite"
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.communicate()
    assert store.with_name("store.sqlite-wal").stat().st_size > 0
    assert run(["status", str(store)]) == 0
    out, err = capfd.readouterr()
    assert "a program that wrote" in err
    assert "was killed" in err
    assert "3 done" in out
    assert [path.name for path in store.parent.glob("store*")] == ["store.sqlite"]
    assert evaluations(copied_alone(store)) == 4


@pytest.fixture
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CampaignStore]:
    postgres = getattr(request, "param", "sqlite") == "postgres"
    address = request.getfixturevalue("postgres_url") if postgres else tmp_path / "it's a store?.sqlite"
    store = CampaignStore.begin(
        create_store(address), name="trial", seed=1, config={"a": [1.5, None]}, identity={"s": 1}
    )
    measured = Measurement("density", 1.25, 0.5, "g/cm3", "md-quick-2", {"seed": 7})
    for key in ("*CC*", "*CO*"):
        record = store.propose(
            key=key, psmiles=key, origin="µ", log_prior=None, in_corpus=True, step="initial", settings_digest="x" * 16,
            acquisition=None, predicted={},
        )  # fmt: skip
        store.finish(record.id, (measured,), worker="w", wall_s=1.0, diagnostics={"d": [1]}, provenance={"p": 2})
    known = [ImportedRecord(f"*{'C' * n}*", f"*{'C' * n}*", "density", 1.0, 0.1, "md", n) for n in range(1, 2500)]
    add_imported(store.engine, known, source="x.csv", digest="d" * 64)
    with store:
        yield store


@pytest.mark.parametrize("filled", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_backup_of_a_store_in_use_holds_everything(
    filled: CampaignStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address = str(filled.engine.url.database)
    if filled.engine.dialect.name == "postgresql":
        address = filled.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    copy = tmp_path / "copy.sqlite"
    with Ownership(filled):
        assert run(["backup", address, str(copy)]) == 0
        assert "trial: 2 evaluations" in capfd.readouterr().out
        assert run(["backup", address, str(copy)]) == 2
        assert "exists; choose another name, or replace it with --force" in capfd.readouterr().err
        assert run(["backup", address, str(copy), "--force"]) == 0
    with closing(sqlite3.connect(copy)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("PRAGMA foreign_key_check").fetchall() == []
        assert file.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert file.execute("SELECT owner, owner_pid FROM campaign").fetchall() == [(None, None)]
    engine = open_store(copy)
    assert campaign_names(engine) == ["trial"]
    with CampaignStore.find(engine) as store:
        assert store.evaluations() == filled.evaluations()
        assert imported_records(engine) == imported_records(filled.engine)
        assert store.campaign().config == {"a": [1.5, None]}
        # The copy is a store like any other: numbers go on where they were.
        record = store.propose(
            key="*CN*", psmiles="*CN*", origin="", log_prior=0.0, in_corpus=True, step="initial", settings_digest="x" * 16,
            acquisition=None, predicted={},
        )  # fmt: skip
        assert record.ordinal == 3
        assert store.finish(record.id, (), worker="", wall_s=0.0, diagnostics={}, provenance={}).finished_no == 3


def test_a_backup_that_cannot_be_written_is_one_line(
    filled: CampaignStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = str(filled.engine.url.database)
    for out, fragment in [
        (tmp_path, "is a folder"),
        (tmp_path / "absent" / "x.sqlite", "no such file or folder"),
        ("/proc/x.sqlite", "/proc"),
        (store, "exists"),
    ]:
        assert run(["backup", store, str(out)]) == 2
        err = capfd.readouterr().err
        assert fragment in err
        assert err.count("\n") == 1
    assert run(["backup", store, store, "--force"]) == 2
    assert "is the store itself" in capfd.readouterr().err


def test_a_disk_that_is_full_is_that_of_the_copy(filled: CampaignStore, tmp_path: Path) -> None:
    store = str(filled.engine.url.database)
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
    script = limited + "from designer.cli.main import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-B", "-c", script, "backup", store, str(tmp_path / "copy.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f"error: {tmp_path / 'copy.sqlite'}: the d"
    )  # the disk is full, or the device reports
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("copy*"))


def test_a_file_whose_tables_are_in_the_log_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("CREATE TABLE schema_version (application TEXT)")
        shutil.copy(tmp_path / "s.sqlite", tmp_path / "copy.sqlite")
        assert run(["status", str(tmp_path / "copy.sqlite")]) == 2
    err = capfd.readouterr().err
    assert "is an empty database" in err
    assert "'copy.sqlite-wal'" in err


def test_a_new_campaign_is_in_the_file_at_once(tmp_path: Path) -> None:
    """A copy of the file alone, made early in the campaign, contains the campaign."""
    store = CampaignStore.begin(create_store(tmp_path / "s.sqlite"), name="trial", seed=1, config={}, identity={})
    shutil.copy(tmp_path / "s.sqlite", tmp_path / "copy.sqlite")
    store.close()
    engine = open_store(tmp_path / "copy.sqlite")
    assert campaign_names(engine) == ["trial"]
    engine.dispose()
